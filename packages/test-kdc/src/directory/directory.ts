import { asciiLower, type Key, type PrincipalName, sameRealmIgnoringCase } from '@s4u/krb5'
import { type Account, upnOf } from './account.js'
import { subjectUpn } from './certificate.js'

/** A trusted realm, and the keys of the two krbtgt principals between it and this one. */
export interface Trust {
  readonly realm: string
  readonly domains: readonly string[]
  /** krbtgt/THEIRS@OURS: seals the referrals that we issue. */
  readonly outbound: Key
  /** krbtgt/OURS@THEIRS: opens the referrals that they issue. */
  readonly inbound: Key
  /** Whether the PACs that come over the trust are filtered. */
  readonly sidFiltering: boolean
  /**
   * Returns the SIDs of the domains behind the trust. Undefined for a real realm: they are not
   * known.
   */
  domainSids(): readonly string[] | undefined
  /** Returns the realms that can be reached through this one. */
  beyond(): readonly { readonly realm: string; readonly domains: readonly string[] }[]
}

/**
 * What a server name stands for: an account of this realm, the way to another realm, or nothing.
 */
export type Destination = { readonly account: Account } | { readonly trust: Trust } | undefined

/** The accounts and trusts of a realm. Finds accounts by each name that Active Directory knows. */
export class Directory {
  readonly realm: string
  readonly netbiosName: string
  readonly domainSid: string
  readonly krbtgt: Account
  readonly trusts: Trust[] = []
  readonly #accounts = new Map<string, Account>()

  constructor(realm: string, domainSid: string, krbtgt: Account) {
    this.realm = realm
    this.netbiosName = realm.split('.')[0]
    this.domainSid = domainSid
    this.krbtgt = krbtgt
  }

  add(account: Account): void {
    this.#accounts.set(asciiLower(account.name), account)
  }

  accounts(): readonly Account[] {
    return [...this.#accounts.values()]
  }

  /** Finds an account by its name, with or without the `$` of computers. */
  findByAccountName(name: string): Account | undefined {
    return this.#accounts.get(asciiLower(name)) ?? this.#accounts.get(asciiLower(name).replace(/\$$/, ''))
  }

  /**
   * Finds an account by SPN, without regard to case. Classes that every host has, such as `cifs`,
   * are found under `host` too.
   */
  findBySpn(spn: string): Account | undefined {
    const wanted = asciiLower(spn)
    const holder = (name: string): Account | undefined =>
      [this.krbtgt, ...this.accounts()].find(({ settings }) =>
        settings.spns?.some((candidate) => asciiLower(candidate) === name),
      )
    const [serviceClass, ...rest] = wanted.split('/')
    return holder(wanted) ?? (HOST_CLASSES.has(serviceClass) ? holder(['host', ...rest].join('/')) : undefined)
  }

  /** Finds an account by UPN, explicit or implied, without regard to case. */
  findByUpn(upn: string): Account | undefined {
    const wanted = asciiLower(upn)
    const at = wanted.lastIndexOf('@')
    if (at < 0) return undefined
    const explicit = this.accounts().find((account) => asciiLower(upnOf(account, this.realm).upn) === wanted)
    return explicit ?? (this.isOwnRealm(wanted.slice(at + 1)) ? this.findByAccountName(wanted.slice(0, at)) : undefined)
  }

  /**
   * Finds the account that signs in under this name. A service signs in by its account name; an SPN
   * cannot sign in.
   */
  findClient({ nameString }: PrincipalName): Account | undefined {
    if (nameString.length !== 1) return undefined
    const [name] = nameString
    return name.includes('@') ? this.findByUpn(name) : this.findByAccountName(name)
  }

  /**
   * Finds the account of a client certificate: by the `certificates` of an account, else by the UPN
   * in the certificate. The certificate is not verified.
   */
  findByCertificate(certificate: Uint8Array): Account | undefined {
    const mapped = this.accounts().find(({ settings }) =>
      settings.certificates?.some((each) => sameOctets(each, certificate)),
    )
    const upn = mapped === undefined ? subjectUpn(certificate) : undefined
    return mapped ?? (upn === undefined ? undefined : this.findByUpn(upn))
  }

  isOwnRealm(name: string): boolean {
    return sameRealmIgnoringCase(name, this.realm) || sameRealmIgnoringCase(name, this.netbiosName)
  }

  findTrust(realm: string): Trust | undefined {
    return this.trusts.find((trust) => sameRealmIgnoringCase(trust.realm, realm))
  }
}

/** Some of the service classes in the attribute sPNMappings of Windows: those that tests need. */
const HOST_CLASSES = new Set(['cifs', 'http', 'www', 'dns', 'rpcss', 'spooler', 'wins', 'time', 'schedule', 'eventlog'])

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index])
}
