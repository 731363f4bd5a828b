import {
  asciiLower,
  ConfigurationError,
  formatPrincipal,
  NameType,
  parsePrincipal,
  RejectedTokenError,
  shownInput,
  withoutHostBasedForm,
} from '@s4u/krb5'
import type { Principal, PrincipalName, Ticket } from '@s4u/krb5'
import { clearTextName } from './clear-text-name.js'

/**
 * The names by which clients may have asked for this service. The name on a ticket is not sealed,
 * so this check does not stop an attacker who rewrites it. It does stop a service with which the
 * account's key is shared (`cifs/…`, `ldap/…`) from sending its callers' tickets on to this one.
 * ASCII letter case does not count: neither Active Directory nor the DNS look at it.
 *
 * Some names are served without being configured:
 *
 * - a host by its first label, as every computer and every `setspn -S` registers it
 * - an account, whose SPNs only the directory knows, by every `HTTP/…`
 * - a `host/…`, which Active Directory takes for many service classes, by `HTTP/…`
 */
export class ServedNames {
  readonly #names: ReadonlySet<string>
  readonly #realms: readonly string[]

  /**
   * @param aliases `HTTP/portal.ad.test`, with or without realm; `HTTP/*` is any host
   * @throws ConfigurationError
   */
  constructor(principals: readonly Principal[], aliases: readonly string[]) {
    const realms = [...new Set(principals.map(({ realm }) => realm))]
    this.#realms = realms
    const others = aliases
      .map((alias) => parseService('serviceAliases', alias))
      .flatMap(({ name, realm }) => (realm === ANY_REALM ? realms : [realm]).map((one) => ({ name, realm: one })))
    this.#names = new Set([...principals.flatMap(namesOf), ...others].map(folded))
  }

  has({ sname, realm }: Ticket): boolean {
    // Heimdal's clients leave the realm of some tickets empty.
    return (realm === '' ? this.#realms : [realm]).some((one) => this.#hasIn(one, sname))
  }

  #hasIn(realm: string, name: PrincipalName): boolean {
    if (this.#names.has(folded({ name, realm }))) return true
    const { nameString } = name
    return nameString.length === 2 && this.#names.has(folded(named(realm, nameString[0], ANY_HOST)))
  }
}

/**
 * Returns the refusal of a ticket for a name that is not served. Either the ticket of another
 * service was sent on to this one, or a name of this service is not configured.
 * @param openedWith the name of the key that opened the ticket
 */
export function notServed(ticket: Ticket, openedWith: string): RejectedTokenError {
  return new RejectedTokenError(
    `the ticket is for ${clearTextName(ticket)}, which is none of the names served here, although it opens with the key of ${openedWith}`,
    { code: 'KRB_AP_ERR_NOT_US', hint: HINT_ALIAS },
  )
}

const HINT_ALIAS =
  'If clients may call this service by that name (another SPN of the same account, a DNS alias), list it in the option serviceAliases. Otherwise a ticket for another service of the account was sent here.'
/** Stands for the realm that a configured name leaves out. No realm has this name. */
export const ANY_REALM = '*'

const ANY_HOST = '*'

/**
 * Returns a configured service name.
 * @param option the option that has the name, for the error
 * @throws ConfigurationError
 */
export function parseService(option: string, text: string): Principal {
  try {
    return parsePrincipal(withoutHostBasedForm(text), { realm: ANY_REALM })
  } catch (cause) {
    throw new ConfigurationError(`${option} ${shownInput(text)} is no principal`, {
      hint: 'Write HTTP/web.ad.test or HTTP/web.ad.test@AD.TEST.',
      cause,
    })
  }
}

function namesOf(principal: Principal): Principal[] {
  const { name, realm } = principal
  const { nameString } = name
  if (nameString.length === 1) return [principal, named(realm, 'HTTP', ANY_HOST)]
  if (nameString.length !== 2) return [principal]
  const [serviceClass, host] = nameString
  const classes = asciiLower(serviceClass) === 'host' ? [serviceClass, 'HTTP'] : [serviceClass]
  return classes.flatMap((one) => [named(realm, one, host), named(realm, one, host.split('.')[0])])
}

function named(realm: string, ...nameString: readonly string[]): Principal {
  return { name: { nameType: NameType.SRV_INST, nameString }, realm }
}

function folded(principal: Principal): string {
  return asciiLower(formatPrincipal(principal))
}
