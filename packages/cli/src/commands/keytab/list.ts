import { keytabPath, readKeytab } from '../../access/keytab-files.js'
import { defineCommand } from '../../command-line/command.js'
import { keytabReport } from '../../keytabs/keytab-report.js'

export const keytabList = defineCommand({
  name: 'list',
  summary: 'Show the keys of a keytab: versions, encryption types, when they were written',
  operands: [{ name: 'FILE', about: 'the keytab; default: KRB5_KTNAME', completes: 'file' }],
  options: {
    showSecrets: { kind: 'flag', about: 'show keys, with which whoever sees them can do anything' },
  },
  examples: [{ line: 's4u keytab list /etc/web.keytab', about: 'what is in it' }],
  async run(given) {
    const path = keytabPath(given.operands[0])
    const showSecrets = given.flag('showSecrets')
    return keytabReport(readKeytab(path), path, { encryption: true, timestamps: true, showSecrets })
  },
})
