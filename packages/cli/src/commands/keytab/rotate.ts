import { formatPrincipal, type Keytab, parsePrincipal, type Principal } from '@s4u/krb5'
import { signInPrincipal } from '@s4u/kdc-client'
import { KDC_OPTIONS, kdcSettings } from '../../access/kdc-options.js'
import { keytabPath, readKeytab } from '../../access/keytab-files.js'
import { defineCommand } from '../../command-line/command.js'
import { keytabReport } from '../../keytabs/keytab-report.js'
import { rotateKeytab } from '../../keytabs/rotation.js'
import { UsageError } from '../../usage-error.js'

export const keytabRotate = defineCommand({
  name: 'rotate',
  summary: 'Give the account of a keytab a new random password, and write its new keys',
  details:
    'The old keys stay for tickets that were issued with them; s4u keytab prune drops them when those have ended. --drop-old drops them now, and refuses everybody who holds a ticket: it is for a key that was stolen. A service that reads its keytab again serves on without a break. Until the new keys are written, the password is in FILE.new-password.',
  operands: [{ name: 'FILE', about: 'the keytab; default: KRB5_KTNAME', completes: 'file' }],
  options: {
    principal: { kind: 'text', short: 'p', value: 'NAME', about: 'the account; default: the first that can sign in' },
    dropOld: { kind: 'flag', about: 'for a stolen key: leave earlier versions out, and refuse tickets of now' },
    kvno: { kind: 'number', value: 'N', about: 'the new version; default: what the KDC tells, else the next one' },
    ...KDC_OPTIONS,
  },
  examples: [{ line: 's4u keytab rotate /etc/web.keytab', about: 'new keys beside the old ones' }],
  async run(given, session) {
    const path = keytabPath(given.operands[0], given.text('krb5Config'))
    const keytab = readKeytab(path)
    const kvno = given.number('kvno')
    const rotated = await rotateKeytab({
      ...kdcSettings(given, session),
      path,
      keytab,
      principal: accountOf(keytab, given.text('principal')),
      dropOld: given.flag('dropOld'),
      timestamp: session.now(),
      signal: session.signal,
      ...(kvno !== undefined && { kvno }),
    })
    return keytabReport(rotated, path, { encryption: true, timestamps: true, showSecrets: false })
  },
})

function accountOf(keytab: Keytab, name: string | undefined): Principal {
  const first = signInPrincipal(keytab)
  if (first === undefined) throw new UsageError('the keytab has no keys', 'Make one with s4u keytab create.')
  if (name === undefined) return first
  const wanted = parsePrincipal(name, { realm: first.realm })
  if (keytab.principals.includes(formatPrincipal(wanted))) return wanted
  throw new UsageError(`the keytab has no key of ${formatPrincipal(wanted)}`, 's4u keytab list shows whose it has.')
}
