import { changePassword, createKdcClient, type KdcClient, type KdcClientOptions, parseUser } from '@s4u/kdc-client'
import { formatPrincipal, NameType } from '@s4u/krb5'
import type { KdcOptions } from '../kdc/kdc-options.js'
import type { ServiceClient } from '../kdc/service-client.js'
import type { PasswordSubject, SecretSubject } from './secret-subject.js'

/**
 * Users at the KDC, with their own passwords. Their clients share the way to the KDCs with the
 * service's.
 */
export class UserClients {
  readonly #service: ServiceClient
  readonly #options: KdcOptions

  constructor(service: ServiceClient, { kdc = {} }: { readonly kdc?: KdcOptions }) {
    this.#service = service
    this.#options = kdc
  }

  /**
   * A user at the same KDC, with a password; forgotten with the client. @throws ConfigurationError,
   * MissingKeyError, MalformedTokenError
   */
  async of(subject: SecretSubject): Promise<KdcClient> {
    const { user, password } = subject
    const service = await this.#service.getFor(user)
    const secret =
      'otp' in subject
        ? { otp: subject.otp, ...(password !== undefined && { password }) }
        : { password: subject.password }
    const credentials = { ...this.#named(user, service), ...secret }
    return createKdcClient({ ...this.#service.kdcOptions(), ...this.#askingFor(service), credentials })
  }

  /**
   * The same user's password, at the password servers of the KDCs. @throws
   * PasswordChangeRefusedError and others
   */
  async changePassword({ user, password }: PasswordSubject, newPassword: string, signal?: AbortSignal): Promise<void> {
    const service = await this.#service.getFor(user)
    const { domains: _domains, forwardable: _forwardable, pac: _pac, ...options } = this.#service.kdcOptions()
    const change = { ...this.#named(user, service), oldPassword: password, newPassword, ...(signal && { signal }) }
    await changePassword({ ...options, ...this.#askingFor(service), ...change })
  }

  #named(user: string, { realm }: KdcClient): { readonly principal: string; readonly enterprise?: boolean } {
    const principal = parseUser(user, realm, this.#options.domains)
    return principal.name.nameType === NameType.ENTERPRISE
      ? { principal: principal.name.nameString[0], enterprise: true }
      : { principal: formatPrincipal(principal) }
  }

  /** Where a user's password may go, and how it is armored. */
  #askingFor(service: KdcClient): Pick<KdcClientOptions, 'realm' | 'mayFollow' | 'armor' | 'fast'> {
    const { realm } = service
    // A typed name may say any realm, and anybody on the way may send us to one: the password goes
    // where a trust leads.
    const whereTrusted: KdcClientOptions['mayFollow'] = (other, { signal }) =>
      service.trusts(other, signal ? { signal } : {})
    const { mayFollow = whereTrusted } = this.#options
    return { ...this.#armorOfUsers(service), realm, mayFollow }
  }

  /**
   * Nobody who listens is to try passwords on a sign-in: the service's own ticket armors it, or
   * that of the machine.
   */
  #armorOfUsers(service: KdcClient): Pick<KdcClientOptions, 'armor' | 'fast'> {
    const { fast = 'allow' } = this.#options
    return fast === 'off' ? { fast } : { fast, armor: service }
  }
}
