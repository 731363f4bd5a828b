/** What flowed: every request, answer and KDC exchange in the order in which it began, and every ticket that anybody holds. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readEvidence, readIssuedTicket, readToken } from './wire.mjs'

/** Audit records that are kept. */
const MAX_AUDIT_RECORDS = 200

const AUDIT_CHANNELS = ['s4u:accept', 's4u:kdc', 's4u:impersonate', 's4u:fetch']

export class Journal {
  steps = []
  refusals = []
  audit = []
  tickets = new Map()
  #realm
  #listener = (event, channel) => this.#note(event, channel)

  constructor(realm) {
    this.#realm = realm
    for (const name of AUDIT_CHANNELS) subscribe(name, this.#listener)
  }

  close() {
    for (const name of AUDIT_CHANNELS) unsubscribe(name, this.#listener)
  }

  /** Everything from here on belongs to another story. */
  begin() {
    this.steps = []
    this.refusals = []
  }

  forget() {
    this.audit = []
    this.tickets.clear()
  }

  /** As a developer gets it; `where` is the service whose log it is in. */
  refused(where, { name, code, message, hint, reason }) {
    this.refusals.push({ where, name, code, message, hint, reason })
  }

  /** The way to the KDC, as `createKdcClient` and `negotiate` take it, with every exchange noted. */
  kdcFor(from) {
    const realm = this.#realm
    return async (request, context) => {
      const step = { kind: 'exchange', from, to: 'kdc' }
      const started = performance.now()
      this.steps.push(step)
      const answered = realm.transport(request, context)
      // The realm notes a request at once, and forgets the oldest: the last one is this.
      const noted = realm.exchanges.at(-1)
      const reply = await answered
      step.milliseconds = since(started)
      Object.assign(step, exchangeFacts(noted))
      const evidence = readEvidence(request, realm)
      if (evidence)
        step.evidence = {
          ...evidence,
          origin: this.tickets.get(evidence.id)?.holder === from ? 'S4U2Self' : 'presented',
        }
      const ticket = readIssuedTicket(reply, realm)
      if (ticket) {
        step.ticket = ticket
        this.tickets.set(ticket.id, { ...ticket, holder: from, obtainedBy: step.exchange, uses: 0 })
      }
      this.#note(auditRecord(step), 'the KDC')
      return reply
    }
  }

  /** `fetch` with every request noted, for hosts that no DNS knows: `addresses` has the port of each. */
  fetchFor(from, addresses) {
    return async (input, init) => {
      const request = new Request(input, init)
      const url = new URL(request.url)
      const to = url.hostname.split('.')[0]
      const { host } = url
      url.host = addresses[to]
      const step = {
        kind: 'request',
        from,
        to,
        line: `${request.method} ${url.pathname}`,
        host,
        ...this.#shown(request),
      }
      this.steps.push(step)
      const started = performance.now()
      const response = await fetch(new Request(url, request))
      const reply = /^Negotiate \S/.test(response.headers.get('www-authenticate') ?? '')
      const { status } = response
      const kind = status === 401 ? { challenge: true } : { proof: reply }
      this.steps.push({ kind: 'answer', from: to, to: from, status, ...kind, milliseconds: since(started) })
      return response
    }
  }

  #shown(request) {
    const token = readToken(request.headers.get('authorization'), this.#realm)
    if (token === undefined) return request.headers.has('cookie') ? { cookie: true } : {}
    const held = this.tickets.get(token.ticket.id)
    if (held) held.uses++
    const copied = this.steps.some((step) => step.token?.id === token.id)
    return { token, copied, fromCache: held !== undefined && held.uses > 1 }
  }

  #note(event, channel) {
    this.audit.unshift({ time: Date.now(), channel, ...plain(event) })
    this.audit.length = Math.min(this.audit.length, MAX_AUDIT_RECORDS)
  }
}

function exchangeFacts({
  kind,
  client,
  service,
  user,
  outcome,
  ntStatus,
  reason,
  delegation,
  requestOctets,
  replyOctets,
}) {
  return { exchange: kind, client, service, user, outcome, ntStatus, reason, delegation, requestOctets, replyOctets }
}

/** What a domain controller writes into its own log: event 4769 of Windows, 4768 for sign-in. */
function auditRecord({ exchange, client, service, user, outcome, ntStatus, ticket }) {
  const { encryptionType, flags, transitedServices } = ticket ?? {}
  const record = { exchange, outcome, client, service, user, ntStatus, encryptionType, flags, transitedServices }
  return JSON.parse(JSON.stringify(record))
}

/** What of an event can be shown: no request, no object with a life of its own. */
function plain(event) {
  return Object.fromEntries(
    Object.entries(event).filter(([, value]) => typeof value !== 'object' || Array.isArray(value)),
  )
}

function since(started) {
  return Math.round((performance.now() - started) * 10) / 10
}
