import { ConfigurationError, shownInput } from '@s4u/krb5'
import { type Account, setKeys } from '../directory/account.js'
import { Directory } from '../directory/directory.js'
import { createFront, type Front } from '../network/front.js'
import type { Exchange, Kdc } from '../kdc/kdc.js'
import type { Listener } from '../network/listen.js'
import { newDomainSid, RelativeIds } from '../directory/security-identifiers.js'
import type { TestRealm, TestRealmOptions } from './test-realm.js'

/** The state of a `TestRealm`. */
export interface RealmState {
  readonly kdc: Kdc
  readonly directory: Directory
  readonly front: Front
  readonly journal: Exchange[]
  readonly relativeIds: RelativeIds
  readonly listeners: Listener[]
  readonly passwordListeners: Listener[]
  /** Trusted realms of this process, for the in-memory transport and krb5.conf. */
  readonly neighbours: RealmState[]
  /** Aborted when the realm ends. */
  readonly ending: AbortController
  clock: () => number
}

/** Makes the state of a realm that has no accounts yet. */
export async function createState(options: TestRealmOptions): Promise<RealmState> {
  const realm = options.realm.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
  if (!/^[A-Z0-9.-]+$/.test(realm)) throw new ConfigurationError(`not a realm name: ${shownInput(options.realm)}`)
  const domainSid = newDomainSid(realm)
  const krbtgt = await createKrbtgt(domainSid, options)
  const directory = new Directory(realm, domainSid, krbtgt)
  const { now = Date.now } = options
  const state = { clock: typeof now === 'number' ? () => now : now }
  const kdc: Kdc = {
    directory,
    random: options.random,
    ticketLifetime: options.ticketLifetime ?? 10 * HOUR,
    renewLifetime: options.renewLifetime ?? 7 * 24 * HOUR,
    clockSkew: options.clockSkew ?? HOUR / 12,
    acceptUnkeyedChecksums: options.dangerouslyAcceptUnkeyedChecksums ?? false,
    fast: options.fast ?? 'offered',
    compoundIdentity: options.compoundIdentity ?? false,
    misbehave: { ...options.misbehave },
    passwordPolicy: options.passwordPolicy ?? {},
    writePac: options.writePac,
    now: () => state.clock(),
  }
  const journal: Exchange[] = []
  const ending = new AbortController()
  const { udpReplyLimit = WINDOWS_UDP_LIMIT } = options
  const front = createFront(kdc, journal, { udpReplyLimit, ended: ending.signal })
  return Object.assign(state, {
    kdc,
    directory,
    front,
    journal,
    relativeIds: new RelativeIds(domainSid),
    listeners: [],
    passwordListeners: [],
    neighbours: [],
    ending,
  })
}

async function createKrbtgt(domainSid: string, { random }: TestRealmOptions): Promise<Account> {
  const krbtgt: Account = {
    kind: 'krbtgt',
    name: 'krbtgt',
    relativeId: 502,
    sid: `${domainSid}-502`,
    groups: [],
    keys: [],
    kvno: 1,
    salt: '',
    encryptionTypes: [18],
    settings: { spns: ['kadmin/changepw'], sessionKeyTypes: [18, 17, 20, 19, 26, 25, 23] },
  }
  await setKeys(krbtgt, undefined, random)
  return krbtgt
}

const states = new WeakMap<TestRealm, RealmState>()

/** Keeps the state of a realm, for `stateOf`. */
export function remember(realm: TestRealm, state: RealmState): void {
  states.set(realm, state)
}

/**
 * Returns the state of a realm of this process.
 *
 * @throws ConfigurationError for an object that `createTestRealm` has not made
 */
export function stateOf(realm: TestRealm): RealmState {
  const state = states.get(realm)
  if (state === undefined)
    throw new ConfigurationError('a trust wants a realm made by createTestRealm, or { realm: NAME, password }')
  return state
}

const HOUR = 3600_000

/** MaxDatagramReplySize of a Windows KDC, in octets. */
const WINDOWS_UDP_LIMIT = 1465
