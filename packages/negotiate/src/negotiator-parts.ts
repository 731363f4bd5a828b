import type { Acceptor } from '@s4u/acceptor'
import { FETCH_OPTIONS, type ServiceRequests } from '@s4u/fetch'
import { closeOptions, journalFor, NO_OPTIONS } from '@s4u/kdc-client'
import type { CallerFinderDeps } from './authenticate/caller-finder.js'
import { NegotiatorEvents } from './authenticate/negotiator-events.js'
import { Delegator } from './delegation/delegator.js'
import type { FetchOptions } from './delegation/impersonation.js'
import { directoryOf, type NegotiatorDirectory } from './directory/directory-option.js'
import { GroupNames, tellGroupsWithoutDirectory } from './directory/group-names.js'
import { Profiles } from './directory/profiles.js'
import { ServiceAccounts } from './directory/service-accounts.js'
import { Challenges } from './http/challenges.js'
import { ClientAddresses } from './http/client-address.js'
import { type OwnTicketSource, ServiceClient } from './kdc/service-client.js'
import { serviceRequests } from './kdc/service-requests.js'
import type { CheckedOptions } from './negotiator-options.js'
import type { IdentityForDeps } from './sign-in/identity-for.js'
import { SignInSources, type SignInSourcesDeps } from './sign-in-sources/sign-in-sources.js'
import { UserClients } from './sign-in/user-clients.js'

/** What one negotiator is made of. */
export interface NegotiatorParts extends IdentityForDeps, Omit<CallerFinderDeps, 'sessionRules'> {
  readonly options: CheckedOptions
  readonly client: ServiceClient
  readonly directory: NegotiatorDirectory | undefined
  readonly groups: GroupNames | undefined
  readonly services: ServiceAccounts | undefined
  /** Requests in the name of the service itself. */
  readonly requests: ServiceRequests
}

/**
 * Makes the parts of a negotiator, and ties each to those that it needs.
 * @param source is given the ticket of the service for itself
 * @throws ConfigurationError
 */
export function negotiatorParts(
  options: CheckedOptions,
  acceptor: Acceptor,
  source: OwnTicketSource,
  identityFor: SignInSourcesDeps['identityFor'],
): NegotiatorParts {
  const { now = Date.now, logger, delegation = NO_OPTIONS } = options
  const client = new ServiceClient(acceptor, options)
  source.get = (signal) => client.ownTicket(signal)
  const ofFetch = closeOptions<FetchOptions>('fetch', { now, logger, ...options.fetch }, FETCH_OPTIONS)
  const accountSid = (realm: string): string | undefined => acceptor.accountSid(realm)
  const journal = journalFor(logger)
  const delegator = new Delegator((realm) => client.get(realm), delegation, ofFetch, journal, accountSid)
  const requests = serviceRequests(client, ofFetch)
  const events = new NegotiatorEvents(options)
  const challenges = new Challenges(options)
  const users = new UserClients(client, options)
  const directory = directoryOf(options, () => client.get())
  const groups = directory && new GroupNames(directory.source, journal)
  if (directory === undefined) tellGroupsWithoutDirectory(journal)
  const services = directory && new ServiceAccounts(directory.source, journal)
  const profiles = directory && new Profiles(directory.source, now)
  const addresses = new ClientAddresses(options)
  const sources = new SignInSources({
    ...{ options, journal, addresses, directory: directory?.source, identityFor },
    realm: async () => (await client.get()).realm,
    note: (name, { request, clientAddress }, error) =>
      events.refusedUnseen({ request, clientAddress, code: error.code, error, source: name }),
  })
  const shown = { events, challenges, journal, addresses, sources }
  return { options, acceptor, client, users, delegator, directory, profiles, groups, services, requests, ...shown }
}
