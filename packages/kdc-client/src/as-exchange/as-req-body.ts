import { KdcOption, type KdcReqBody, kerberosFlags, type PrincipalName } from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { newNonce } from '../exchange/kdc-exchange.js'
import { ticketGrantingService } from '../tickets/granting-ticket.js'
import type { SignIn } from '../credentials/authority.js'

/**
 * The lifetime that is requested where the options have none; milliseconds. The KDC shortens it to
 * its own limit, commonly 10 hours.
 */
const WANTED_LIFETIME = 24 * 3_600_000

/** Who signs in, at which realm, and for what. */
export interface AskedSignIn {
  readonly context: KdcContext
  readonly signIn: SignIn
  readonly realm: string
  /** Default: the ticket-granting service. */
  readonly service: PrincipalName | undefined
  readonly forwardable: boolean
  readonly canonicalizes: boolean
}

/** Returns the body of an AS-REQ. Source: RFC 4120 section 5.4.1. */
export function asReqBody({ context, signIn, realm, service, forwardable, canonicalizes }: AskedSignIn): KdcReqBody {
  const { clock, random, etypes, lifetime = WANTED_LIFETIME } = context
  // A ticket for another service than the ticket-granting one is used once, at once.
  const renewableFor = service === undefined ? context.renewableFor : undefined
  const now = clock.now()
  const options = [
    ...(forwardable ? [KdcOption.FORWARDABLE] : []),
    ...(canonicalizes ? [KdcOption.CANONICALIZE] : []),
    ...(renewableFor === undefined ? [] : [KdcOption.RENEWABLE]),
  ]
  return {
    kdcOptions: kerberosFlags(KdcOption.RENEWABLE_OK, ...options),
    cname: signIn.principal.name,
    realm,
    sname: service ?? ticketGrantingService(realm).name,
    till: now + lifetime,
    ...(renewableFor !== undefined && { rtime: now + Math.max(renewableFor, lifetime) }),
    nonce: newNonce(random),
    // The reply is encrypted with the long-term key, so only types with a key can be used.
    etype: etypes.filter((etype) => signIn.etypes.includes(etype)),
  }
}
