import { joinAccount, type JoinedAccount, ldifOf } from '@s4u/directory'
import type { Keytab } from '@s4u/krb5'
import { existsSync } from 'node:fs'
import { DIRECTORY_FLAGS, openAs } from '../access/administrator.js'
import { kdcSettings } from '../access/kdc-options.js'
import { writeKeytab } from '../access/keytab-files.js'
import { defineCommand } from '../command-line/command.js'
import type { GivenOf, Options } from '../command-line/options.js'
import { accountKeytab } from '../keytabs/account-keytab.js'
import { PasswordFile } from '../keytabs/password-file.js'
import { keytabReport } from '../keytabs/keytab-report.js'
import { line } from '../terminal/blocks.js'
import type { Session } from '../terminal/session.js'
import { UsageError } from '../usage-error.js'

const OPTIONS = {
  admin: { kind: 'text', value: 'NAME', about: 'who may create accounts; the password is asked for (required)' },
  user: { kind: 'flag', about: 'an account of a service, and not of a machine' },
  spn: { kind: 'texts', value: 'SPN', about: 'a service principal name that the account is to have' },
  delegateTo: { kind: 'texts', value: 'SPN', about: 'a service that it may call in users’ names' },
  protocolTransition: { kind: 'flag', about: 'it may vouch for users who signed in without Kerberos' },
  container: { kind: 'text', value: 'DN', about: 'where a new account goes' },
  takeOver: { kind: 'flag', about: 'give an account that is there a new password' },
  trustedOwner: {
    kind: 'texts',
    goesWith: ['takeOver'],
    value: 'SID',
    about: 'with --take-over: who may own the account beside administrators',
  },
  keytab: { kind: 'text', short: 't', value: 'FILE', completes: 'file', about: 'the keytab to write (required)' },
  force: { kind: 'flag', about: 'write over a file that is there' },
  ...DIRECTORY_FLAGS,
} as const satisfies Options

type JoinGiven = GivenOf<typeof OPTIONS>

export const join = defineCommand({
  name: 'join',
  summary: 'Create the account of a service in the directory, and write its keytab',
  details:
    'The account gets a random password that nobody sees, its service principal names, AES keys and its delegation. An account that is there is left alone without --take-over.',
  operands: [{ name: 'NAME', about: 'the account: WEB01, or svc-web with --user', required: true }],
  options: OPTIONS,
  examples: [
    {
      line: 's4u join WEB01 --admin Administrator --spn HTTP/web01.corp.test -t web.keytab',
      about: 'a machine',
    },
    {
      line: 's4u join svc-web --user --admin Administrator --spn HTTP/web.corp.test --delegate-to HTTP/api.corp.test -t web.keytab',
      about: 'an account of a service that calls another one in its users’ names',
    },
  ],
  async run(given, session) {
    const { admin, path } = requiredOf(given)
    await using directory = await openAs(admin, given, session)
    const passwordKeeper = new PasswordFile(path)
    const joined = await joinAccount(directory, { ...joinOptionsOf(given, session), passwordKeeper })
    const keytab = await keytabOf(joined, given, session)
    writeKeytab(path, keytab, { replace: given.flag('force') })
    passwordKeeper.discard()
    return reportOf(joined, keytab, path)
  },
})

function requiredOf(given: JoinGiven): { readonly admin: string; readonly path: string } {
  const [admin, path] = [given.text('admin'), given.text('keytab')]
  if (admin === undefined) throw new UsageError('the administrator is missing', 'Name it: --admin Administrator')
  if (path === undefined) throw new UsageError('the keytab is missing', 'Name the file to write: -t web.keytab')
  if (existsSync(path) && !given.flag('force'))
    throw new UsageError(`${path} is there already`, 'Name another file, or write over it with --force.')
  return { admin, path }
}

function joinOptionsOf(given: JoinGiven, session: Session): Parameters<typeof joinAccount>[1] {
  const [name = ''] = given.operands
  const container = given.text('container')
  return {
    kind: given.flag('user') ? 'user' : 'computer',
    name,
    servicePrincipalNames: given.texts('spn'),
    delegateTo: given.texts('delegateTo'),
    takeOver: given.flag('takeOver'),
    trustedOwners: given.texts('trustedOwner'),
    signal: session.signal,
    ...(given.flag('protocolTransition') && { protocolTransition: true }),
    ...(container !== undefined && { container }),
  }
}

/** The names of the account are in the keytab, so that the acceptor finds its service there. */
function keytabOf({ account, password }: JoinedAccount, given: JoinGiven, session: Session): Promise<Keytab> {
  return accountKeytab({
    ...kdcSettings(given, session),
    principal: account.principal,
    password,
    spns: account.servicePrincipalNames,
    timestamp: session.now(),
    signal: session.signal,
    ...(account.keyVersion !== undefined && { likelyKvno: account.keyVersion }),
  })
}

function reportOf({ account, created, changes }: JoinedAccount, keytab: Keytab, path: string) {
  const written = keytabReport(keytab, path, { encryption: true, timestamps: false, showSecrets: false })
  const said = created ? `${account.dn} was made.` : `${account.dn} was taken over.`
  return {
    value: { account: account.principal, dn: account.dn, created, changes: changes.map(ldifOf), keytab: written.value },
    blocks: [line(said), ...written.blocks],
  }
}
