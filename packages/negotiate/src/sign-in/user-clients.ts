import { changePassword, createKdcClient, type KdcClient, type KdcClientOptions, parseUser } from '@s4u/kdc-client'
import { formatPrincipal, NameType } from '@s4u/krb5'
import type { KdcOptions } from '../kdc/kdc-options.js'
import type { ServiceClient } from '../kdc/service-client.js'
import { unprovenName } from './unproven-name.js'
import type { PasswordSubject, SecretSubject } from './secret-subject.js'

/**
 * KDC clients of users, made with their own passwords. They share the connections of the service.
 */
export class UserClients {
  readonly #service: ServiceClient
  readonly #options: KdcOptions

  constructor(service: ServiceClient, { kdc = {} }: { readonly kdc?: KdcOptions }) {
    this.#service = service
    this.#options = kdc
  }

  /**
   * Returns a client of the user at the same KDC. @throws ConfigurationError, MissingKeyError,
   * MalformedTokenError
   */
  async of(subject: SecretSubject): Promise<KdcClient> {
    const { user, password } = subject
    const service = await this.#service.getFor(user)
    const secret =
      'otp' in subject
        ? { otp: subject.otp, ...(password !== undefined && { password }) }
        : { password: subject.password }
    const credentials = { ...this.#named(user, service), ...secret }
    const shownAs = unprovenName(user)
    return createKdcClient({ ...this.#service.kdcOptions(), ...this.#askingFor(service), credentials, shownAs })
  }

  /**
   * Changes the user's password at the password servers of the KDCs.
   * @throws PasswordChangeRefusedError and others
   */
  async changePassword({ user, password }: PasswordSubject, newPassword: string, signal?: AbortSignal): Promise<void> {
    const service = await this.#service.getFor(user)
    const { domains: _domains, forwardable: _forwardable, pac: _pac, ...options } = this.#service.kdcOptions()
    const change = { ...this.#named(user, service), oldPassword: password, newPassword, ...(signal && { signal }) }
    const shownAs = unprovenName(user)
    await changePassword({ ...options, ...this.#askingFor(service), ...change, shownAs })
  }

  #named(user: string, { realm }: KdcClient): { readonly principal: string; readonly enterprise?: boolean } {
    const principal = parseUser(user, realm, this.#options.domains)
    return principal.name.nameType === NameType.ENTERPRISE
      ? { principal: principal.name.nameString[0], enterprise: true }
      : { principal: formatPrincipal(principal) }
  }

  /** Returns where a user's password may go, and how it is armored. */
  #askingFor(service: KdcClient): Pick<KdcClientOptions, 'realm' | 'mayFollow' | 'armor' | 'fast'> {
    const { realm } = service
    // A typed name may say any realm, and an attacker on the network may point to one: the password
    // goes only where a trust leads.
    const whereTrusted: KdcClientOptions['mayFollow'] = (other, { signal }) =>
      service.trusts(other, signal ? { signal } : {})
    const { mayFollow = whereTrusted } = this.#options
    return { ...this.#armorOfUsers(service), realm, mayFollow }
  }

  /**
   * Armors the sign-in with the service's own ticket, or with that of the machine, so that a
   * listener cannot try passwords on it.
   */
  #armorOfUsers(service: KdcClient): Pick<KdcClientOptions, 'armor' | 'fast'> {
    const { fast = 'allow' } = this.#options
    return fast === 'off' ? { fast } : { fast, armor: service }
  }
}
