import { type KdcClient, credentialOf, evidenceFromS4u2self, type ServiceTicket } from '@s4u/kdc-client'
import { encryptionTypeName, formatPrincipal, parsePrincipal, S4uError } from '@s4u/krb5'
import { cacheOf } from '../access/caches.js'
import { type Access, accessOf, CREDENTIAL_OPTIONS } from '../access/credentials.js'
import { defineCommand } from '../command-line/command.js'
import { styled, table, type TableRow } from '../terminal/blocks.js'
import { errorLines, failureValue } from '../terminal/failure.js'
import type { JsonObject } from '../terminal/report.js'
import { localTime } from '../terminal/times.js'
import { ticketValue } from '../tickets/ticket-value.js'
import { UsageError } from '../usage-error.js'

export const kvno = defineCommand({
  name: 'kvno',
  summary: 'Get tickets for services, and show the versions of their keys',
  details: [
    'Without --as the tickets are one’s own, and are kept in the credential cache.',
    'With --as USER they are in the name of that user (S4U2Self), which the account that asks must be allowed to: an SPN of its own keytab gives the ticket to itself, each other SPN one more step (S4U2Proxy). With --proxy the first SPN is the own one, and may be left out. Such tickets are written nowhere but into --out-cache.',
  ].join('\n'),
  operands: [{ name: 'SPN', about: 'a service: HTTP/web.corp.test', repeated: true }],
  options: {
    as: { kind: 'text', short: 'U', value: 'USER', about: 'in the name of this user: bob, bob@CORP.TEST, CORP\\bob' },
    proxy: { kind: 'texts', value: 'SPN', goesWith: ['as'], about: 'with --as: act for the user at this service' },
    outCache: { kind: 'text', value: 'CACHE', about: 'write the tickets into this new cache' },
    ...CREDENTIAL_OPTIONS,
  },
  examples: [
    { line: 's4u kvno HTTP/web.corp.test ldap/dc1.corp.test', about: 'two tickets with those of the default cache' },
    {
      line: 's4u kvno -t web.keytab --as alice --proxy HTTP/api.corp.test',
      about: 'whether the account of web.keytab may act for alice at the api',
    },
  ],
  async run(given, session) {
    const access = accessOf(given, session)
    const user = given.text('as')
    const wanted = wantedOf(given.operands, given.texts('proxy'), user, access)
    const results: Result[] = []
    for (const one of wanted) results.push(await resultOf(one, access.client, session.signal))
    const tickets = results.flatMap(({ ticket }) => ticket ?? [])
    await keep(tickets, user === undefined ? access : {}, given.text('outCache'), given.text('krb5Config'))
    return {
      value: { tickets: results.map(valueOf) },
      blocks: [table(['Version', 'Until', 'Service'], results.map(rowOf))],
      outcome: tickets.length === results.length ? 'ok' : 'refused',
    }
  },
})

/** One ticket to ask for. `step` says with which exchange. */
interface Wanted {
  readonly spn: string
  readonly step: 'TGS' | 'S4U2Self' | 'S4U2Proxy'
  readonly user?: string
}

interface Result extends Wanted {
  readonly ticket?: ServiceTicket
  readonly error?: unknown
}

function wantedOf(
  spns: readonly string[],
  proxies: readonly string[],
  user: string | undefined,
  access: Access,
): readonly Wanted[] {
  if (user === undefined) {
    if (spns.length === 0) throw new UsageError('a service is missing', 'Name one: s4u kvno HTTP/web.corp.test')
    return spns.map((spn) => ({ spn, step: 'TGS' }))
  }
  const self = access.client.principal
  const asUser = (spn: string): Wanted => {
    const isOwn = proxies.length > 0 || isOwnName(spn, access)
    return { spn: isOwn ? self : spn, step: isOwn ? 'S4U2Self' : 'S4U2Proxy', user }
  }
  const first: readonly Wanted[] =
    spns.length === 0 && proxies.length === 0 ? [{ spn: self, step: 'S4U2Self', user }] : []
  return [...first, ...spns.map(asUser), ...proxies.map((spn) => ({ spn, step: 'S4U2Proxy', user }) as const)]
}

function isOwnName(spn: string, { client, keytab }: Access): boolean {
  const name = formatPrincipal(parsePrincipal(spn, { realm: client.realm })).toLowerCase()
  return [client.principal, ...(keytab?.principals ?? [])].some((own) => own.toLowerCase() === name)
}

/** Each service is asked for, whatever became of the one before. */
async function resultOf(wanted: Wanted, client: KdcClient, signal: AbortSignal): Promise<Result> {
  try {
    return { ...wanted, ticket: await request(wanted, client, signal) }
  } catch (error) {
    if (!S4uError.is(error)) throw error
    return { ...wanted, error }
  }
}

async function request({ spn, step, user }: Wanted, client: KdcClient, signal: AbortSignal): Promise<ServiceTicket> {
  if (user === undefined) return client.ticketFor(spn, { signal })
  const self = await client.s4u2self(user, { signal })
  return step === 'S4U2Self' ? self : client.s4u2proxy(evidenceFromS4u2self(self), spn, { signal })
}

async function keep(
  tickets: readonly ServiceTicket[],
  { cache }: Partial<Access>,
  outCache: string | undefined,
  krb5Config: string | undefined,
): Promise<void> {
  const [first] = tickets
  if (first === undefined) return
  const credentials = tickets.map(credentialOf)
  if (outCache !== undefined) {
    const settings = { principal: first.client, credentials, settings: [], kdcOffset: 0 }
    await cacheOf({ cache: outCache, krb5Config }).replace(settings)
  } else if (cache !== undefined) for (const credential of credentials) await cache.store(credential)
}

function valueOf({ spn, step, ticket, error }: Result): JsonObject {
  if (ticket !== undefined) return { asked: spn, step, ...ticketValue(credentialOf(ticket)) }
  return { asked: spn, step, ...failureValue(error) }
}

function rowOf({ spn, step, user, ticket, error }: Result): TableRow {
  if (ticket === undefined) return { cells: [styled('bad', 'none'), '', spn], notes: errorLines(error) }
  const { kvno, etype } = ticket.ticket.encPart
  const notes = [
    `ticket ${encryptionTypeName(etype)}, session key ${encryptionTypeName(ticket.sessionKey.etype)}`,
    ...(user === undefined ? [] : [`in the name of ${formatPrincipal(ticket.client)} (${step})`]),
  ]
  const version = kvno === undefined ? 'not told' : String(kvno)
  return { cells: [version, localTime(ticket.expiresAt), formatPrincipal(ticket.service)], notes }
}
