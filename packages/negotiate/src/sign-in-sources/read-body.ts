import { Readable } from 'node:stream'
import { headerOf, type NegotiableRequest } from '../http/request.js'
import { badForm } from './bad-form.js'

export interface ReadBodyOptions {
  /** Octets. */
  readonly limit: number
  /** Milliseconds. */
  readonly timeLimit: number
}

/**
 * Reads the body of a request. The stream is not destroyed where it is refused: its connection has
 * to carry the answer.
 * @throws MalformedTokenError S4U_BAD_FORM, with the status 400, 408 or 413
 */
export function readBody(request: NegotiableRequest, { limit, timeLimit }: ReadBodyOptions): Promise<Uint8Array> {
  if (Number(headerOf(request, 'content-length') ?? 0) > limit) return Promise.reject(tooLong(limit))
  const body = request instanceof Readable ? request : request.openBody?.()
  if (body === undefined || body.readableEnded || body.destroyed) return Promise.reject(gone())
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      body.off('data', onData).off('end', onEnd).off('error', onBreak).off('close', onBreak)
      act()
    }
    const onData = (chunk: Uint8Array | string): void => {
      const octets = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      length += octets.length
      if (length > limit) settle(() => (body.pause(), reject(tooLong(limit))))
      else chunks.push(octets)
    }
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks)))
    const onBreak = (): void => settle(() => reject(badForm('a whole body', 'a connection that ended')))
    const onLate = (): void => settle(() => (body.pause(), reject(badForm('a body at once', 'one that drips', 408))))
    const timer = setTimeout(onLate, timeLimit)
    body.on('data', onData).on('end', onEnd).on('error', onBreak).on('close', onBreak)
  })
}

const tooLong = (limit: number): Error => badForm(`at most ${limit} octets`, 'more', 413)

const gone = (): Error =>
  badForm(
    'a body that can be read',
    'one that was read before',
    400,
    'Put negotiate() in front of what reads bodies, or hand on what it has read: negotiator.authenticate(request, { body }).',
  )
