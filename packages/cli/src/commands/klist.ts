import type { NamedCredentialCache } from '@s4u/kdc-client'
import {
  type CachedCredential,
  type CredentialCache,
  encryptionTypeName,
  formatPrincipal,
  type Principal,
  S4uError,
} from '@s4u/krb5'
import { cacheOf, cachesOf } from '../access/caches.js'
import { keytabPath, readKeytab } from '../access/keytab-files.js'
import { defineCommand } from '../command-line/command.js'
import type { GivenOf } from '../command-line/options.js'
import { keytabReport } from '../keytabs/keytab-report.js'
import { type Block, fields, line, styled, table, type TableRow } from '../terminal/blocks.js'
import type { JsonObject, Report } from '../terminal/report.js'
import { localTime } from '../terminal/times.js'
import { flagLetters, flagNames } from '../tickets/ticket-flags.js'
import { hexOf, ticketValue } from '../tickets/ticket-value.js'
import { UsageError } from '../usage-error.js'

const OPTIONS = {
  cache: { kind: 'text', short: 'c', value: 'CACHE', about: 'show this cache; default: KRB5CCNAME' },
  encryption: { kind: 'flag', short: 'e', about: 'show encryption types' },
  flags: { kind: 'flag', short: 'f', about: 'show the flags of tickets' },
  list: { kind: 'flag', short: 'l', about: 'list the caches of the folder or the KCM' },
  all: { kind: 'flag', short: 'A', about: 'show the tickets of all these caches' },
  keytab: { kind: 'flag', short: 'k', about: 'show a keytab: NAME, else KRB5_KTNAME' },
  timestamps: { kind: 'flag', short: 't', goesWith: ['keytab'], about: 'with -k: show when each key was written' },
  silent: { kind: 'flag', short: 's', about: 'print nothing: exit code 0 where there is a ticket that is valid' },
  showSecrets: { kind: 'flag', about: 'show keys, with which whoever sees them can do anything' },
  krb5Config: { kind: 'text', value: 'FILE', completes: 'file', about: 'read this krb5.conf; default: KRB5_CONFIG' },
} as const

export const klist = defineCommand({
  name: 'klist',
  summary: 'Show the tickets of a credential cache, or the keys of a keytab',
  operands: [{ name: 'NAME', about: 'a cache as in KRB5CCNAME, or with -k a keytab', completes: 'file' }],
  options: OPTIONS,
  examples: [
    { line: 's4u klist -e -f', about: 'tickets with encryption types and flags' },
    { line: 's4u klist -k -e /etc/web.keytab', about: 'the keys of a keytab' },
    { line: 's4u klist -s && echo signed in', about: 'whether there is a valid ticket' },
  ],
  async run(given, session) {
    const [name] = given.operands
    if (given.flag('keytab')) return ofKeytab(given, name)
    if (name !== undefined && given.text('cache') !== undefined)
      throw new UsageError('two caches are named', 'Leave -c or the name behind the options out.')
    const where = { cache: name ?? given.text('cache'), krb5Config: given.text('krb5Config') }
    if (given.flag('list')) return ofCaches(await cachesOf(where))
    const caches = given.flag('all') ? await cachesOf(where) : [cacheOf(where)]
    if (given.flag('silent')) return ofValidity(caches, session.now())
    const read: ReadCache[] = []
    for (const cache of caches) read.push({ name: cache.name, contents: await cache.read() })
    const [first] = read
    const values = read.map((one) => cacheValue(one, given.flag('showSecrets')))
    return {
      value: given.flag('all') ? { caches: values } : (values[0] ?? null),
      blocks:
        first === undefined
          ? [line('no cache')]
          : read.flatMap((one, index) => cacheBlocks(one, given, session.now(), index)),
    }
  },
})

interface ReadCache {
  readonly name: string
  readonly contents: CredentialCache
}

function ofKeytab(given: GivenOf<typeof OPTIONS>, name: string | undefined): Report {
  const path = keytabPath(name, given.text('krb5Config'))
  return keytabReport(readKeytab(path), path, {
    encryption: given.flag('encryption'),
    timestamps: given.flag('timestamps'),
    showSecrets: given.flag('showSecrets'),
  })
}

