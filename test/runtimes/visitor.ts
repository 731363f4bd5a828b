import { createInitiator, formatAuthorization, tlsServerEndPoint } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'
import { once } from 'node:events'
import { type IncomingHttpHeaders, request as send } from 'node:http'
import { request as sendOverTls } from 'node:https'
import { text } from 'node:stream/consumers'
import { Desktop, WEB } from '../stories/fixtures/corporation.js'
import type { RuntimeSite } from './site.js'

export interface VisitOptions {
  /** Who asks; default: nobody is known. */
  readonly as?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface VisitAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Asks a service under test, as users at desktops do. */
export class Visitor {
  readonly #site: RuntimeSite
  readonly #isTls: boolean
  readonly #port: number
  readonly #tickets = new Map<string, Promise<ServiceTicket>>()

  constructor(site: RuntimeSite, isTls: boolean, port: number) {
    this.#site = site
    this.#isTls = isTls
    this.#port = port
  }

  /** Asks once, on a connection of its own. */
  async ask(path: string, { as, method = 'GET', headers = {}, body }: VisitOptions = {}): Promise<VisitAnswer> {
    const token = as === undefined ? {} : { authorization: await this.authorizationOf(as) }
    const target = {
      host: '127.0.0.1',
      port: this.#port,
      path,
      method,
      agent: false,
      headers: { ...token, ...headers },
    }
    const request = this.#isTls
      ? sendOverTls({ ...target, servername: 'localhost', rejectUnauthorized: false })
      : send(target)
    request.end(body)
    const [response] = await once(request, 'response')
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }

  /**
   * A new token of the user's one ticket, bound to the certificate of the service where there is
   * TLS.
   */
  async authorizationOf(user: string): Promise<string> {
    const ticket = this.#tickets.get(user) ?? new Desktop(this.#site.realm, user).ticketFor(WEB)
    this.#tickets.set(user, ticket)
    const channelBindings = this.#isTls ? { channelBindings: tlsServerEndPoint(this.#site.certificate.der) } : {}
    return formatAuthorization(
      createInitiator({ ticket: await ticket, now: () => this.#site.realm.now, ...channelBindings }).token,
    )
  }
}
