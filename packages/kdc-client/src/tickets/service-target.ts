import {
  formatPrincipal,
  type Krb5Conf,
  MalformedTokenError,
  parsePrincipal,
  parseSpn,
  printableName,
  type Principal,
  RejectedTokenError,
  sameRealmIgnoringCase,
  withoutHostBasedForm,
} from '@s4u/krb5'
import { LRUCache } from 'lru-cache'
import type { Krb5Configuration } from '../configuration/krb5-configuration.js'
import type { ServiceTicket } from './service-ticket.js'

/** A parsed service name. */
export interface ServiceTarget extends Principal {
  /** The name with its realm, `HTTP/api.ad.test@AD.TEST`, the same for all ways to write it. */
  readonly text: string
  /** The name for messages: `HTTP/api.ad.test`, also if `HTTP@api.ad.test` was written. */
  readonly asked: string
  /** The realm was part of the name, and was not found for it. */
  readonly isRealmNamed: boolean
}

/**
 * Compares the realm of a ticket with the realm that the caller named. A request begins at the
 * user's KDC and goes where its referrals lead, whatever realm was named.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH if the service of that name is in another realm
 */
export function requireNamedRealm({ isRealmNamed, realm, text }: ServiceTarget, { service }: ServiceTicket): void {
  if (!isRealmNamed || sameRealmIgnoringCase(realm, service.realm)) return
  throw new RejectedTokenError(`${text} was asked for, and the ticket is one for ${formatPrincipal(service)}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    status: 502,
    hint: 'Name the service without its realm, or with the one that it is in.',
  })
}

/**
 * Names that are remembered. A service calls few others, and a caller who sends new names all the
 * time cannot fill the memory.
 */
const MAX_TARGETS = 500

/** Parses service names and remembers the results: each request names the same few services. */
export class ServiceTargets {
  readonly #known = new LRUCache<string, ServiceTarget>({ max: MAX_TARGETS })
  readonly #ownRealm: string
  readonly #self: string
  readonly #conf: Krb5Configuration | undefined
  /** The krb5.conf with which the names were parsed. When it has changed, they are parsed again. */
  #readWith: Krb5Conf | undefined

  constructor(self: Principal, conf: Krb5Configuration | undefined) {
    this.#self = formatPrincipal(self)
    this.#ownRealm = self.realm
    this.#conf = conf
  }

  /** @throws MalformedTokenError */
  read(spn: string): ServiceTarget {
    const conf = this.#conf?.conf
    if (conf !== this.#readWith) this.#known.clear()
    this.#readWith = conf
    const known = this.#known.get(spn)
    if (known) return known
    // The name of an account may look like this: `postgres@ad.test`.
    const asked = spn === this.#self ? spn : withoutHostBasedForm(spn)
    const target = Object.freeze({ ...targetOf(asked, this.#ownRealm, conf), asked })
    this.#known.set(spn, target)
    return target
  }
}

/**
 * Parses `HTTP/api.ad.test`, with or without a realm. Without one, the realm is the one that
 * krb5.conf maps the host to, else the client's realm, whose KDC refers to another realm if it
 * knows better.
 *
 * @throws MalformedTokenError
 */
function targetOf(spn: string, ownRealm: string, conf: Krb5Conf | undefined): Omit<ServiceTarget, 'asked'> {
  const { name, realm } = parseTarget(spn)
  const isRealmNamed = realm !== UNSAID
  const host = hostOf(name.nameString)
  const mapped = host === undefined ? undefined : conf?.realmOf(host)
  const target = { name, realm: isRealmNamed ? realm : (mapped ?? ownRealm) }
  return { ...target, text: formatPrincipal(target), isRealmNamed }
}

/** Parses a name. For a URL the error says which name to write. */
function parseTarget(spn: string): Principal {
  try {
    return parsePrincipal(spn, { realm: UNSAID })
  } catch (error) {
    const host = typeof spn === 'string' ? /^https?:\/\/([^/:?#@\s]+)/i.exec(spn)?.[1] : undefined
    if (host === undefined || !(error instanceof MalformedTokenError)) throw error
    const { path, found } = error
    throw new MalformedTokenError({
      ...{ path, expected: 'the name of a service, and not a URL', found, status: error.status, cause: error },
      hint: `Write HTTP/${printableName(host)}.`,
    })
  }
}

/**
 * Returns the host without port and without the brackets of an address; undefined for a name that
 * is no SPN.
 */
function hostOf(nameString: readonly string[]): string | undefined {
  try {
    return parseSpn(nameString.join('/')).host.replace(/^\[|\]$/g, '')
  } catch (error) {
    if (error instanceof MalformedTokenError) return undefined
    throw error
  }
}

/** Stands for a missing realm. No realm can have this name. */
const UNSAID = '\0'
