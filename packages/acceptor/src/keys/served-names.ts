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
 * so this holds up nobody who rewrites it; but whoever has a ticket for another service that shares
 * the key (`cifs/…` or `ldap/…` of one account) does not get in here by sending it on. ASCII letter
 * case does not count: neither Active Directory nor the DNS look at it.
 *
 * Without being told, a host is also known by its first label, as every computer and every `setspn
 * -S` registers it; an account, whose SPNs only the directory knows, by every `HTTP/…`; and a
 * `host/…`, which Active Directory takes for many classes, by `HTTP/…`.
 */
export class ServedNames {
  readonly #names: ReadonlySet<string>
  readonly #realms: readonly string[]

  /**
   * @param aliases `HTTP/portal.ad.test`, with or without realm; `HTTP/*` is any host. @throws
   * ConfigurationError
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
 * Somebody sent a ticket for another service on to us, or we do not know all our names. @param
 * openedWith whose key
 */
export function notServed(ticket: Ticket, openedWith: string): RejectedTokenError {
  return new RejectedTokenError(
    `the ticket is for ${clearTextName(ticket)}, which is none of the names served here, although it opens with the key of ${openedWith}`,
    { code: 'KRB_AP_ERR_NOT_US', hint: HINT_ALIAS },
  )
}

const HINT_ALIAS =
  'If clients may call this service by that name (another SPN of the same account, a DNS alias), list it in the option serviceAliases. Otherwise a ticket for another service of the account was sent here.'
/** Stands for the realm that a configured name does not have. No realm is called this. */
export const ANY_REALM = '*'

const ANY_HOST = '*'

/** A configured name. @param option whose it is @throws ConfigurationError */
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