async function ofCaches(caches: readonly NamedCredentialCache[]): Promise<Report> {
  const rows: { readonly name: string; readonly principal: string }[] = []
  for (const cache of caches) rows.push({ name: cache.name, principal: await principalOf(cache) })
  return {
    value: { caches: rows },
    blocks: [
      table(
        ['Principal', 'Cache'],
        rows.map(({ name, principal }) => ({ cells: [principal, name] })),
      ),
    ],
  }
}

async function principalOf(cache: NamedCredentialCache): Promise<string> {
  try {
    return formatPrincipal((await cache.read()).principal)
  } catch (error) {
    if (S4uError.is(error)) return error.code
    throw error
  }
}

/**
 * As `klist -s` of MIT: the ticket-granting ticket of the user's own realm counts. If the cache has
 * none, every ticket counts.
 */
async function ofValidity(caches: readonly NamedCredentialCache[], now: number): Promise<Report> {
  let isValid = false
  for (const cache of caches) {
    const { principal, credentials } = await cache.read().catch(() => NO_CACHE)
    const granting = credentials.filter(({ server }) => isOwnGranting(server, principal?.realm))
    const counted = granting.length > 0 ? granting : credentials
    if (counted.some(({ endtime }) => endtime > now)) isValid = true
  }
  return { value: { valid: isValid }, blocks: [], outcome: isValid ? 'ok' : 'refused' }
}

const NO_CACHE = { principal: undefined, credentials: [] }

/** Not the one for another realm, which a referral brings. */
function isOwnGranting({ name, realm }: Principal, own: string | undefined): boolean {
  const [service, target, ...more] = name.nameString
  return service === 'krbtgt' && target === own && realm === own && more.length === 0
}

function cacheValue({ name, contents }: ReadCache, showSecrets: boolean): JsonObject {
  const { principal, credentials, kdcOffset, leftOut } = contents
  return {
    cache: name,
    principal: formatPrincipal(principal),
    tickets: credentials.map((credential) => ticketValue(credential, showSecrets)),
    ...(kdcOffset !== 0 && { kdcOffset }),
    ...(leftOut.length > 0 && { leftOut: leftOut.map(({ record, name: of, why }) => ({ record, name: of, why })) }),
  }
}

function cacheBlocks(
  { name, contents }: ReadCache,
  given: GivenOf<typeof OPTIONS>,
  now: number,
  index: number,
): readonly Block[] {
  const { principal, credentials, leftOut } = contents
  const rows = credentials.map((credential) => rowOf(credential, given, now))
  return [
    ...(index > 0 ? [line('')] : []),
    fields([
      ['Cache', name],
      ['Principal', styled('bold', formatPrincipal(principal))],
    ]),
    line(''),
    rows.length > 0 ? table(['Valid from', 'Until', 'Service'], rows) : line('no tickets'),
    ...leftOut.map(({ record, why }) => line(styled('warning', `${record} cannot be read: ${why}`))),
  ]
}

function rowOf(credential: CachedCredential, given: GivenOf<typeof OPTIONS>, now: number): TableRow {
  const { server, client: _client, starttime, authtime, endtime, renewTill, flags, key, ticket } = credential
  const isOver = endtime <= now
  const notes = [
    ...(renewTill > 0 ? [`renewable until ${localTime(renewTill)}`] : []),
    ...(given.flag('flags') ? [`flags ${flagLetters(flags)} (${flagNames(flags).join(', ')})`] : []),
    ...(given.flag('encryption')
      ? [`session key ${encryptionTypeName(key.etype)}, ticket ${encryptionTypeName(ticket.encPart.etype)}`]
      : []),
    ...(given.flag('showSecrets') ? [`session key ${hexOf(key.exposeSecretBytes())}`] : []),
  ]
  const until = isOver ? styled('bad', `${localTime(endtime)} (expired)`) : localTime(endtime)
  return { cells: [localTime(starttime || authtime), until, formatPrincipal(server)], notes }
}
