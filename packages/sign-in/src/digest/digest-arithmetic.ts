/** The computations of RFC 7616 section 3.4, with qop=auth. */

import { createHash } from 'node:crypto'

/** Names as they stand in `algorithm=`. RFC 7616 section 6.1. */
export const DIGEST_ALGORITHMS = ['SHA-256', 'MD5'] as const
/** A hash of Digest (RFC 7616 section 3.2), as the header names it. */
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number]

const HASHES = { 'SHA-256': 'sha256', MD5: 'md5' } as const

/** Returns the length of a hash in hexadecimal digits. */
export function hexLength(algorithm: DigestAlgorithm): number {
  return algorithm === 'MD5' ? 32 : 64
}

/**
 * Returns the hash of user, realm and password, in hexadecimal digits. It is as good as the
 * password in this realm. RFC 7616 section 3.4.2.
 *
 * @example
 * ```ts
 * import { digestSecret } from '@s4u/sign-in'
 *
 * // RFC 7616 section 3.9.1: what a file of passwords has in the place of a password.
 * const secret = digestSecret('MD5', 'Mufasa', 'http-auth@example.org', 'Circle of Life')
 * console.log(secret.length) // 32
 * ```
 */
export function digestSecret(algorithm: DigestAlgorithm, user: string, realm: string, password: string): string {
  return hashOf(algorithm, `${user}:${realm}:${password}`)
}

/**
 * Returns what a client sends in place of a name, where names are to be hidden: the hash of user
 * and realm, in hexadecimal digits. RFC 7616 section 3.4.4.
 *
 * @example
 * ```ts
 * import { digestUserHash } from '@s4u/sign-in'
 *
 * const users = ['alice', 'bob']
 * const byHash = new Map(users.map((user) => [digestUserHash('SHA-256', user, 'corp'), user]))
 * export const userOf = ({ userHash }: { userHash: string }) => byHash.get(userHash)
 * ```
 */
export function digestUserHash(algorithm: DigestAlgorithm, user: string, realm: string): string {
  return hashOf(algorithm, `${user}:${realm}`)
}

/** What is hashed together with the secret. */
export interface DigestedRequest {
  readonly algorithm: DigestAlgorithm
  readonly nonce: string
  readonly nc: string
  readonly cnonce: string
  readonly uri: string
}

/** Returns the response of a client. RFC 7616 section 3.4.1. */
export function digestResponse(secret: string, method: string, request: DigestedRequest): string {
  return responseTo(secret, `${method}:${request.uri}`, request)
}

/**
 * Returns the proof of the server, `rspauth`: as a response, without method. RFC 7616 section 3.5.
 */
export function digestProof(secret: string, request: DigestedRequest): string {
  return responseTo(secret, `:${request.uri}`, request)
}

function responseTo(secret: string, a2: string, { algorithm, nonce, nc, cnonce }: DigestedRequest): string {
  return hashOf(algorithm, [secret, nonce, nc, cnonce, 'auth', hashOf(algorithm, a2)].join(':'))
}

function hashOf(algorithm: DigestAlgorithm, text: string): string {
  return createHash(HASHES[algorithm]).update(text, 'utf8').digest('hex')
}
