import { type ClientRequest as OutgoingRequest, IncomingMessage } from 'node:http'
import type { CallerRequest } from '../requests/steps.js'
import type { InnerHeaders } from './inner-headers.js'
import type { UpgradeRules } from './tunnel.js'

/** Who waits for an answer from inside. */
export interface Waiting {
  readonly request: CallerRequest
  /** For handshakes. */
  readonly rules?: UpgradeRules
  resolve(answer: IncomingMessage): void
  reject(error: unknown): void
  sending?: OutgoingRequest
}

/**
 * Stands for the client's request before the library, with our headers in place of its own, which
 * other steps still read. The library looks there how the body is framed: where it finds nothing,
 * it gives a DELETE a length of 0, also where chunks follow. The body itself is piped from the
 * client's request. An object that inherits from that request would do too, but V8 gives each
 * object that becomes a prototype a shape of its own: all that reads the request is slow then.
 */
export class InnerRequest extends IncomingMessage {
  /** Who waits for its answer. */
  readonly waiting: Waiting

  constructor(waiting: Waiting, headers: InnerHeaders) {
    const { request, method } = waiting.request
    super(request.socket)
    this.waiting = waiting
    this.httpVersion = '1.1'
    this.httpVersionMajor = 1
    this.httpVersionMinor = 1
    this.method = method
    this.url = request.url ?? '/'
    this.headers = headers
    // The library listens when it has the request; one that breaks off before has a response, too.
    request.on('error', (error) => this.listenerCount('error') > 0 && this.emit('error', error))
  }
}
