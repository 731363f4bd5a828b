/**
 * What only the directory knows: accounts with their service principal names, names of SIDs,
 * delegation settings. LDAP to a domain controller, opened with the service's own ticket, signed
 * and sealed.
 */

export type {
  AccountKind,
  AccountState,
  AllowedToAct,
  DelegationSettings,
  DirectoryAccount,
} from './interface/directory-account.js'
export { ldifOf } from './changes/ldif.js'
export {
  type NewAccount,
  type NewComputer,
  type NewUser,
  planComputer,
  planPassword,
  planUser,
} from './changes/plan-account.js'
export {
  type AccountSettings,
  type AllowedToActChange,
  planAllowedToAct,
  planSettings,
} from './changes/plan-delegation.js'
export { planServiceNames, type ServiceNameChange } from './changes/plan-service-names.js'
export type { AttributeValue, DirectoryChange, Modification } from './interface/directory-change.js'
export type { SaslMechanism } from './ldap/sasl-bind-request.js'
export type { ControllerDns } from './controllers/find-controllers.js'
export type {
  CallOptions,
  Directory,
  DirectoryFacts,
  DirectoryGroup,
  DirectorySearch,
  SearchOptions,
} from './interface/directory.js'
export {
  DIRECTORY_OPTIONS,
  type DirectoryClient,
  type DirectoryOptions,
  type DirectoryServer,
  type Protection,
  type ServerList,
} from './interface/directory-options.js'
export type { DirectoryTrust, TrustKind } from './interface/directory-trust.js'
export { wellKnownName } from './names/well-known-sids.js'
export { type DirectoryAnswer, DirectoryError, DirectoryUnreachableError, type FailedController } from './errors.js'
export { DirectoryEntry } from './ldap/directory-entry.js'
export { filter } from './ldap/filter.js'
export type { ManagedPassword } from './interface/managed-password.js'
export { joinAccount, type JoinedAccount } from './joining/join-account.js'
export type { JoinOptions, PasswordKeeper } from './joining/join-options.js'
export { managedKeytab } from './managed-password/managed-keytab.js'
export { openDirectory } from './open-directory.js'
export { type PublicEntryOptions, readPublicEntry } from './session/read-public-entry.js'
