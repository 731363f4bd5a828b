import { NameType, parsePrincipal, type Principal } from '@s4u/krb5'
import type { Krb5Configuration } from './krb5-configuration.js'

/**
 * `HTTP/api.ad.test`, with or without a realm. Without one it is the realm that krb5.conf names for the host, else the own: a KDC that
 * knows better refers to the right one. @throws MalformedTokenError
 */
export function targetOf(spn: string, ownRealm: string, conf: Krb5Configuration | undefined): Principal {
  const { name, realm } = parsePrincipal(spn, { realm: UNSAID })
  const [, host] = name.nameString
  const nameType = name.nameString.length === 2 ? NameType.SRV_INST : name.nameType
  const mapped = realm === UNSAID && host !== undefined ? conf?.conf.realmOf(host.replace(/:\d+$/, '')) : undefined
  return { name: { ...name, nameType }, realm: realm === UNSAID ? (mapped ?? ownRealm) : realm }
}

/** No realm can be called this. */
const UNSAID = '\0'
