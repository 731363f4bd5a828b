import { asciiLower, ConfigurationError, Key, type RandomSource } from '@s4u/krb5'
import type { Trust } from './directory.js'
import { reachable } from './neighbourhood.js'
import { type RealmState, stateOf } from './realm-state.js'
import { checkTrust } from './settings-check.js'
import type { TestRealm, TestTrust } from './test-realm.js'

/** A trust in both directions. Between realms of this process, both learn of it at once. */
export async function establishTrust(state: RealmState, trust: TestRealm | TestTrust): Promise<void> {
  if (isDetailed(trust)) checkTrust(trust)
  const { realm, password, domains } = isDetailed(trust) ? trust : { realm: trust }
  if (typeof realm !== 'string') return linkNeighbours(state, stateOf(realm), domains)
  if (password === undefined) throw new ConfigurationError(`the trust with ${realm} has no password`)
  const here = state.directory.realm
  const [outbound, inbound] = await Promise.all([
    interRealmKey(password, here, realm),
    interRealmKey(password, realm, here),
  ])
  state.directory.trusts.push({ realm, domains: domains ?? [asciiLower(realm)], outbound, inbound, beyond: () => [] })
}

function isDetailed(trust: TestRealm | TestTrust): trust is TestTrust {
  return !('transport' in trust)
}

function linkNeighbours(here: RealmState, there: RealmState, domains: readonly string[] | undefined): void {
  if (here.directory.findTrust(there.directory.realm) !== undefined) return
  const { random } = here.kdc
  const towards = interRealmRandom(random)
  const back = interRealmRandom(random)
  here.directory.trusts.push(trustWith(there, here, towards, back, domains))
  there.directory.trusts.push(trustWith(here, there, back, towards, undefined))
  here.neighbours.push(there)
  there.neighbours.push(here)
}

function trustWith(
  other: RealmState,
  own: RealmState,
  outbound: Key,
  inbound: Key,
  domains: readonly string[] | undefined,
): Trust {
  const { realm } = other.directory
  const far = () => [...reachable(other, new Set([own]))].filter((state) => state !== own && state !== other)
  const beyond = () =>
    far().map(({ directory }) => ({ realm: directory.realm, domains: [asciiLower(directory.realm)] }))
  return { realm, domains: domains ?? [asciiLower(realm)], outbound, inbound, beyond }
}

function interRealmRandom(random: RandomSource | undefined): Key {
  return Key.random(AES256, random)
}

/** krbtgt/TO@FROM, with the salt that MIT and Heimdal give it. Source: RFC 4120 section 4. */
function interRealmKey(password: string, from: string, to: string): Promise<Key> {
  return Key.fromPassword(AES256, password, `${from}krbtgt${to}`)
}

const AES256 = 18
