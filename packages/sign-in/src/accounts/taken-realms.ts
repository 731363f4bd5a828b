import { ConfigurationError, RejectedTokenError, shownInput } from '@s4u/krb5'
import type { CallerIdentity, SignInSite } from '@s4u/negotiate'

/**
 * The realms whose users may come where the secret that was checked does not say the realm: a
 * RADIUS server may strip it from `alice@EAST.TEST`, and has then checked the code of our `alice`.
 */
export class TakenRealms {
  readonly #source: string
  readonly #site: Pick<SignInSite, 'realm'>
  readonly #others: readonly string[]

  /**
   * @param source as in the options: `passcode`
   * @param others beside the own realm, as `requireRealms` has checked them
   */
  constructor(source: string, site: Pick<SignInSite, 'realm'>, others: readonly string[]) {
    this.#source = source
    this.#site = site
    this.#others = others.map((realm) => realm.toUpperCase())
  }

  /**
   * Requires that a name says no other realm behind the `@`. It is asked before the KDC is: a
   * suffix of user principal names may lead to an account of our own that is somebody else's.
   *
   * @throws RejectedTokenError KDC_ERR_PREAUTH_FAILED, 401: as for a wrong secret
   */
  async requireName(name: string): Promise<void> {
    const at = name.lastIndexOf('@')
    if (at > 0) await this.#require(name.slice(at + 1), name)
  }

  /**
   * Requires the realm of the account that was found: `EAST\alice` does not say it before.
   *
   * @throws RejectedTokenError KDC_ERR_PREAUTH_FAILED, 401
   */
  async requireFound({ realm, principal }: Pick<CallerIdentity, 'realm' | 'principal'>): Promise<void> {
    await this.#require(realm, principal)
  }

  async #require(realm: string, name: string): Promise<void> {
    const written = realm.trim().toUpperCase()
    if (this.#others.includes(written) || written === (await this.#site.realm()).toUpperCase()) return
    const shown = /^[\w.-]+$/.test(written) ? written : '…'
    throw new RejectedTokenError(`${this.#source}: the name ${name} is of ${written}, whose users are not taken here`, {
      code: 'KDC_ERR_PREAUTH_FAILED',
      hint: `If what checks the secret tells users of several realms apart, write ${this.#source}({ realms: ['${shown}'] }).`,
    })
  }
}

/** @throws ConfigurationError */
export function requireRealms(source: string, realms: readonly string[]): void {
  const wrong = realms.find((realm) => !/^[^\s@\\/]{1,255}$/.test(realm))
  if (wrong === undefined) return
  throw new ConfigurationError(
    `${source}: realms must be names of realms, such as EAST.TEST, and not ${shownInput(wrong)}`,
    {
      hint: "Write realms: ['EAST.TEST'], and suffixes of user principal names as they stand behind the @.",
    },
  )
}
