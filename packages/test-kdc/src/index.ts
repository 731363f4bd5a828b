/**
 * An embedded Kerberos realm for demos and tests; never for production.
 *
 * `createTestRealm({ realm, users, services })` is a KDC with the rules of Active Directory in this
 * process: give its `transport` to a client in a unit test, or let it `listen()` on a loopback
 * address for real ones.
 */

export { createTestRealm } from './create-test-realm.js'
export type { Exchange, FastSupport } from './kdc/kdc.js'
export type { ListenAddress, ListenOptions, RealmAddress } from './network/listen.js'
export type { Misbehaviour } from './kdc/misbehave.js'
export { NT_STATUS, type NtStatusName } from './kdc/refusal.js'
export type { AccountChange, TestOtp, TestPasswordPolicy, TestService, TestUser } from './directory/settings.js'
export type { TestRealm, TestRealmOptions, TestTrust, TransportOptions } from './realm/test-realm.js'
