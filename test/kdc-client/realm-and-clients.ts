import { createTestRealm, type TestRealm, type TestRealmOptions } from '@s4u/test-kdc'
import { createKdcClient, type KdcClient, type KdcClientOptions } from '@s4u/kdc-client'

/** A realm with the accounts that most tests are about. */
export function adTest(options: Partial<TestRealmOptions> = {}): Promise<TestRealm> {
  return createTestRealm({
    realm: 'AD.TEST',
    users: {
      alice: { password: 'pw-alice' },
      bob: { password: 'pw-bob', upn: 'bob.builder@corp.example' },
      carol: { password: 'pw-carol', sensitive: true },
      ...options.users,
    },
    services: {
      web: {
        spns: ['HTTP/web.ad.test'],
        trustedToAuthForDelegation: true,
        allowedToDelegateTo: ['HTTP/api.ad.test'],
      },
      kcd: { spns: ['HTTP/kcd.ad.test'], allowedToDelegateTo: ['HTTP/api.ad.test'] },
      rbcd: { spns: ['HTTP/rbcd.ad.test'] },
      api: { spns: ['HTTP/api.ad.test'], allowedToActOnBehalfOf: ['rbcd'] },
      vault: { spns: ['HTTP/vault.ad.test'] },
      ...options.services,
    },
    ...Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'users' && name !== 'services')),
  })
}

/** A client that signs in as a service with its keytab. */
export function clientOf(realm: TestRealm, service: string, options: Partial<KdcClientOptions> = {}): KdcClient {
  return createKdcClient({
    kdc: realm.transport,
    credentials: { keytab: realm.keytabFor(service) },
    now: () => realm.now,
    ...options,
  })
}

/** A client that signs in as a user. */
export function userClient(realm: TestRealm, principal: string, options: Partial<KdcClientOptions> = {}): KdcClient {
  const password = `pw-${principal.replace(/@.*/, '')}`
  return createKdcClient({
    kdc: realm.transport,
    credentials: { principal: principal.includes('@') ? principal : `${principal}@${realm.realm}`, password },
    now: () => realm.now,
    ...options,
  })
}

/** What a promise is rejected with. */
export async function refusalOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof Error) return Object.assign(outcome)
  throw new Error('it was granted')
}
