import {
  createKdcClient,
  type KdcArmor,
  type KdcClientOptions,
  type KdcCredentials,
  readKrb5Conf,
} from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { cacheOf } from '../access/caches.js'
import { KDC_OPTIONS, kdcSettings } from '../access/kdc-options.js'
import { keytabPath, readKeytab } from '../access/keytab-files.js'
import { newPasswordFor } from '../access/new-password.js'
import { defineCommand } from '../command-line/command.js'
import { durationOf } from '../command-line/durations.js'
import type { GivenOf } from '../command-line/options.js'
import { line } from '../terminal/blocks.js'
import type { Session } from '../terminal/session.js'
import { localTime } from '../terminal/times.js'
import { ticketValue } from '../tickets/ticket-value.js'
import { UsageError } from '../usage-error.js'

const OPTIONS = {
  useKeytab: { kind: 'flag', short: 'k', about: 'sign in with a keytab: KRB5_KTNAME, or that of -t' },
  keytab: { kind: 'text', short: 't', value: 'FILE', completes: 'file', about: 'sign in with this keytab' },
  cache: { kind: 'text', short: 'c', value: 'CACHE', about: 'write the ticket here; default: KRB5CCNAME' },
  otp: { kind: 'flag', about: 'ask for a one-time password; needs armor (-T or --armor-keytab)' },
  armorCache: { kind: 'text', short: 'T', value: 'CACHE', about: 'armor the sign-in with the ticket of this cache' },
  armorKeytab: { kind: 'text', value: 'FILE', completes: 'file', about: 'armor it with the keys of this machine' },
  enterprise: { kind: 'flag', short: 'E', about: 'NAME is a user principal name: alice@corp.example' },
  canonicalize: { kind: 'flag', short: 'C', about: 'take the spelling of the KDC for the name' },
  forwardable: {
    kind: 'flag',
    short: 'f',
    about: 'ask for a ticket that can be forwarded; default: krb5.conf, else yes',
  },
  notForwardable: { kind: 'flag', short: 'F', about: 'ask for a ticket that cannot be forwarded' },
  lifetime: { kind: 'text', short: 'l', value: 'TIME', about: 'how long the ticket is to last: 8h, 30m, 1d' },
  renewable: { kind: 'text', short: 'r', value: 'TIME', about: 'how long it is to be renewable: 7d' },
  renew: { kind: 'flag', short: 'R', about: 'renew the ticket that the cache has, without a password' },
  ...KDC_OPTIONS,
} as const

export const kinit = defineCommand({
  name: 'kinit',
  summary: 'Sign in, and keep the ticket-granting ticket in a credential cache',
  details:
    'The password is asked for without being shown; without a terminal it is the first line of the standard input.',
  operands: [{ name: 'NAME', about: 'the account: alice, or alice@CORP.TEST; with a keytab its first account' }],
  options: OPTIONS,
  examples: [
    { line: 's4u kinit alice@CORP.TEST', about: 'sign in with a password' },
    { line: 's4u kinit -k -t /etc/web.keytab', about: 'sign in as the account of a keytab' },
    { line: 's4u kinit -l 8h -r 7d alice', about: 'eight hours, and renewable for a week: s4u kinit -R' },
    {
      line: 's4u kinit --otp -T FILE:/tmp/krb5cc_host otto',
      about: 'a one-time password, armored by a ticket of the host',
    },
  ],
  async run(given, session) {
    const [name] = given.operands
    const cache = cacheOf({ cache: given.text('cache'), krb5Config: given.text('krb5Config') })
    const client = given.flag('renew')
      ? await renewed(given, name, cache, session)
      : await signedIn(given, name, cache, session)
    const { principal, credentials: tickets } = await cache.read()
    const [tgt] = tickets
    const until = localTime(tgt?.endtime)
    return {
      value: { cache: cache.name, principal: formatPrincipal(principal), ...(tgt && { ticket: ticketValue(tgt) }) },
      blocks: [line(`${client} has a ticket until ${until}, in ${cache.name}`)],
    }
  },
})

async function signedIn(given: KinitGiven, name: string | undefined, cache: Cache, session: Session): Promise<string> {
  const credentials = await credentialsOf(given, name, session)
  const options = { ...signInOptions(given), ...kdcSettings(given, session) }
  return newPasswordFor(credentials, options, session, (working) =>
    save({ ...options, credentials: working }, cache, session.signal),
  )
}

