/**
 * Checks what functions of the app return and what calls are given. A wrong value is reported where
 * it is seen first, and not by a TypeError from the middle of a token. No value is shown: it may be
 * a secret in the wrong place.
 */

import { ConfigurationError, type ServiceTicket } from '@s4u/kdc-client'

/** Returns a ticket. @throws ConfigurationError if `ticketFor` returned something else */
export function requireTicket(given: unknown): ServiceTicket {
  if (isTicket(given)) return given
  throw new ConfigurationError(`ticketFor answered ${kindOf(given)} in place of a ticket`, {
    hint: 'Let it answer what the ticketFor of a KDC client or of an impersonation does: ticketFor: (spn, options) => client.ticketFor(spn, options).',
  })
}

function isTicket(value: unknown): value is ServiceTicket {
  if (typeof value !== 'object' || value === null) return false
  const holds = (name: string): boolean => {
    const member: unknown = Reflect.get(value, name)
    return typeof member === 'object' && member !== null
  }
  return ['client', 'service', 'ticket', 'sessionKey', 'flags'].every(holds)
}

/**
 * Returns an encoded KRB-CRED, or undefined.
 * @throws ConfigurationError if `forwardTgt` returned something else
 */
export function requireCredential(given: unknown): Uint8Array | undefined {
  if (given === undefined || given instanceof Uint8Array) return given
  throw new ConfigurationError(`forwardTgt answered ${kindOf(given)} in place of an encoded KRB-CRED`, {
    hint: 'Let it answer sealForwardedCredential(await client.tgtToForward(), ticket.sessionKey), or undefined.',
  })
}

/**
 * Returns the name of a host.
 * @throws ConfigurationError if `canonicalName` returned something else
 */
export function requireHost(given: unknown): string {
  if (typeof given === 'string' && given !== '') return given
  throw new ConfigurationError(`canonicalName answered ${kindOf(given)} in place of the name of a host`, {
    hint: 'Let it answer the host that it was given where there is no other.',
  })
}

/**
 * Returns a URL. Node's own error would show the whole text, with a password that may be in it.
 * @throws ConfigurationError
 */
export function requireUrl(owner: string, given: unknown): URL {
  if (given instanceof URL) return given
  if (typeof given === 'string' && URL.canParse(given)) return new URL(given)
  throw new ConfigurationError(`${owner}: ${kindOf(given)} was given in place of a URL`, {
    hint: "Write a whole one: 'https://api.ad.test/orders'.",
  })
}

/** Checks a service principal name that was given for one call. @throws ConfigurationError */
export function requireService(given: unknown): string | undefined {
  if (given === undefined || (typeof given === 'string' && /^[^/@\s]+\/[^\s]+$/.test(given))) return given
  throw new ConfigurationError(`service is ${kindOf(given)} in place of a service principal name`, {
    hint: "Write service: 'HTTP/web2.ad.test', or 'HTTP/*' for the host of the URL.",
  })
}

/** @throws ConfigurationError */
export function requireAnswer(answer: unknown): void {
  const { status, challenge } =
    typeof answer === 'object' && answer !== null ? { status: undefined, challenge: undefined, ...answer } : {}
  const isStatus = Number.isInteger(status)
  if (isStatus && isChallenge(challenge)) return
  throw new ConfigurationError(
    isStatus
      ? `verify: challenge is ${kindOf(challenge)} in place of the WWW-Authenticate of the response`
      : 'verify: status must be that of the response, a whole number',
    { hint: "Write verify({ status: response.statusCode, challenge: response.headers['www-authenticate'] })." },
  )
}

function isChallenge(value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'string') return true
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return value === null ? 'null' : 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'a text'
  return typeof value === 'object' ? 'another object' : `a ${typeof value}`
}
