/**
 * FAST cookies: what the KDC gives to a client, to have it back in the next request of the same
 * conversation. Source: RFC 6113 section 5.2.
 */

import { findPaData, formatName, type PaData, PaType, type PrincipalName } from '@s4u/krb5'
import { ticketKeyOf } from '../directory/account.js'
import type { Kdc } from '../kdc/kdc.js'
import { refuse } from '../kdc/refusal.js'

/** Makes a cookie. It is sealed with a key of the KDC, so no client can read, make or change it. */
export function makeCookie(kdc: Kdc, client: PrincipalName): PaData {
  const text = `${kdc.now()} ${formatName(client)}`
  const sealed = ticketKeyOf(kdc.directory.krbtgt).seal(COOKIE_USAGE, new TextEncoder().encode(text), kdc.random)
  return { padataType: PaType.FX_COOKIE, padataValue: sealed }
}

/** Refuses a request without a cookie that this KDC has given to this client. */
export function requireCookie(kdc: Kdc, padata: readonly PaData[] | undefined, client: PrincipalName): void {
  const cookie = findPaData(padata, PaType.FX_COOKIE)
  const opened = cookie === undefined ? undefined : open(kdc, cookie)
  const space = opened?.indexOf(' ') ?? -1
  const isOurs = opened !== undefined && opened.slice(space + 1) === formatName(client)
  if (!isOurs) refuse('KDC_ERR_PREAUTH_EXPIRED', 'the request belongs to no conversation')
  if (Math.abs(Number(opened.slice(0, space)) - kdc.now()) > COOKIE_LIFETIME)
    refuse('KDC_ERR_PREAUTH_EXPIRED', 'the conversation has taken too long')
}

function open(kdc: Kdc, cookie: Uint8Array): string | undefined {
  try {
    return new TextDecoder().decode(ticketKeyOf(kdc.directory.krbtgt).open(COOKIE_USAGE, cookie))
  } catch {
    return undefined
  }
}

/**
 * A key usage from the range that implementations may use as they like. Source: RFC 4120 section
 * 7.5.1, "512-1023".
 */
const COOKIE_USAGE = 513

/** How long a cookie is good: time to type a password. Milliseconds. */
const COOKIE_LIFETIME = 600_000
