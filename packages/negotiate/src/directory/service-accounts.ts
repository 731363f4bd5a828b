import type { Journal } from '@s4u/kdc-client'
import { asciiLower } from '@s4u/krb5'
import type { CallerAccount, CallerDirectory, DirectorySource } from './caller-directory.js'
import { declareName, type NameKind, type RouteName, RouteNames } from './route-names.js'

interface ServiceNames {
  /** All names of the account, folded: `svc-web@corp.test`, `http/web.corp.test@corp.test`. */
  readonly names: ReadonlySet<string>
}

/** What the directory says now of a service that a route names. */
export type ServiceAccount = RouteName<ServiceNames>

const SERVICES: NameKind<ServiceNames> = {
  noun: 'account of the service',
  look: namesOfService,
  declared: { owner: undefined, before: [] },
}

/** To be resolved at the start, and not with the first request. */
export function declareService(name: string): void {
  declareName(SERVICES, name)
}

/**
 * The accounts of the services that routes name, each with all of its names: a KDC writes into
 * S4U_DELEGATION_INFO the SPN or the account.
 */
export class ServiceAccounts extends RouteNames<ServiceNames> {
  constructor(source: DirectorySource, journal: Journal) {
    super(SERVICES, source, journal)
  }

  /**
   * A service that the directory does not have is told and is no error: it may be one of another
   * realm, or have its SPN by way of HOST, and then goes by the name that is listed.
   * @throws what the directory throws where it cannot be asked, or where two accounts have the name
   */
  async ready(): Promise<void> {
    await this.askForAll()
  }
}

/**
 * The names of the account that has this one. An account that was found by another of its names,
 * such as a user principal name which its owner chose, or in another realm, is not the one that is
 * listed.
 */
async function namesOfService(directory: CallerDirectory, service: string): Promise<ServiceNames | undefined> {
  const [name, realm] = splitRealm(service)
  const isSpn = name.includes('/')
  const account = await directory.account(isSpn || realm === undefined ? name : `${realm}\\${name}`)
  if (account === undefined) return undefined
  const [, home = ''] = splitRealm(account.principal)
  const names = namesOf(account, home)
  return names.has(foldedService(service, home)) ? { names } : undefined
}

function namesOf({ principal, servicePrincipalNames }: CallerAccount, realm: string): ReadonlySet<string> {
  return new Set([asciiLower(principal), ...servicePrincipalNames.map((spn) => asciiLower(`${spn}@${realm}`))])
}

/**
 * Folds ASCII letter case, as Active Directory compares SPNs and accounts. A name without a realm
 * is one of `realm`.
 */
export function foldedService(service: string, realm: string): string {
  return asciiLower(service.includes('@') ? service : `${service}@${realm}`)
}

function splitRealm(service: string): readonly [string, string?] {
  const at = service.lastIndexOf('@')
  return at < 0 ? [service] : [service.slice(0, at), service.slice(at + 1)]
}
