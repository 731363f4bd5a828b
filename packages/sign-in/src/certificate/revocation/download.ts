import { readFile } from 'node:fs/promises'
import type { FetchLike } from '../../issuers/fetch-like.js'

export interface Download {
  readonly fetch: FetchLike
  /** Milliseconds. */
  readonly timeLimit: number
  /** Octets; more are an error, before they are read. */
  readonly most: number
}

/**
 * Gets the octets of an address of `http:`, `https:` or `file:`. Redirections are not followed: the
 * authority has written the address into the certificate, and only that one.
 * @throws Error with the reason, for `cause`
 */
export async function download(
  url: string,
  { fetch, timeLimit, most }: Download,
  body?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(timeLimit)
  if (url.startsWith('file:')) return limited(await readFile(new URL(url), { signal }), most)
  const response = await fetch(url, {
    ...{ redirect: 'error', signal, headers: { accept: '*/*' } },
    ...(body && { method: 'POST', body, headers: { 'content-type': 'application/ocsp-request' } }),
  })
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`it answered ${response.status}`)
  }
  return limited(await read(response, most), most)
}

async function read(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  const { body } = response
  if (body === null) return new Uint8Array(0)
  for await (const part of body) {
    length += part.length
    if (length > most) throw tooLong(most)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function limited(octets: Uint8Array, most: number): Uint8Array {
  if (octets.length > most) throw tooLong(most)
  return new Uint8Array(octets)
}

function tooLong(most: number): Error {
  return new Error(`it sent more than ${most} octets`)
}

/** Whether an address is one of the web. */
export function isOfTheWeb(url: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(url)
}
