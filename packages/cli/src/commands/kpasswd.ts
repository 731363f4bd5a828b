import { changePassword, type KdcCredentials } from '@s4u/kdc-client'
import { cacheOf } from '../access/caches.js'
import { KDC_OPTIONS, kdcSettings } from '../access/kdc-options.js'
import { keytabPath, readKeytab } from '../access/keytab-files.js'
import { askNewPassword } from '../access/new-password.js'
import { defineCommand } from '../command-line/command.js'
import type { GivenOf } from '../command-line/options.js'
import { line, styled } from '../terminal/blocks.js'
import type { Session } from '../terminal/session.js'
import { formatPrincipal } from '@s4u/krb5'
import { UsageError } from '../usage-error.js'

const OPTIONS = {
  admin: { kind: 'text', value: 'NAME', about: 'set the password of NAME as this administrator' },
  adminKeytab: { kind: 'text', short: 't', value: 'FILE', completes: 'file', about: 'the keys of the administrator' },
  adminCache: { kind: 'text', value: 'CACHE', about: 'the tickets of the administrator' },
  server: { kind: 'texts', value: 'ADDRESS', about: 'ask this password server; default: krb5.conf, DNS, the KDCs' },
  enterprise: { kind: 'flag', short: 'E', about: 'NAME is a user principal name: alice@corp.example' },
  ...KDC_OPTIONS,
} as const

export const kpasswd = defineCommand({
  name: 'kpasswd',
  summary: 'Change a password, one’s own or as an administrator',
  details:
    'Passwords are asked for without being shown; without a terminal each is a line of the standard input: the old one (of the administrator, with --admin), then twice the new one.',
  operands: [{ name: 'NAME', about: 'whose password: alice@CORP.TEST; default: that of the credential cache' }],
  options: OPTIONS,
  examples: [
    { line: 's4u kpasswd', about: 'one’s own password' },
    { line: 's4u kpasswd --admin helpdesk alice@CORP.TEST', about: 'set that of alice' },
  ],
  async run(given, session) {
    const principal = given.operands[0] ?? (await ownName(given))
    const server = given.texts('server')
    const common = {
      ...kdcSettings(given, session),
      principal,
      signal: session.signal,
      ...(server.length > 0 && { kpasswd: server }),
      ...(given.flag('enterprise') && { enterprise: true }),
    }
    const credentials = await administratorOf(given, session)
    const changed =
      credentials === undefined
        ? await changeOwn(common, session)
        : await changePassword({ ...common, credentials, newPassword: await askNewPassword(session) })
    return {
      value: { principal: changed.principal, changed: true },
      blocks: [line(styled('good', `The password of ${changed.principal} is changed.`))],
    }
  },
})

async function changeOwn(
  common: Omit<Parameters<typeof changePassword>[0], 'newPassword' | 'oldPassword'>,
  session: Session,
) {
  const { credentials: _none, ...own } = common
  const oldPassword = await session.askSecret(`Password of ${own.principal}: `)
  return changePassword({ ...own, oldPassword, newPassword: await askNewPassword(session) })
}

async function ownName(given: GivenOf<typeof OPTIONS>): Promise<string> {
  const cache = cacheOf({ cache: undefined, krb5Config: given.text('krb5Config') })
  return formatPrincipal((await cache.read()).principal)
}

async function administratorOf(given: GivenOf<typeof OPTIONS>, session: Session): Promise<KdcCredentials | undefined> {
  const principal = given.text('admin')
  const [keytab, ccache] = [given.text('adminKeytab'), given.text('adminCache')]
  if (keytab !== undefined && ccache !== undefined)
    throw new UsageError('-t and --admin-cache exclude each other', 'Leave one of them out.')
  if (keytab !== undefined)
    return { keytab: readKeytab(keytabPath(keytab)), ...(principal !== undefined && { principal }) }
  if (ccache !== undefined) return { ccache }
  if (principal === undefined) return undefined
  return { principal, password: await session.askSecret(`Password of ${principal}: `) }
}