/** The cache keeps its ticket where the KDC does not renew it. */
async function renewed(given: KinitGiven, name: string | undefined, cache: Cache, session: Session): Promise<string> {
  const others = (['useKeytab', 'otp', 'forwardable', 'notForwardable'] as const).filter((one) => given.flag(one))
  const texts = (['keytab', 'lifetime', 'renewable'] as const).filter((one) => given.text(one) !== undefined)
  if (name !== undefined || others.length > 0 || texts.length > 0)
    throw new UsageError('-R renews what the cache has', 'Leave out the name and the options of a sign-in.')
  const client = createKdcClient({ ...kdcSettings(given, session), credentials: { ccache: cache } })
  await client.saveTo(cache, { signal: session.signal, renew: true })
  return client.principal
}

type KinitGiven = GivenOf<typeof OPTIONS>
type Cache = ReturnType<typeof cacheOf>

/** Signs in, and writes the ticket. Returns who has signed in. */
async function save(
  options: KdcClientOptions,
  cache: ReturnType<typeof cacheOf>,
  signal: AbortSignal,
): Promise<string> {
  const client = createKdcClient(options)
  await client.saveTo(cache, { signal })
  return client.principal
}

async function credentialsOf(given: GivenOf<typeof OPTIONS>, name: string | undefined, session: Session) {
  const enterprise = given.flag('enterprise') && { enterprise: true }
  if (given.flag('useKeytab') || given.text('keytab') !== undefined) {
    if (given.flag('otp')) throw new UsageError('--otp and a keytab exclude each other', 'Leave one of them out.')
    const keytab = readKeytab(keytabPath(given.text('keytab'), given.text('krb5Config')))
    return { keytab, ...(name !== undefined && { principal: name }), ...enterprise } satisfies KdcCredentials
  }
  const principal = name ?? userName(session)
  const shown = wholeName(principal, given)
  if (!given.flag('otp'))
    return { principal, password: await session.askSecret(`Password for ${shown}: `), ...enterprise }
  if (armorOf(given) === undefined)
    throw new UsageError(
      '--otp needs armor',
      'Add -T CACHE or --armor-keytab FILE: a value goes to the KDC in armor alone.',
    )
  const otp = await session.askSecret(`One-time password for ${shown}: `)
  return { principal, otp } satisfies KdcCredentials
}

function userName({ environment }: Session): string {
  const name = environment['USER'] ?? environment['USERNAME']
  if (name === undefined || name === '')
    throw new UsageError('the name of an account is missing', 'Write it: s4u kinit alice@CORP.TEST')
  return name
}

/** The name as it is asked for, with the realm that will be taken. */
function wholeName(principal: string, given: GivenOf<typeof OPTIONS>): string {
  if (principal.includes('@')) return principal
  const realm = readKrb5Conf(given.text('krb5Config')).string('libdefaults', 'default_realm')
  return realm === undefined ? principal : `${principal}@${realm}`
}

function signInOptions(given: GivenOf<typeof OPTIONS>): Omit<KdcClientOptions, 'credentials'> {
  if (given.flag('forwardable') && given.flag('notForwardable'))
    throw new UsageError('-f and -F exclude each other', 'Leave one of them out.')
  const armor = armorOf(given)
  return {
    ...(armor !== undefined && { armor }),
    ...(given.flag('canonicalize') && { canonicalize: true }),
    ...(given.flag('forwardable') && { forwardable: true }),
    ...(given.flag('notForwardable') && { forwardable: false }),
    ...(given.text('lifetime') !== undefined && { lifetime: durationOf('-l', given.text('lifetime')) }),
    ...(given.text('renewable') !== undefined && { renewableFor: durationOf('-r', given.text('renewable')) }),
  }
}

function armorOf(given: GivenOf<typeof OPTIONS>): KdcArmor | undefined {
  const ccache = given.text('armorCache')
  if (ccache !== undefined) return { ccache }
  const keytab = given.text('armorKeytab')
  return keytab === undefined ? undefined : { keytab: readKeytab(keytabPath(keytab)) }
}
