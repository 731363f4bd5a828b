import { existsSync, readFileSync, statSync } from 'node:fs'
import { keytabPath, readKeytab } from '../access/keytab-files.js'
import { defineCommand } from '../command-line/command.js'
import type { Decoded } from '../decoding/decoded-tree.js'
import type { DecodingContext } from '../decoding/decoding-context.js'
import { directoryNames, NAMES_FLAGS, wantsNames } from '../decoding/directory-names.js'
import { nameWithoutDirectory } from '../decoding/group-names.js'
import { errorLines, failureValue } from '../terminal/failure.js'
import { line, styled, type TreeNode } from '../terminal/blocks.js'
import type { JsonObject, Report } from '../terminal/report.js'
import type { Session } from '../terminal/session.js'
import { UsageError } from '../usage-error.js'

export const decode = defineCommand({
  name: 'decode',
  summary: 'Show what is in a token, a ticket, a keytab, a credential cache, a PAC or a message',
  details: [
    'What it is, and whether it is binary, base64 or hexadecimal, is found by itself. Nothing is verified: what is shown may be forged. Keys are left out unless --show-secrets is given.',
    'Groups have the names that mean the same everywhere. With --names the directory is asked for the others.',
  ].join('\n'),
  operands: [
    {
      name: 'INPUT',
      about: 'a file, or the text itself; default: the standard input',
      repeated: true,
      completes: 'file',
    },
  ],
  options: {
    keytab: { kind: 'text', short: 't', value: 'FILE', completes: 'file', about: 'open what these keys open' },
    showSecrets: { kind: 'flag', about: 'show keys, with which whoever sees them can do anything' },
    ...NAMES_FLAGS,
  },
  examples: [
    { line: 's4u decode -t web.keytab Negotiate YIIF...', about: 'a header from a log, with its ticket opened' },
    { line: 's4u decode -t web.keytab --names token.txt', about: 'the same from a file, with the names of all groups' },
    { line: 's4u decode /tmp/krb5cc_1000', about: 'a credential cache' },
    { line: 's4u decode < as-rep.bin', about: 'a message that was captured' },
  ],
  async run(given, session) {
    const { decodedTree } = await import('../decoding/decoded-tree.js')
    const input = await inputOf(given.operands, session)
    const path = given.text('keytab')
    const keytab = path === undefined ? undefined : readKeytab(keytabPath(path, given.text('krb5Config')))
    const settings = { showSecrets: given.flag('showSecrets'), ...(keytab !== undefined && { keytab }) }
    const decoded = (nameOfSid: DecodingContext['nameOfSid']): Decoded => decodedTree(input, { ...settings, nameOfSid })
    const sids = new Set<string>()
    const plain = decoded((sid) => (sids.add(sid), nameWithoutDirectory(sid)))
    if (!wantsNames(given)) return reportOf(plain)
    try {
      const names = await directoryNames(sids, given, keytab, session)
      return reportOf(decoded((sid) => names.get(sid) ?? nameWithoutDirectory(sid)))
    } catch (error) {
      return withoutNames(reportOf(plain), error, session)
    }
  },
})

interface DecodedReport extends Report {
  readonly value: JsonObject
}

function reportOf({ received, tree }: Decoded): DecodedReport {
  const { octets, writtenAs, scheme } = received
  const about = `${octets.length} octets, ${writtenAs}${scheme === undefined ? '' : `, in a header of ${scheme}`}`
  return {
    value: { octets: octets.length, writtenAs, ...(scheme !== undefined && { scheme }), decoded: nodeValue(tree) },
    blocks: [line(styled('dim', about)), { kind: 'tree', root: tree }],
  }
}

/** What could be decoded is shown; that the names are missing makes the exit code 1. */
function withoutNames({ value, blocks }: DecodedReport, error: unknown, { tell }: Session): Report {
  const [first = '', ...hint] = errorLines(error)
  tell(`The directory could not be asked for names: ${first}`)
  for (const text of hint) tell(`  ${text}`)
  return { value: { ...value, names: failureValue(error) }, blocks, outcome: 'refused' }
}

async function inputOf(operands: readonly string[], { readInput }: Session): Promise<Uint8Array> {
  const [first] = operands
  if (first === undefined || (operands.length === 1 && first === '-')) return required(await readInput())
  if (operands.length === 1 && existsSync(first)) {
    if (statSync(first).isDirectory()) throw new UsageError('the input is a folder', 'Name the file in it.')
    return required(new Uint8Array(readFileSync(first)))
  }
  return required(new TextEncoder().encode(operands.join(' ')))
}

function required(input: Uint8Array): Uint8Array {
  if (input.length > 0) return input
  throw new UsageError('there is nothing to decode', 'Give a file, a text, or send it to the standard input.')
}

function nodeValue({ label, value, children }: TreeNode): JsonObject {
  const text = typeof value === 'string' || value === undefined ? value : value.text
  return { name: label, value: text, ...(children && { parts: children.map(nodeValue) }) }
}
