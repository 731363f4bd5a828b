import { asciiLower } from '@s4u/krb5'
import { keytabOf, setKeys } from './directory/account.js'
import { addAccount, changeAccount, requireAccount } from './realm/accounts.js'
import { type ConfiguredRealm, renderKrb5Conf } from './realm/krb5-conf.js'
import { answerKpasswd } from './kpasswd/answer-kpasswd.js'
import { type Answers, listen, type ListenOptions, type RealmAddress } from './network/listen.js'
import { frontFor, reachable } from './realm/realms-in-process.js'
import { createState, type RealmState, remember } from './realm/realm-state.js'
import { checkRealmOptions } from './realm/settings-check.js'
import type { TestRealm, TestRealmOptions } from './realm/test-realm.js'
import { establishTrust } from './realm/trust.js'

/**
 * Makes a Kerberos realm in this process: accounts, keys, and a KDC. It opens no port before
 * `listen()`.
 *
 * @example
 * ```ts
 * import { createTestRealm } from '@s4u/test-kdc'
 *
 * await using realm = await createTestRealm({
 *   realm: 'AD.TEST',
 *   users: { alice: { password: 'wonderland', groups: ['Sales'] } },
 *   services: { web: { spns: ['HTTP/web.ad.test'], allowedToDelegateTo: ['HTTP/api.ad.test'] } },
 * })
 * console.log(realm.keytabFor('HTTP/web.ad.test').principals.length) // 2
 * ```
 *
 * @throws ConfigurationError for a setting that does not exist, or that could never match
 */
export async function createTestRealm(options: TestRealmOptions): Promise<TestRealm> {
  checkRealmOptions(options)
  const state = await createState(options)
  for (const [name, user] of Object.entries(options.users ?? {})) await addAccount(state, 'user', name, user)
  for (const [name, service] of Object.entries(options.services ?? {}))
    await addAccount(state, 'service', name, service)
  const realm = handleOf(state)
  remember(realm, state)
  for (const trust of options.trusts ?? []) await establishTrust(state, trust)
  return realm
}

function handleOf(state: RealmState): TestRealm {
  const { kdc, directory, journal, relativeIds } = state
  return {
    realm: directory.realm,
    domainSid: directory.domainSid,
    misbehave: kdc.misbehave,
    exchanges: journal,
    get now() {
      return kdc.now()
    },
    set now(time) {
      state.clock = () => time
    },
    transport: async (request, { realm, signal } = {}) => frontFor(state, request, realm).inMemory(request, signal),
    kpasswd: async (request, { signal } = {}) => {
      signal?.throwIfAborted()
      return answerKpasswd(kdc, request)
    },
    keytabFor: (name) => keytabOf(requireAccount(directory, name), directory.realm),
    keytabFile: (name) => keytabOf(requireAccount(directory, name), directory.realm).encode(),
    sidOf: (name) => relativeIds.findGroup(name) ?? requireAccount(directory, name).sid,
    change: (name, settings) => changeAccount(state, name, settings),
    addUser: (name, user) => addAccount(state, 'user', name, user),
    addService: (name, service) => addAccount(state, 'service', name, service),
    changePassword: (name, password) => setKeys(requireAccount(directory, name), password, kdc.random),
    listen: (options = {}) => startListening(state, options),
    krb5Conf: (libdefaults) => renderKrb5Conf([...reachable(state)].map(configured), libdefaults),
    [Symbol.asyncDispose]: () => end(state),
  }
}

async function startListening(state: RealmState, options: ListenOptions): Promise<RealmAddress> {
  const listener = await listen(state.front, options)
  state.listeners.push(listener)
  const { host, port } = listener
  const passwords = await listen(passwordServer(state), { host, port: options.kpasswdPort ?? 0 })
  state.passwordListeners.push(passwords)
  return { host, port, kpasswdPort: passwords.port }
}

function passwordServer({ kdc }: RealmState): Answers {
  const answer = async (request: Uint8Array): Promise<Uint8Array | undefined> =>
    kdc.misbehave.dead || kdc.misbehave.silent ? undefined : answerKpasswd(kdc, request)
  return { overUdp: answer, overTcp: answer, isDead: () => kdc.misbehave.dead === true, liesAboutLength: () => false }
}

async function end({ listeners, passwordListeners, ending }: RealmState): Promise<void> {
  ending.abort()
  await Promise.all([...listeners.splice(0), ...passwordListeners.splice(0)].map((listener) => listener.close()))
}

function configured({ directory, listeners, passwordListeners }: RealmState): ConfiguredRealm {
  return {
    realm: directory.realm,
    domains: [asciiLower(directory.realm)],
    addresses: listeners,
    passwordServers: passwordListeners,
  }
}
