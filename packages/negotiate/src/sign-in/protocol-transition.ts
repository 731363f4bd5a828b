/**
 * Identities of users whom the app has authenticated itself: the service vouches for them at the
 * KDC (S4U2Self). Source: MS-SFU section 3.1.5.1.
 */

import type { Acceptor, Identity } from '@s4u/acceptor'
import {
  ConfigurationError,
  type Journal,
  type KdcClient,
  MalformedTokenError,
  RejectedTokenError,
  type S4uSubject,
  type ServiceTicket,
  shownInput,
} from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import {
  type DelegationOptions,
  requireProtocolTransition,
  requireResolvedTransition,
  requireSomeTransition,
} from '../delegation/delegation-policy.js'
import { identifiedOnly } from './identified.js'
import type { IdentityForOptions } from './identity-for-options.js'
import { type ImpersonateSubject, tellImpersonation, writeRefusal } from '../audit/impersonation-events.js'

/**
 * The default of `maxAge`. A sign-in asks the directory, and its answer must not serve until the
 * ticket ends, hours later: a disabled account must not come in. Some minutes save the exchange for
 * users who sign in with each request.
 */
export const AUTHENTICATION_MAX_AGE = 300_000

export interface TransitionDeps {
  readonly acceptor: Acceptor
  /** The client that asks for a user. */
  readonly client: { get(user: S4uSubject): Promise<KdcClient> }
  readonly delegation: DelegationOptions
  /** For audits: the SID of the account that asks. */
  readonly accountSid?: (realm: string) => string | undefined
  readonly journal?: Journal
}

/**
 * @throws ConfigurationError KDC_ERR_POLICY, KdcError, KdcUnreachableError, RejectedTokenError,
 * MissingKeyError
 */
export async function identityByTransition(
  user: S4uSubject,
  options: IdentityForOptions,
  deps: TransitionDeps,
): Promise<Identity> {
  const named = typeof user === 'string' ? user : '(certificate)'
  const subject: ImpersonateSubject = { user: named, target: '', ...(deps.journal && { journal: deps.journal }) }
  const vouched = await tellImpersonation(subject, async () => {
    try {
      return await vouchFor(user, options, subject, deps)
    } catch (error) {
      writeRefusal(subject, error)
      throw error
    }
  })
  return vouched.identity
}

async function vouchFor(
  user: S4uSubject,
  options: IdentityForOptions,
  subject: ImpersonateSubject,
  { acceptor, client, delegation, accountSid }: TransitionDeps,
): Promise<{ readonly ticket: ServiceTicket; readonly identity: Identity }> {
  const { method, signal, level } = options
  const maxAge = maxAgeOf(options)
  if (level !== 'identification') requireTransition(user, delegation)
  const asker = await client.get(user)
  subject.account = asker.principal
  subject.accountSid = accountSid?.(asker.realm)
  const ticket = await asker.s4u2self(user, { maxAge, ...(signal && { signal }) })
  subject.user = formatPrincipal(ticket.client)
  const by = method ?? (typeof user === 'string' ? 'asserted' : 'certificate')
  // The name in the reply is not protected: what counts is the ticket, and that it belongs to this
  // reply.
  const requestedName = typeof user === 'string' ? user : undefined
  const { sessionKey } = ticket
  const expected = { client: subject.user, service: asker.principal, sessionKey, requestedName }
  const identity = await acceptor.identify(ticket.ticket, by, expected).catch(blameKdc)
  subject.user = identity.principal
  subject.userSid = identity.sid
  if (level === 'identification') return { ticket, identity: identifiedOnly(identity) }
  // Only the directory knows to whom a certificate, an alias or a user principal name belongs.
  if (typeof user === 'string') requireResolvedTransition(user, identity, asker.realm, delegation)
  else requireProtocolTransition(identity.principal, delegation)
  return { ticket, identity }
}

function requireTransition(user: S4uSubject, delegation: DelegationOptions): void {
  if (typeof user === 'string') requireProtocolTransition(user, delegation)
  else requireSomeTransition(delegation)
}

/** Marks the error as the KDC's: the user has shown no ticket, so the faulty one is the KDC's. */
function blameKdc(error: unknown): never {
  if (error instanceof RejectedTokenError || error instanceof MalformedTokenError) error.status = 502
  throw error
}

/** @throws ConfigurationError */
function maxAgeOf({ fresh = false, maxAge = AUTHENTICATION_MAX_AGE }: IdentityForOptions): number {
  if (typeof fresh !== 'boolean') throw new ConfigurationError('identityFor: fresh must be true or false')
  if (typeof maxAge !== 'number' || !(maxAge >= 0))
    throw new ConfigurationError(
      `identityFor: maxAge must be a number of milliseconds, and not ${shownInput(maxAge)}`,
      {
        hint: 'Write { maxAge: 60_000 } for a minute, or { fresh: true } to ask the directory each time.',
      },
    )
  return fresh ? 0 : maxAge
}
