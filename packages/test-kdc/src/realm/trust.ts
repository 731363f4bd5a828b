import { asciiLower, ConfigurationError, Key, type RandomSource } from '@s4u/krb5'
import type { Trust } from '../directory/directory.js'
import { reachable } from './realms-in-process.js'
import { type RealmState, stateOf } from './realm-state.js'
import { checkTrust } from './settings-check.js'
import type { TestRealm, TestTrust } from './test-realm.js'

/** Makes a trust in both directions. Of two realms of this process, both have it at once. */
export async function establishTrust(state: RealmState, trust: TestRealm | TestTrust): Promise<void> {
  if (isDetailed(trust)) checkTrust(trust)
  const { realm, password, domains, sidFiltering = true } = isDetailed(trust) ? trust : { realm: trust }
  if (typeof realm !== 'string') return linkNeighbours(state, stateOf(realm), { domains, sidFiltering })
  if (password === undefined) throw new ConfigurationError(`the trust with ${realm} has no password`)
  const here = state.directory.realm
  const [outbound, inbound] = await Promise.all([
    interRealmKey(password, here, realm),
    interRealmKey(password, realm, here),
  ])
  const nothing = { beyond: () => [], domainSids: () => undefined }
  state.directory.trusts.push({
    ...{ realm, domains: domains ?? [asciiLower(realm)], outbound, inbound },
    ...{ sidFiltering, ...nothing },
  })
}

function isDetailed(trust: TestRealm | TestTrust): trust is TestTrust {
  return !('transport' in trust)
}

type Link = Pick<TestTrust, 'domains'> & { readonly sidFiltering: boolean }

function linkNeighbours(here: RealmState, there: RealmState, link: Link): void {
  if (here.directory.findTrust(there.directory.realm) !== undefined) return
  const { random } = here.kdc
  const towards = interRealmRandom(random)
  const back = interRealmRandom(random)
  here.directory.trusts.push(trustWith(there, here, { outbound: towards, inbound: back }, link))
  there.directory.trusts.push(
    trustWith(here, there, { outbound: back, inbound: towards }, { ...link, domains: undefined }),
  )
  here.neighbours.push(there)
  there.neighbours.push(here)
}

function trustWith(
  other: RealmState,
  own: RealmState,
  keys: Pick<Trust, 'outbound' | 'inbound'>,
  { domains, sidFiltering }: Link,
): Trust {
  const { realm, domainSid } = other.directory
  const far = () => [...reachable(other, new Set([own]))].filter((state) => state !== own && state !== other)
  const beyond = () =>
    far().map(({ directory }) => ({ realm: directory.realm, domains: [asciiLower(directory.realm)] }))
  const domainSids = () => [domainSid, ...far().map(({ directory }) => directory.domainSid)]
  return { realm, domains: domains ?? [asciiLower(realm)], ...keys, sidFiltering, domainSids, beyond }
}

function interRealmRandom(random: RandomSource | undefined): Key {
  return Key.random(AES256, random)
}

/**
 * Returns the key of krbtgt/TO@FROM, with the salt that MIT and Heimdal use. Source: RFC 4120
 * section 4.
 */
function interRealmKey(password: string, from: string, to: string): Promise<Key> {
  return Key.fromPassword(AES256, password, `${from}krbtgt${to}`)
}

const AES256 = 18
