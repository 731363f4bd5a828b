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
  /** Whether PACs that come over it are filtered. */
  readonly sidFiltering: boolean
  /** The domains on its other side. Undefined for a real realm, of which nothing is known. */
  domainSids(): readonly string[] | undefined
  /** The realms that can be reached beyond this one. */
  beyond(): readonly { readonly realm: string; readonly domains: readonly string[] }[]
}

/** What a name stands for as a server: an account here, the way to another realm, or nothing. */
export type Destination = { readonly account: Account } | { readonly trust: Trust } | undefined

/** Accounts by all the names that Active Directory knows them by. */
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

  /** By account name, with or without the `$` of computers. */
  findByAccountName(name: string): Account | undefined {
    return this.#accounts.get(asciiLower(name)) ?? this.#accounts.get(asciiLower(name).replace(/\$$/, ''))
  }

  /** By SPN without regard to case; a class that every host has, such as cifs, is found under `host` too. */
  findBySpn(spn: string): Account | undefined {
    const wanted = asciiLower(spn)
    const holder = (name: string): Account | undefined =>
      [this.krbtgt, ...this.accounts()].find(({ settings }) =>
        settings.spns?.some((candidate) => asciiLower(candidate) === name),
      )
    const [serviceClass, ...rest] = wanted.split('/')
    return holder(wanted) ?? (HOST_CLASSES.has(serviceClass) ? holder(['host', ...rest].join('/')) : undefined)
  }

  /** By UPN, explicit or implied, without regard to case. */
  findByUpn(upn: string): Account | undefined {
    const wanted = asciiLower(upn)
    const at = wanted.lastIndexOf('@')
    if (at < 0) return undefined
    const explicit = this.accounts().find((account) => asciiLower(upnOf(account, this.realm).upn) === wanted)
    return explicit ?? (this.isOwnRealm(wanted.slice(at + 1)) ? this.findByAccountName(wanted.slice(0, at)) : undefined)
  }

  /** The account that signs in under this name, of whatever type. A service signs in by account name: its SPN is no client. */
  findClient({ nameString }: PrincipalName): Account | undefined {
    if (nameString.length !== 1) return undefined
    const [name] = nameString
    return name.includes('@') ? this.findByUpn(name) : this.findByAccountName(name)
  }

  /** The account that a client certificate stands for: mapped explicitly, or by the UPN in it. The certificate is not verified. */
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

/** Source: the attribute sPNMappings as Windows sets it, as far as tests need it. */
const HOST_CLASSES = new Set(['cifs', 'http', 'www', 'dns', 'rpcss', 'spooler', 'wins', 'time', 'schedule', 'eventlog'])

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index])
}
