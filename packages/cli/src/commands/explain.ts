import { defineCommand } from '../command-line/command.js'
import { type Explanation, explain as explanationsOf, similarCodes } from '../explaining/explanation.js'
import { fields, line, styled } from '../terminal/blocks.js'
import { UsageError } from '../usage-error.js'

export const explain = defineCommand({
  name: 'explain',
  summary: 'Say what an error code means, and what to do about it',
  operands: [{ name: 'CODE', about: 'a name or a number: KRB_AP_ERR_SKEW, 37, 0xC0000234', required: true }],
  options: {},
  examples: [
    { line: 's4u explain KDC_ERR_BADOPTION', about: 'a name that an error has shown' },
    { line: 's4u explain 0xC0000234', about: 'an NTSTATUS of a domain controller' },
  ],
  async run(given) {
    const [code = ''] = given.operands
    const found = explanationsOf(code)
    if (found.length === 0) throw unknown(code)
    return {
      value: { codes: found.map((one) => ({ ...one })) },
      blocks: found.flatMap((one, index) => [...(index > 0 ? [line('')] : []), ...blocksOf(one)]),
    }
  },
})

function blocksOf({ code, number, source, meaning, remedy, help }: Explanation) {
  return [
    line(styled('bold', number === undefined ? code : `${code} (${number})`)),
    fields([
      ['From', source],
      ['Means', meaning],
      remedy === undefined ? undefined : ['Do', remedy],
      help === undefined ? undefined : ['Page', help],
    ]),
  ]
}

function unknown(code: string): UsageError {
  const similar = similarCodes(code)
  const hint = similar.length > 0 ? `Is it one of these? ${similar.join(', ')}` : 'docs/error-codes.md lists all codes.'
  return new UsageError('no code of this name or number is known', hint)
}
