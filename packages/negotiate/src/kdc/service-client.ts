import type { Acceptor, AcceptorOptions } from '@s4u/acceptor'
import {
  ConfigurationError,
  createKdcClient,
  createKdcConnections,
  KdcError,
  type KdcClient,
  type KdcClientOptions,
  type KdcConnections,
  parseUser,
  type S4uSubject,
  signInPrincipal,
} from '@s4u/kdc-client'
import type { Keytab, Ticket } from '@s4u/krb5'
import type { DelegationOptions } from '../delegation/delegation-policy.js'
import type { KdcOptions } from './kdc-options.js'
import { accountOf, realmIn } from './realm-account.js'

/**
 * Gets the acceptor a ticket of the service for itself. The client that does needs the acceptor, so
 * it comes a moment later.
 */
export interface OwnTicketSource {
  get: ((signal: AbortSignal) => Promise<Ticket>) | undefined
}

/** What the options of a negotiator say of the service at its KDC. */
export interface ServiceClientOptions extends Pick<
  AcceptorOptions,
  'krb5Config' | 'logger' | 'now' | 'ownTicket' | 'random'
> {
  readonly kdc?: KdcOptions
  readonly delegation?: DelegationOptions
}

type WithOwnTicket = Pick<AcceptorOptions, 'ownTicket'>

/** Where options speak of a KDC, the acceptor can ask it which domain is its own. */
export function withOwnTicket<T extends ServiceClientOptions>(options: T, source: OwnTicketSource): T & WithOwnTicket {
  if (options.ownTicket !== undefined || !speaksOfKdc(options)) return options
  const ownTicket = (signal: AbortSignal): Promise<Ticket> =>
    source.get?.(signal) ?? Promise.reject(new ConfigurationError('the service has no KDC client yet'))
  return { ...options, ownTicket }
}

/** The clients of a keytab. */
interface CurrentClients {
  readonly keys: readonly string[]
  readonly first: Promise<KdcClient>
  /** By the other realms of which there are keys. */
  readonly others: Map<string, Promise<KdcClient>>
}

/**
 * The service at the KDC: one client for as long as the keytab stays the same, since it signs in
 * with what is in there. It shares its way to the KDCs with the clients of users who sign in with
 * passwords: many forms at once are no more sockets, and take turns.
 */
export class ServiceClient {
  readonly #acceptor: Acceptor
  readonly #options: ServiceClientOptions
  #connections: KdcConnections | undefined
  #current: CurrentClients | undefined

  /**
   * @throws ConfigurationError, MissingKeyError for what options say of the KDC, where the keytab
   * is at hand
   */
  constructor(acceptor: Acceptor, options: ServiceClientOptions) {
    this.#acceptor = acceptor
    this.#options = options
    this.#check()
  }

