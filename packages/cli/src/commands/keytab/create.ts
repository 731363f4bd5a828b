import { existsSync } from 'node:fs'
import { KDC_OPTIONS, kdcSettings } from '../../access/kdc-options.js'
import { writeKeytab } from '../../access/keytab-files.js'
import { defineCommand } from '../../command-line/command.js'
import { accountKeytab } from '../../keytabs/account-keytab.js'
import { encryptionTypesOf } from '../../keytabs/encryption-types.js'
import { keytabReport } from '../../keytabs/keytab-report.js'
import { UsageError } from '../../usage-error.js'

export const keytabCreate = defineCommand({
  name: 'create',
  summary: 'Write a keytab from the password of an account',
  details:
    'The KDC is asked for the salt of each encryption type, and each key is proven by signing in with it: a wrong password writes nothing. The password is asked for, or is the first line of the standard input.',
  operands: [{ name: 'FILE', about: 'the keytab to write', required: true, completes: 'file' }],
  options: {
    principal: { kind: 'text', short: 'p', value: 'NAME', about: 'the account: svc-web@CORP.TEST (required)' },
    spn: { kind: 'texts', value: 'SPN', about: 'write the keys under this SPN of the account too' },
    encryption: { kind: 'texts', short: 'e', value: 'TYPE', about: 'these types; default: all but weak ones' },
    kvno: { kind: 'number', value: 'N', about: 'the version; default: what the KDC tells' },
    force: { kind: 'flag', about: 'write over a file that is there' },
    ...KDC_OPTIONS,
  },
  examples: [
    {
      line: 's4u keytab create web.keytab -p svc-web@CORP.TEST --spn HTTP/web.corp.test',
      about: 'an account of Active Directory',
    },
    { line: 's4u keytab create web.keytab -p HTTP/web.east.test@EAST.TEST --kvno 2', about: 'a principal of MIT krb5' },
  ],
  async run(given, session) {
    const [path = ''] = given.operands
    const principal = given.text('principal')
    if (principal === undefined) throw new UsageError('the account is missing', 'Name it: -p svc-web@CORP.TEST')
    if (existsSync(path) && !given.flag('force'))
      throw new UsageError(`${path} is there already`, 'Name another file, or write over it with --force.')
    const encryptionTypes = encryptionTypesOf(given.texts('encryption'))
    const kvno = given.number('kvno')
    const keytab = await accountKeytab({
      ...kdcSettings(given, session),
      principal,
      password: await session.askSecret(`Password of ${principal}: `),
      spns: given.texts('spn'),
      timestamp: session.now(),
      signal: session.signal,
      ...(encryptionTypes !== undefined && { encryptionTypes }),
      ...(kvno !== undefined && { kvno }),
    })
    writeKeytab(path, keytab, { replace: given.flag('force') })
    return keytabReport(keytab, path, { encryption: true, timestamps: false, showSecrets: false })
  },
})
