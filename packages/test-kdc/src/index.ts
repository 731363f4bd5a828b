/**
 * An embedded Kerberos realm for demos and tests; never for production.
 *
 * `createTestRealm({ realm, users, services })` is a KDC with the rules of Active Directory in this process: give its `transport` to
 * a client in a unit test, or let it `listen()` on a loopback address for real ones.
 */

export { createTestRealm } from './create-test-realm.js'
export type { Exchange, FastSupport } from './kdc.js'
export type { ListenAddress, ListenOptions, RealmAddress } from './listen.js'
export type { Misbehaviour } from './misbehave.js'
export { NT_STATUS, type NtStatusName } from './refusal.js'
export type { AccountChange, TestOtp, TestPasswordPolicy, TestService, TestUser } from './settings.js'
export type { TestRealm, TestRealmOptions, TestTrust, TransportOptions } from './test-realm.js'
