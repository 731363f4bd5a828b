import type { Acceptor, Identity } from '@s4u/acceptor'
import { closeOptions, type Journal, NO_OPTIONS, type S4uSubject } from '@s4u/kdc-client'
import type { DelegationOptions } from '../delegation/delegation-policy.js'
import type { ServiceClient } from '../kdc/service-client.js'
import { identityByPassword } from './expired-password.js'
import { IDENTITY_FOR_OPTIONS, type IdentityForOptions, requireAskedLevel } from './identity-for-options.js'
import { identityByTransition } from './protocol-transition.js'
import { isSecretSubject, type SecretSubject } from './secret-subject.js'
import type { UserClients } from './user-clients.js'

export interface IdentityForDeps {
  readonly acceptor: Acceptor
  readonly client: Pick<ServiceClient, 'getFor'>
  readonly users: UserClients
  readonly options: { readonly now?: () => number; readonly delegation?: DelegationOptions }
  readonly journal: Journal
}

/**
 * Returns the identity of a user whom the app has authenticated itself, or whose password it has.
 * @throws as `identityFor` of a negotiator
 */
export function findIdentityFor(
  user: S4uSubject | SecretSubject,
  given: IdentityForOptions | undefined,
  { acceptor, client, users, options: settings, journal }: IdentityForDeps,
): Promise<Identity> {
  const options = closeOptions('identityFor', given, IDENTITY_FOR_OPTIONS)
  requireAskedLevel(options.level)
  if (isSecretSubject(user)) return identityByPassword(user, options, { acceptor, users, options: settings })
  const { delegation = NO_OPTIONS } = settings
  const accountSid = (realm: string): string | undefined => acceptor.accountSid(realm)
  const asker = { get: (subject: S4uSubject) => client.getFor(subject) }
  return identityByTransition(user, options, { acceptor, client: asker, delegation, journal, accountSid })
}
