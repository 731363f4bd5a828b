/**
 * What flowed: every request, answer and KDC exchange in the order in which it began, and the
 * tickets that come of it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Holdings } from './holdings.mjs'
import { readEvidence, readIssuedTicket, readToken } from './wire.mjs'

/** Audit records that are kept. */
const MAX_AUDIT_RECORDS = 200

/** Steps of one story that are kept: nothing here has more than twenty of its own. */
const MAX_STEPS = 100

const AUDIT_CHANNELS = ['s4u:accept', 's4u:kdc', 's4u:impersonate', 's4u:fetch']

/** Where Node tells of each request that an HTTP server is about to serve. */
const REQUEST_CHANNEL = 'http.server.request.start'

/**
 * Says between the demo's own services to which story a request belongs. Whoever comes from outside
 * cannot guess one.
 */
export const STORY_HEADER = 's4u-demo-story'

export class Journal {
  audit = []
  holdings
  #realm
  #current = new AsyncLocalStorage()
  #open = new Map()
  #listener = (event, channel) => this.#note(event, channel)
  /**
   * Of a program that listens by itself, as the gateway does: Node tells of each of its requests.
   */
  #onRequest = ({ request }) => {
    const story = this.find(request.headers[STORY_HEADER])
    if (story) this.#current.enterWith(story)
  }

  constructor(realm) {
    this.#realm = realm
    this.holdings = new Holdings(() => realm.now)
    for (const name of AUDIT_CHANNELS) subscribe(name, this.#listener)
    subscribe(REQUEST_CHANNEL, this.#onRequest)
  }

  close() {
    for (const name of AUDIT_CHANNELS) unsubscribe(name, this.#listener)
    unsubscribe(REQUEST_CHANNEL, this.#onRequest)
  }

  /**
   * A story of its own: all that happens while it is followed, in whatever service, and nothing of
   * what happens besides.
   */
  begin() {
    const story = { id: randomUUID(), steps: [], refusals: [] }
    this.#open.set(story.id, story)
    return story
  }

  follow(story, action) {
    return this.#current.run(story, action)
  }

  find(id) {
    return this.#open.get(id)
  }

  end(story) {
    this.#open.delete(story.id)
  }

  forget() {
    this.audit = []
    this.holdings.clear()
  }

  /** As a developer gets it; `where` is the service whose log it is in. */
  refused(where, { name, code, message, hint, reason }) {
    this.#current.getStore()?.refusals.push({ where, name, code, message, hint, reason })
  }

  /**
   * The way to the KDC, as `createKdcClient` and `negotiate` take it, with every exchange noted.
   */
  kdcFor(from) {
    const realm = this.#realm
    return async (request, context) => {
      const step = { kind: 'exchange', from, to: 'kdc' }
      const started = performance.now()
      this.#add(step)
      const answered = realm.transport(request, context)
      // The realm notes a request at once, and forgets the oldest: the last one is this.
      const noted = realm.exchanges.at(-1)
      const reply = await answered
      step.milliseconds = since(started)
      Object.assign(step, exchangeFacts(noted))
      const evidence = readEvidence(request, realm)
      if (evidence) {
        const origin = this.holdings.holderOf(evidence) === from ? 'S4U2Self' : 'presented'
        step.evidence = { ...evidence, origin }
      }
      const ticket = readIssuedTicket(reply, realm)
      if (ticket) {
        step.ticket = ticket
        this.holdings.add(ticket, { holder: from, obtainedBy: step.exchange, evidence })
      }
      this.#note(auditRecord(step), 'the KDC')
      return reply
    }
  }

  /**
   * An exchange that came to the KDC over the network, from a program that is none of the demo's.
   */
  fromOutside(exchange) {
    const { via, time } = exchange
    const step = { kind: 'exchange', from: 'browser', to: 'kdc', ...exchangeFacts(exchange), via }
    this.#note({ ...auditRecord(step), time }, 'the KDC')
    return step
  }

  /**
   * `fetch` with every request noted, for hosts that no DNS knows: `addresses` has the port of
   * each.
   */
  fetchFor(from, addresses) {
    return async (input, init) => {
      const request = new Request(input, init)
      const url = new URL(request.url)
      const to = url.hostname.split('.')[0]
      this.#add(
        this.requestStep(from, to, { method: request.method, url, headers: Object.fromEntries(request.headers) }),
      )
      url.host = addresses[to]
      const forwarded = new Request(url, request)
      const story = this.#current.getStore()
      if (story) forwarded.headers.set(STORY_HEADER, story.id)
      const started = performance.now()
      const response = await fetch(forwarded)
      const header = response.headers.get('www-authenticate')
      this.#add(answerStep(to, from, { status: response.status, header, milliseconds: since(started) }))
      return response
    }
  }

  /** Serves a request that the gateway has sent inside, where nothing of the demo's sends it. */
  receive(from, to, req, res, serve) {
    const { method, url, headers } = req
    const started = performance.now()
    this.#add(this.requestStep(from, to, { method, url: new URL(url, `http://${headers.host}`), headers }))
    res.once('finish', () => {
      const header = [res.getHeader('www-authenticate') ?? []].flat().join(', ')
      this.#add(answerStep(to, from, { status: res.statusCode, header, milliseconds: since(started) }))
    })
    serve(req, res)
  }

  requestStep(from, to, { method, url, headers }) {
    const step = { kind: 'request', from, to, line: `${method} ${url.pathname}`, host: url.host }
    const token = readToken(headers.authorization, this.#realm)
    // Forms have cookies too, which are no sessions.
    if (token === undefined) return headers.cookie && method === 'GET' ? { ...step, cookie: true } : step
    const copied = this.#current.getStore()?.steps.some((other) => other.token?.id === token.id)
    return { ...step, token, copied, fromCache: this.holdings.use(token.ticket) > 1 }
  }

  #add(step) {
    const story = this.#current.getStore()
    if (story && story.steps.length < MAX_STEPS) story.steps.push(step)
  }

  #note(event, channel) {
    this.audit.unshift({ time: Date.now(), channel, ...plain(event) })
    this.audit.length = Math.min(this.audit.length, MAX_AUDIT_RECORDS)
  }
}

/**
 * `header` is WWW-Authenticate: a challenge where it names the scheme alone, the server's proof
 * where a token follows.
 */
export function answerStep(from, to, { status, header, milliseconds }) {
  const said = header ?? ''
  const step = { kind: 'answer', from, to, status, milliseconds }
  if (status === 401) return { ...step, challenge: /(^|,)\s*Negotiate\b/i.test(said) }
  return { ...step, proof: /^Negotiate \S/i.test(said) }
}

export function since(started) {
  return Math.round((performance.now() - started) * 10) / 10
}

function exchangeFacts(exchange) {
  const { kind, client, service, user, outcome, ntStatus, reason, delegation, requestOctets, replyOctets } = exchange
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
