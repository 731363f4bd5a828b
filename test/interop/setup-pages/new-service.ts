import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import type { DirectorySetting } from '@s4u/kdc-client'
import { type CallerIdentity, createNegotiator, type Negotiator } from '@s4u/negotiate'
import { join } from 'node:path'
import type { RealmKey } from '../../realms/addresses.js'
import { realmOf } from '../../realms/clients.js'
import type { RealmInfo, RealmsInfo } from '../../realms/realm-info.js'
import { Administrator, type Known } from '../diagnosis/administrator.js'
import { Place } from '../diagnosis/place.js'

/**
 * A service with its backend, as somebody makes them who does what a page says. The realms of the
 * tests have a `svc-web` already, so the names of the pages stand for others.
 */
export class NewService {
  readonly realm: RealmInfo
  readonly keytab: string
  readonly spn: string
  /** The principal that signs in to the KDC. */
  readonly account: string
  readonly backend: string
  readonly #info: RealmsInfo
  readonly #key: RealmKey
  readonly #names: Known

  /** @param name begins the names of the accounts: `shop` */
  constructor(info: RealmsInfo, key: RealmKey, name: string) {
    this.#info = info
    this.#key = key
    this.realm = realmOf(info, key)
    const { domain, name: realm, machine } = this.realm
    const fileOf = (account: string): string => join(machine.directory, 'keytabs', `${key}-${account}.keytab`)
    this.keytab = fileOf(name)
    this.spn = `HTTP/${name}.${domain}`
    this.account = `${this.realm.kind === 'samba' ? `svc-${name}` : this.spn}@${realm}`
    this.backend = `HTTP/${name}-store.${domain}`
    this.#names = {
      'web.keytab': this.keytab,
      'api.keytab': fileOf(`${name}-store`),
      'web.corp.test': `${name}.${domain}`,
      'api.corp.test': `${name}-store.${domain}`,
      'svc-web': `svc-${name}`,
      'svc-api': `svc-${name}-store`,
      'CORP.TEST': realm,
      'DC=corp,DC=test': `DC=${domain.replace('.', ',DC=')}`,
    }
  }

  /** The commands with the names of this service. */
  named(commands: string): string {
    return Object.entries(this.#names).reduce((text, [name, own]) => text.replaceAll(name, own), commands)
  }

  /** Types commands at the KDC or the controller; the first that fails ends them. */
  async type(commands: string): Promise<string> {
    const administrator = new Administrator(this.#info, this.#key)
    return (await administrator.run(`set -e\n${this.named(commands)}`)).stdout
  }

  /** Does what a hint of s4u says for this kind of directory. */
  async obey(setting: DirectorySetting): Promise<void> {
    await new Administrator(this.#info, this.#key).obey(setting)
  }

  /** The principal of a user of the realm. */
  principalOf(user: string): string {
    return this.realm.users[user].principal
  }

  /** The words of a command of `s4u`, with where this realm is. */
  words(command: string): string[] {
    const { kdc, administrator } = this.realm
    const typed = this.named(command.trim()).split(/\s+/).slice(1)
    const words = typed.map((word) => (word === 'Administrator' ? (administrator?.principal ?? '') : word))
    // Those that look into a file alone ask no KDC.
    if (['list', 'merge'].includes(words[1])) return words
    return [...words, '--kdc', `${kdc.host}:${kdc.port}`, '--krb5-config', this.#info.krb5Config]
  }

  /** What the service is, with the keytab that was made. */
  open(): Negotiator {
    const { kdc } = this.realm
    const delegation = { allow: [this.backend], protocolTransition: true }
    return createNegotiator({ keytab: this.keytab, kdc: `${kdc.host}:${kdc.port}`, delegation })
  }

  /** Lets a user sign in with a ticket. */
  async signIn(negotiator: Negotiator, user: string): Promise<CallerIdentity> {
    const ticket = await new Place(this.#info, this.#key).user(user).ticketFor(this.spn)
    const authorization = formatAuthorization(createInitiator({ ticket, now: Date.now }).token)
    const outcome = await negotiator.authenticate({ headers: { authorization } })
    if (outcome.status === 'challenge') throw outcome.error ?? new Error('the user was not let in')
    if (outcome.identity === undefined) throw new Error('the user is not known')
    return outcome.identity
  }
}
