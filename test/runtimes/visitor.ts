import { createInitiator, formatAuthorization, tlsServerEndPoint } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, type IncomingHttpHeaders, request as send } from 'node:http'
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
    const token: Record<string, string> = as === undefined ? {} : { authorization: await this.authorizationOf(as) }
    const request = this.#open(path, method, { ...token, ...headers })
    request.end(body)
    const [response] = await once(request, 'response')
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }

  /** Asks for a WebSocket; the body is its first message, or that of the refusal. */
  async shake(path: string, { as, headers = {} }: VisitOptions = {}): Promise<VisitAnswer> {
    const token: Record<string, string> = as === undefined ? {} : { authorization: await this.authorizationOf(as) }
    const handshake = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' }
    const key = { 'sec-websocket-key': randomBytes(16).toString('base64') }
    const request = this.#open(path, 'GET', { ...handshake, ...key, ...token, ...headers })
    request.end()
    return new Promise((resolve, reject) => {
      request.once('error', reject).once('response', async (response) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: await text(response) })
      })
      request.once('upgrade', ({ headers }, socket, head) => {
        const done = (frame: Buffer): void => {
          if (frame.length < 3) return
          socket.destroy()
          resolve({ status: 101, headers, body: frame.subarray(2).toString() })
        }
        socket.on('data', done)
        done(head)
      })
    })
  }

  #open(path: string, method: string, headers: Readonly<Record<string, string>>): ClientRequest {
    const target = { host: '127.0.0.1', port: this.#port, path, method, agent: false, headers }
    return this.#isTls ? sendOverTls({ ...target, servername: 'localhost', rejectUnauthorized: false }) : send(target)
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
