import type { Identity } from '@s4u/acceptor'
import { RejectedTokenError } from '@s4u/kdc-client'
import { sameRealmIgnoringCase } from '@s4u/krb5'
import type { CallerAccount, DirectorySource } from './caller-directory.js'
import { withoutDirectory } from './directory-option.js'

/** What the directory says of a caller. */
export interface CallerProfile {
  readonly displayName: string | undefined
  readonly mail: string | undefined
  readonly department: string | undefined
  readonly userPrincipalName: string | undefined
  readonly accountName: string
  /** The distinguished name of the account. */
  readonly dn: string
  /**
   * Names of the groups that the caller's ticket has: `CORP\Sales`. Groups whose name is not known
   * are left out.
   */
  readonly groupNames: readonly string[]
}

/** How long a profile is handed out again; milliseconds. */
const KEPT_FOR = 300_000

/** Some kilobytes each. */
const MAX_PROFILES = 10_000

interface Kept {
  readonly profile: Promise<CallerProfile>
  readonly askedAt: number
}

/** Profiles of callers, asked for when an app wants them, and never by authentication. */
export class Profiles {
  readonly #source: DirectorySource
  readonly #now: () => number
  readonly #kept = new Map<string, Kept>()

  constructor(source: DirectorySource, now: () => number) {
    this.#source = source
    this.#now = now
  }

  /**
   * @throws RejectedTokenError where the directory has no such account, or answers with another one
   */
  of(identity: Identity): Promise<CallerProfile> {
    const key = `${identity.principal} ${identity.sid ?? ''} ${groupsOf(identity)?.join() ?? ''}`
    const known = this.#kept.get(key)
    const age = this.#now() - (known?.askedAt ?? -Infinity)
    if (known !== undefined && age >= 0 && age < KEPT_FOR) return known.profile
    const profile = this.#ask(identity)
    this.#keep(key, { profile, askedAt: this.#now() })
    profile.catch(() => this.#kept.delete(key))
    return profile
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    if (this.#kept.size <= MAX_PROFILES) return
    const [oldest] = this.#kept.keys()
    this.#kept.delete(oldest)
  }

  async #ask(identity: Identity): Promise<CallerProfile> {
    const directory = await this.#source()
    // A foreign KDC chooses the principal. A principal that reads as another kind of name must not
    // lead to an account.
    if (identity.sid === undefined && !IS_PLAIN.test(identity.principal)) throw mismatch(identity, 'is not asked')
    const account = await directory.account(identity.sid ?? identity.principal)
    if (account === undefined) throw mismatch(identity, 'has no such account')
    if (!isOf(identity, account)) throw mismatch(identity, 'answered with another account')
    const names = await directory.namesOf(groupsOf(identity) ?? account.groupSids)
    const { displayName, mail, department, userPrincipalName, name, dn } = account
    return Object.freeze({
      ...{ displayName, mail, department, userPrincipalName, dn },
      accountName: name,
      groupNames: Object.freeze([...names.values()]),
    })
  }
}

/**
 * `alice@EAST.TEST`: no distinguished name, service principal name or name with a domain in front.
 */
const IS_PLAIN = /^[^=,/\\@]+@[^=,/\\@]+$/

/** Returns the groups of the ticket; undefined if the ticket does not tell them. */
function groupsOf(identity: Identity): readonly string[] | undefined {
  return identity.groupsUnknown === undefined ? identity.groups : undefined
}

/** By the SID where the ticket has one, else by the name and the realm. */
function isOf(identity: Identity, account: CallerAccount): boolean {
  if (identity.sid !== undefined) return account.sid === identity.sid
  const at = account.principal.lastIndexOf('@')
  const [name, realm] = [account.principal.slice(0, at), account.principal.slice(at + 1)]
  return identity.principal === `${name}@${identity.realm}` && sameRealmIgnoringCase(identity.realm, realm)
}

function mismatch({ principal }: Identity, what: string): RejectedTokenError {
  return new RejectedTokenError(`profile: the directory ${what} for ${principal}`, {
    code: 'noSuchObject',
    status: 502,
  })
}

/** @throws ConfigurationError where there is no directory */
export function profileOf(identity: Identity, profiles: Profiles | undefined): Promise<CallerProfile> {
  if (profiles === undefined) return Promise.reject(withoutDirectory('identity.profile()'))
  return profiles.of(identity)
}
