import type { RealmKey } from './addresses.js'
import type { ToolKey } from './debian/packages.js'

/** What a suite may ask for: realms by their short names, and programs. */
export type Wanted = RealmKey | ToolKey

/**
 * What a test needs to know about the realms of this run. Plain data: it travels to the test
 * workers as JSON.
 */
export interface RealmsInfo {
  /** State, logs and keytabs of this run; gone when the run ends. */
  directory: string
  /**
   * Addresses `BLOCK.1` to `BLOCK.254` belong to this run; .40 and above are free for a test's own
   * servers.
   */
  block: string
  krb5Config: string
  /**
   * What a Kerberos program needs in its environment to see these realms and nothing of the
   * machine's own.
   */
  environment: Record<string, string>
  realms: Partial<Record<RealmKey, RealmInfo>>
  /** Why a realm or a program that was asked for is not there. */
  unavailable: Partial<Record<Wanted, string>>
}

export interface RealmInfo {
  /** `CORP.TEST` */
  name: string
  /** `corp.test` */
  domain: string
  kind: 'samba' | 'mit-ldap' | 'mit-db2' | 'heimdal'
  /** Where the realm's own programs run, as on a machine of its own: see `runAt` of clients.ts. */
  machine: Machine
  kdc: Address
  kpasswd?: Address
  /**
   * MIT with LDAP only: a second KDC of the realm whose UDP answers are always "too big", so that
   * TCP must be tried.
   */
  cappedKdc?: Address
  /** LDAP of the directory itself, Samba only. */
  ldap?: Address
  /** The certificate of the directory for LDAP over TLS, PEM; Samba only. */
  ldapCertificate?: string
  administrator?: Account
  /** Heimdal only: its own client programs, and the LD_LIBRARY_PATH that they need. */
  clients?: { kinit: string; kgetcred: string; kadmin: string; libraries: string }
  users: Record<string, UserInfo>
  services: Record<string, ServiceInfo>
  /** A keytab with every key of the realm, krbtgt included: it opens anything. Samba only. */
  everyKey?: string
}

export interface Machine {
  /** Its state, logs and keytabs; a path inside and outside of `root`. */
  directory: string
  /** The root folder of its programs, where that is not this machine's. */
  root?: string
  environment: Record<string, string>
  /** Samba only. */
  smbConf?: string
}

export interface Address {
  host: string
  port: number
}

export interface Account {
  /** `alice@CORP.TEST` */
  principal: string
  password: string
}

export interface UserInfo extends Account {
  /**
   * A name of type NT-ENTERPRISE that the KDC also takes, where there is one:
   * `bob.builder@corp.example`.
   */
  enterpriseName?: string
  /** What is special about this user. */
  note: string
  /** SIDs are assigned by the directory; these are the group names, Samba only. */
  groups: string[]
}

export interface ServiceInfo {
  /**
   * The principal that signs in: `svc-web@CORP.TEST` on Samba, the service's own name elsewhere.
   */
  principal: string
  /** `HTTP/web.corp.test` */
  spn: string
  /** `web.corp.test` */
  host: string
  /** Keys of the account and of the SPN, the account's first. */
  keytab: string
  /** Samba only: the others have random keys. */
  password?: string
  protocolTransition: boolean
  /** The names in its delegation list. */
  delegatesTo: string[]
  note: string
}
