import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface HealthQuestion {
  readonly url: URL
  /** Milliseconds. */
  readonly timeout: number
  /** Certificates of authorities, PEM; undefined for those of Node. */
  readonly ca?: string | undefined
}

/**
 * Asks an inner server, without credentials, whether it answers. It is well with any status below
 * 500: a server that wants a ticket answers 401. Never rejects.
 */
export function isWell({ url, timeout, ca }: HealthQuestion): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = ask(url, { agent: false, headers: { 'user-agent': 's4u-gateway-health' }, ...(ca && { ca }) })
    const timer = setTimeout(() => request.destroy(new Error('late')), timeout)
    const done = (well: boolean): void => {
      clearTimeout(timer)
      resolve(well)
      request.destroy()
    }
    request.once('response', ({ statusCode = 500 }) => done(statusCode < 500))
    request.on('error', () => done(false))
    request.end()
  })
}
