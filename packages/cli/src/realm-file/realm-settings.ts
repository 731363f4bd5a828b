import type { TestRealmOptions } from '@s4u/test-kdc'

/** A realm as people write it into a file; `createTestRealm` checks what is in it. */
export type RealmFile = TestRealmOptions

/** Without a file: enough for the examples of the READMEs. Its passwords are known to everybody. */
export const NO_REALM_FILE: RealmFile = {
  realm: 'AD.TEST',
  users: {
    alice: { password: 'wonderland', groups: ['Sales'] },
    bob: { password: 'builder' },
    carol: { password: 'christmas', sensitive: true },
  },
  services: {
    'svc-web': {
      spns: ['HTTP/web.ad.test'],
      trustedToAuthForDelegation: true,
      allowedToDelegateTo: ['HTTP/api.ad.test'],
    },
    'svc-api': { spns: ['HTTP/api.ad.test'] },
  },
}
