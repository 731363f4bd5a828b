import { existsSync } from 'node:fs'
import { Keytab } from '@s4u/krb5'
import { readKeytab, writeKeytab } from '../../access/keytab-files.js'
import { defineCommand } from '../../command-line/command.js'
import { keytabReport } from '../../keytabs/keytab-report.js'
import { mergedKeytab } from '../../keytabs/merged-keytab.js'
import { UsageError } from '../../usage-error.js'

export const keytabMerge = defineCommand({
  name: 'merge',
  summary: 'Write several keytabs as one',
  details: 'Keys that several of them have are written once. What cannot be read is left out, and told.',
  operands: [
    {
      name: 'FILE',
      about: 'the keytabs, in the order of their keys',
      required: true,
      repeated: true,
      completes: 'file',
    },
  ],
  options: {
    output: { kind: 'text', short: 'o', value: 'FILE', completes: 'file', about: 'the keytab to write (required)' },
    force: { kind: 'flag', about: 'write over a file that is there' },
  },
  examples: [
    { line: 's4u keytab merge new.keytab old.keytab -o web.keytab', about: 'the new keys before the old ones' },
  ],
  async run(given) {
    const path = given.text('output')
    if (path === undefined) throw new UsageError('the file to write is missing', 'Name it: -o web.keytab')
    if (existsSync(path) && !given.flag('force'))
      throw new UsageError(`${path} is there already`, 'Name another file, or write over it with --force.')
    const read = given.operands.map(readKeytab)
    const merged = mergedKeytab(read)
    writeKeytab(path, merged, { replace: given.flag('force') })
    const leftOut = read.flatMap((one) => one.leftOut)
    const told = new Keytab(merged.entries, path, leftOut)
    return keytabReport(told, path, { encryption: true, timestamps: true, showSecrets: false })
  },
})
