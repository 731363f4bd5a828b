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

/** A service as it was asked for, read. */
export interface ServiceTarget extends Principal {
  /** `HTTP/api.ad.test@AD.TEST`: the same for all ways of writing it. */
  readonly text: string
  /** As it was asked for, for what people read; `HTTP/api.ad.test` of `HTTP@api.ad.test`. */
  readonly asked: string
  /** Whether the realm stood behind the name, and was not found for it. */
  readonly isRealmNamed: boolean
}

/**
 * What begins at the user's KDC, whatever realm was named, goes where its referrals lead.
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH when the ticket is for the service of that name in another realm than the one named
 */
export function requireNamedRealm({ isRealmNamed, realm, text }: ServiceTarget, { service }: ServiceTicket): void {
  if (!isRealmNamed || sameRealmIgnoringCase(realm, service.realm)) return
  throw new RejectedTokenError(`${text} was asked for, and the ticket is one for ${formatPrincipal(service)}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    status: 502,
    hint: 'Name the service without its realm, or with the one that it is in.',
  })
}

/** Targets remembered; a service calls few, and whoever names ever new ones fills no memory. */
const MAX_TARGETS = 500

/** Reads what services are called, and remembers it: the same few are asked for in every request. */
export class ServiceTargets {
  private readonly known = new LRUCache<string, ServiceTarget>({ max: MAX_TARGETS })
  private readonly ownRealm: string
  private readonly self: string
  private readonly conf: Krb5Configuration | undefined
  /** What krb5.conf said when they were read: when it has changed, they are read again. */
  private readWith: Krb5Conf | undefined

  constructor(self: Principal, conf: Krb5Configuration | undefined) {
    this.self = formatPrincipal(self)
    this.ownRealm = self.realm
    this.conf = conf
  }

  /** @throws MalformedTokenError */
  read(spn: string): ServiceTarget {
    const conf = this.conf?.conf
    if (conf !== this.readWith) this.known.clear()
    this.readWith = conf
    const known = this.known.get(spn)
    if (known) return known
    // An account may be called `postgres@ad.test`.
    const asked = spn === this.self ? spn : withoutHostBasedForm(spn)
    const target = Object.freeze({ ...targetOf(asked, this.ownRealm, conf), asked })
    this.known.set(spn, target)
    return target
  }
}

/**
 * `HTTP/api.ad.test`, with or without a realm. Without one it is the realm that krb5.conf names for the host, else the own: a KDC that
 * knows better refers to the right one. @throws MalformedTokenError
 */
function targetOf(spn: string, ownRealm: string, conf: Krb5Conf | undefined): Omit<ServiceTarget, 'asked'> {
  const { name, realm } = parseTarget(spn)
  const isRealmNamed = realm !== UNSAID
  const host = hostOf(name.nameString)
  const mapped = host === undefined ? undefined : conf?.realmOf(host)
  const target = { name, realm: isRealmNamed ? realm : (mapped ?? ownRealm) }
  return { ...target, text: formatPrincipal(target), isRealmNamed }
}

/** A URL is what people have at hand. */
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

/** Without the port or the instance, and without the brackets of an address. Undefined for names that are no SPN. */
function hostOf(nameString: readonly string[]): string | undefined {
  try {
    return parseSpn(nameString.join('/')).host.replace(/^\[|\]$/g, '')
  } catch (error) {
    if (error instanceof MalformedTokenError) return undefined
    throw error
  }
}

/** No realm can be called this. */
const UNSAID = '\0'