  /**
   * Resolves when the keys are there, and go with what options say of the KDC. @throws
   * ConfigurationError, MissingKeyError
   */
  async ready(): Promise<void> {
    await this.#acceptor.ready()
    this.#check()
    if (await this.#isSpnAlone()) await this.#trySignIn()
  }

  /**
   * Whether the service would sign in by a service principal name, since the keytab has no account:
   * what MIT's and Heimdal's KDCs take, and Active Directory and Samba never. Where the app says
   * nothing of acting for others it need not sign in at all.
   */
  async #isSpnAlone(): Promise<boolean> {
    const { delegation } = this.#options
    if (delegation === undefined || delegation.principal !== undefined) return false
    const principal = signInPrincipal(await this.#acceptor.reloadKeytab())
    return principal !== undefined && principal.name.nameString.length > 1
  }

  /**
   * Only what the KDC says of the name counts here: anything else may be over when somebody comes.
   * @throws ConfigurationError
   */
  async #trySignIn(): Promise<void> {
    const client = await this.get()
    const refusal: unknown = await client.ticketFor(client.principal).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!(refusal instanceof KdcError) || refusal.answer.step !== 'AS') return
    if (refusal.code !== 'KDC_ERR_C_PRINCIPAL_UNKNOWN') return
    throw new ConfigurationError(
      `the keytab has keys of service principal names alone, and the KDC lets nobody sign in as ${client.principal}`,
      { code: refusal.code, hint: refusal.hint, cause: refusal },
    )
  }

  /**
   * At the KDC of a realm, if the keytab has keys of it: whoever came with a ticket of one realm is
   * delegated by the account there, which no KDC of another realm knows. Default, and for other
   * realms: at that of the account that `delegation.principal` names.
   * @throws ConfigurationError, MissingKeyError
   */
  async get(realm?: string): Promise<KdcClient> {
    if (this.#acceptor.currentKeytab === undefined) await this.#acceptor.ready()
    const current = this.#withKeys()
    const first = await current.first
    if (realm === undefined || realm === first.realm) return first
    return (await this.#inRealm(current, realm)) ?? first
  }

  /**
   * At the KDC of a user's realm, as far as the service has an account there. @throws
   * MalformedTokenError for what is no name
   */
  async getFor(user: S4uSubject): Promise<KdcClient> {
    const first = await this.get()
    const { currentKeytab } = this.#acceptor
    if (typeof user !== 'string' || currentKeytab === undefined) return first
    // To the first account a name of another realm is one for its own KDC to resolve.
    const written = user.includes('@') ? realmIn(currentKeytab, user.slice(user.lastIndexOf('@') + 1)) : undefined
    return this.get(written ?? parseUser(user, first.realm, this.#options.kdc?.domains).realm)
  }

  /**
   * A ticket of the service for itself, sealed with its own key. @throws KdcError,
   * KdcUnreachableError, ConfigurationError
   */
  async ownTicket(signal: AbortSignal): Promise<Ticket> {
    const client = await this.get()
    const own = this.#acceptor.principals.find((name) => name.endsWith(`@${client.realm}`))
    if (own === undefined) throw new ConfigurationError(`the keytab has no name of this service in ${client.realm}`)
    return (await client.ticketFor(own, { signal })).ticket
  }

  #withKeys(): CurrentClients {
    // A keytab that was read again brings a new list.
    const { principals: keys } = this.#acceptor
    if (this.#current?.keys === keys) return this.#current
    const current = { keys, first: this.#create(), others: new Map() }
    this.#current = current
    current.first.catch(() => {
      if (this.#current === current) this.#current = undefined
    })
    return current
  }

  #inRealm({ others }: CurrentClients, realm: string): Promise<KdcClient> | undefined {
    const { currentKeytab } = this.#acceptor
    if (currentKeytab === undefined || realmIn(currentKeytab, realm) !== realm) return undefined
    const known = others.get(realm)
    if (known !== undefined) return known
    const made = this.#create(realm)
    others.set(realm, made)
    made.catch(() => others.delete(realm))
    return made
  }

  /** Closes the sockets of its own that are open and idle. */
  close(): void {
    this.#connections?.close()
  }

  async #create(realm?: string): Promise<KdcClient> {
    // Nobody may have come since the keytab was written anew, for the acceptor to look at it.
    return this.#clientWith(await this.#acceptor.reloadKeytab(), realm)
  }

  /**
   * The same client, for nothing: what is wrong with it must not wait for the first impersonation.
   * An app that says nothing of a KDC may never need one, nor a keytab that could sign in.
   */
  #check(): void {
    const { currentKeytab } = this.#acceptor
    if (currentKeytab !== undefined && speaksOfKdc(this.#options)) this.#clientWith(currentKeytab)
  }

  #clientWith(keytab: Keytab, realm?: string): KdcClient {
    const { kdc: { realm: ownRealm, cache, armor, fast } = {}, delegation } = this.#options
    const principal = delegation?.principal
    const account =
      realm === undefined ? { keytab, ...(principal && { principal }) } : accountOf(keytab, realm, principal)
    const reload = (): Promise<Keytab> => this.#acceptor.reloadKeytab()
    const asked = realm ?? ownRealm
    return createKdcClient({
      ...this.kdcOptions(),
      ...(asked !== undefined && { realm: asked }),
      credentials: { ...account, reload },
      ...(cache && { cache }),
      ...(armor && { armor }),
      // Of the service itself it is required where it is given something to armor with.
      ...(fast !== undefined && { fast: fast === 'require' && !armor ? 'allow' : fast }),
    })
  }

  /** How its KDCs are asked, and over which sockets: for other clients that share them. */
  kdcOptions(): Omit<KdcClientOptions, 'credentials' | 'realm' | 'cache' | 'armor' | 'fast'> {
    const { kdc = {}, now, random, logger } = this.#options
    const { encryptionTypes, pac, canonicalize, forwardable, mayFollow, domains } = kdc
    return {
      connections: this.#connectionsOf(kdc),
      // It is there to act for users, whatever kinit is to ask for on this machine.
      forwardable: forwardable ?? true,
      ...(encryptionTypes && { encryptionTypes }),
      ...(pac !== undefined && { pac }),
      ...(canonicalize !== undefined && { canonicalize }),
      ...(mayFollow && { mayFollow }),
      ...(domains && { domains }),
      ...(now && { now }),
      ...(random && { random }),
      ...(logger && { logger }),
    }
  }

  /** The app's own, which several negotiators may share, or those of this service. */
  #connectionsOf(given: KdcOptions): KdcConnections {
    if (given.connections !== undefined) return given.connections
    const { kdc, kpasswd, krb5Config = this.#options.krb5Config, timeLimit, proxyTrust, dns } = given
    const { now } = this.#options
    this.#connections ??= createKdcConnections({
      ...(kdc !== undefined && { kdc }),
      ...(kpasswd !== undefined && { kpasswd }),
      ...(krb5Config !== undefined && { krb5Config }),
      ...(timeLimit !== undefined && { timeLimit }),
      ...(proxyTrust !== undefined && { proxyTrust }),
      ...(dns !== undefined && { dns }),
      ...(now && { now }),
    })
    return this.#connections
  }
}

/** Where the password servers are says nothing of an account that signs in. */
function speaksOfKdc({ kdc, delegation }: ServiceClientOptions): boolean {
  if (delegation !== undefined) return true
  return kdc !== undefined && (Object.keys(kdc).length === 0 || Object.keys(kdc).some((name) => name !== 'kpasswd'))
}
