import {
  formatPrincipal,
  type Krb5Conf,
  MalformedTokenError,
  NameType,
  parsePrincipal,
  parseSpn,
  type Principal,
} from '@s4u/krb5'
import { LRUCache } from 'lru-cache'
import type { Krb5Configuration } from './krb5-configuration.js'

/** A service as it was asked for, read. */
export interface ServiceTarget extends Principal {
  /** `HTTP/api.ad.test@AD.TEST`: the same for all ways of writing it. */
  readonly text: string
}

/** Targets remembered; a service calls few, and whoever names ever new ones fills no memory. */
const MAX_TARGETS = 500

/** Reads what services are called, and remembers it: the same few are asked for in every request. */
export class ServiceTargets {
  private readonly known = new LRUCache<string, ServiceTarget>({ max: MAX_TARGETS })
  private readonly ownRealm: string
  private readonly conf: Krb5Configuration | undefined
  /** What krb5.conf said when they were read: when it has changed, they are read again. */
  private readWith: Krb5Conf | undefined

  constructor(ownRealm: string, conf: Krb5Configuration | undefined) {
    this.ownRealm = ownRealm
    this.conf = conf
  }

  /** @throws MalformedTokenError */
  read(spn: string): ServiceTarget {
    const conf = this.conf?.conf
    if (conf !== this.readWith) this.known.clear()
    this.readWith = conf
    const known = this.known.get(spn)
    if (known) return known
    const principal = targetOf(spn, this.ownRealm, conf)
    const target = Object.freeze({ ...principal, text: formatPrincipal(principal) })
    this.known.set(spn, target)
    return target
  }
}

/**
 * `HTTP/api.ad.test`, with or without a realm. Without one it is the realm that krb5.conf names for the host, else the own: a KDC that
 * knows better refers to the right one. @throws MalformedTokenError
 */
function targetOf(spn: string, ownRealm: string, conf: Krb5Conf | undefined): Principal {
  const { name, realm } = parsePrincipal(spn, { realm: UNSAID })
  const nameType = name.nameString.length === 2 ? NameType.SRV_INST : name.nameType
  const host = conf === undefined || realm !== UNSAID ? undefined : hostOf(name.nameString)
  const mapped = host === undefined ? undefined : conf?.realmOf(host)
  return { name: { ...name, nameType }, realm: realm === UNSAID ? (mapped ?? ownRealm) : realm }
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
