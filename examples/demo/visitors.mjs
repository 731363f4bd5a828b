/**
 * Calls from outside the page, by curl or a browser with a ticket of its own: each becomes a story
 * that the page shows as well.
 */
import { answerStep, since, STORY_HEADER } from './journal.mjs'

/** Stories that are followed at a time; whoever comes beyond that is served, and not drawn. */
const MAX_UNDER_WAY = 20

/** Exchanges with the KDC over the network that a story begins with at most. */
const MAX_EXCHANGES = 12

/**
 * Milliseconds that somebody who was asked for a ticket has to come back with one on the same
 * connection.
 */
const PATIENCE = 1000

export class Visitors {
  #realm
  #journal
  #listeners = new Set()
  #underWay = 0
  #waiting = new Map()
  #lastExchange

  constructor(realm, journal) {
    this.#realm = realm
    this.#journal = journal
  }

  /** Returns a function that ends it. */
  listen(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close() {
    for (const socket of [...this.#waiting.keys()]) this.#stopWaiting(socket)
  }

  /**
   * Serves a request of one of the services: within the story that it belongs to, else as a visit.
   */
  receive(service, req, res, serve) {
    const story = this.#journal.find(req.headers[STORY_HEADER])
    delete req.headers[STORY_HEADER]
    if (story) return this.#journal.follow(story, () => serve(req, res))
    const visit = this.#visitOf(req)
    return visit ? this.#follow(visit, service, req, res, serve) : serve(req, res)
  }

  /** The one that was asked for a ticket on this connection, or a new one. */
  #visitOf({ socket }) {
    const waiting = this.#waiting.get(socket)
    if (waiting) {
      this.#stopWaiting(socket)
      return waiting.visit
    }
    if (this.#underWay >= MAX_UNDER_WAY) return undefined
    this.#underWay++
    return { story: this.#journal.begin() }
  }

  #follow(visit, service, req, res, serve) {
    const { story } = visit
    const started = performance.now()
    Object.assign(visit, { service, caller: callerOf(req.headers['user-agent']), body: {} })
    story.steps.push(...this.#exchanges())
    const { end } = res
    res.end = (chunk, ...rest) => {
      visit.body = readBody(chunk)
      return end.call(res, chunk, ...rest)
    }
    res.once('close', () => {
      const header = [res.getHeader('www-authenticate') ?? []].flat().join(', ')
      visit.status = res.statusCode
      const answer = answerStep(service, 'browser', { status: res.statusCode, header, milliseconds: since(started) })
      story.steps.push(answer)
      const isFirst = story.steps.filter(({ kind }) => kind === 'answer').length === 1
      const mayComeBack = answer.challenge && isFirst && !req.socket.destroyed && !this.#waiting.has(req.socket)
      if (mayComeBack) this.#wait(visit, req.socket)
      else this.#tell(visit)
    })
    this.#journal.follow(story, () => {
      story.steps.push(this.#requestStep(service, req, story))
      serve(req, res)
    })
  }

  /** What came over the network since the last visit: no program of the demo's asks that way. */
  #exchanges() {
    const { exchanges } = this.#realm
    const fresh = exchanges.slice(exchanges.lastIndexOf(this.#lastExchange) + 1)
    this.#lastExchange = exchanges.at(-1)
    const foreign = fresh.filter(({ via }) => via !== 'memory').slice(-MAX_EXCHANGES)
    return foreign.map((exchange) => this.#journal.fromOutside(exchange))
  }

  #requestStep(service, { method, url, headers }, { steps }) {
    const about = { method, url: { pathname: url.split('?')[0], host: headers.host ?? service } }
    try {
      const step = this.#journal.requestStep('browser', service, { ...about, headers })
      const isNew = steps.some(
        ({ kind, service: asked }) => kind === 'exchange' && asked === step.token?.ticket.service,
      )
      return { ...step, fromCache: !isNew }
    } catch {
      // Anybody may send anything here.
      return { ...this.#journal.requestStep('browser', service, { ...about, headers: {} }), unreadable: true }
    }
  }

  #wait(visit, socket) {
    const giveUp = () => {
      this.#stopWaiting(socket)
      this.#tell(visit)
    }
    this.#waiting.set(socket, { visit, giveUp, timer: setTimeout(giveUp, PATIENCE) })
    socket.once('close', giveUp)
  }

  #stopWaiting(socket) {
    const { timer, giveUp } = this.#waiting.get(socket)
    clearTimeout(timer)
    socket.off('close', giveUp)
    this.#waiting.delete(socket)
  }

  #tell({ story, ...about }) {
    this.#underWay--
    this.#journal.end(story)
    const told = { steps: story.steps, refusals: story.refusals, ...about }
    for (const listener of this.#listeners) listener(told)
  }
}

/** `curl/8.5.0`, or the part of a browser's long name that says which it is. */
function callerOf(userAgent = 'somebody') {
  const [product] = /\b(Edg|Firefox|Chrome|HeadlessChrome)\/\d+/.exec(userAgent) ?? userAgent.split(' ')
  return product.slice(0, 40)
}

/** All answers of the services are short and come at once. */
function readBody(chunk) {
  try {
    return JSON.parse(String(chunk)) ?? {}
  } catch {
    return {}
  }
}
