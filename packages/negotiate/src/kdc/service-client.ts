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
 * Gets a ticket of the service for itself, which the acceptor needs. `get` is filled in later,
 * since the KDC client in turn needs the acceptor.
 */
export interface OwnTicketSource {
  get: ((signal: AbortSignal) => Promise<Ticket>) | undefined
}

/** The options of a negotiator that say how the service acts at its KDC. */
export interface ServiceClientOptions extends Pick<
  AcceptorOptions,
  'krb5Config' | 'logger' | 'now' | 'ownTicket' | 'random'
> {
  readonly kdc?: KdcOptions
  readonly delegation?: DelegationOptions
}

type WithOwnTicket = Pick<AcceptorOptions, 'ownTicket'>

/**
 * Adds a way for the acceptor to ask a KDC which domain is its own, where the options name a KDC or
 * delegation.
 */
export function withOwnTicket<T extends ServiceClientOptions>(options: T, source: OwnTicketSource): T & WithOwnTicket {
  if (options.ownTicket !== undefined || !speaksOfKdc(options)) return options
  const ownTicket = (signal: AbortSignal): Promise<Ticket> =>
    source.get?.(signal) ?? Promise.reject(new ConfigurationError('the service has no KDC client yet'))
  return { ...options, ownTicket }
}

/** The KDC clients of one keytab. */
interface CurrentClients {
  readonly keys: readonly string[]
  readonly first: Promise<KdcClient>
  /** One for each further realm of which the keytab has keys. */
  readonly others: Map<string, Promise<KdcClient>>
}

/**
 * The service at its KDCs: one client as long as the keytab stays the same, since the client signs
 * in with its keys. It shares its connections with the clients of users who sign in with passwords,
 * so that many forms at once open no more sockets, and take turns.
 */
export class ServiceClient {
  readonly #acceptor: Acceptor
  readonly #options: ServiceClientOptions
  #connections: KdcConnections | undefined
  #current: CurrentClients | undefined

  /**
   * @throws ConfigurationError, MissingKeyError for what options say of the KDC, if the keytab is
   * already there
   */
  constructor(acceptor: Acceptor, options: ServiceClientOptions) {
    this.#acceptor = acceptor
    this.#options = options
    this.#check()
  }

  /**
   * Resolves when the keys are there and fit what the options say of the KDC.
   * @throws ConfigurationError, MissingKeyError
   */
  async ready(): Promise<void> {
    await this.#acceptor.ready()
    this.#check()
    if (await this.#isSpnAlone()) await this.#trySignIn()
  }

  /**
   * Whether the service would sign in with a service principal name, since the keytab has no
   * account. KDCs of MIT and Heimdal accept that; Active Directory and Samba do not. An app that
   * does not act for others need not sign in at all.
   */
  async #isSpnAlone(): Promise<boolean> {
    const { delegation } = this.#options
    if (delegation === undefined || delegation.principal !== undefined) return false
    const principal = signInPrincipal(await this.#acceptor.reloadKeytab())
    return principal !== undefined && principal.name.nameString.length > 1
  }

  /**
   * Tries to sign in. Only what the KDC says of the name counts: any other failure may be over when
   * a caller comes.
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
   * Returns the client at the KDC of a realm, if the keytab has keys of that realm: a caller with a
   * ticket of one realm is delegated by the account there, which no KDC of another realm knows.
   * Otherwise, and by default, the client of the account that `delegation.principal` names.
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
   * Returns the client at the KDC of a user's realm, if the service has an account there.
   * @throws MalformedTokenError for what is not a name
   */
  async getFor(user: S4uSubject): Promise<KdcClient> {
    const first = await this.get()
    const { currentKeytab } = this.#acceptor
    if (typeof user !== 'string' || currentKeytab === undefined) return first
    // The first account asks its own KDC about a name of another realm, and that KDC resolves it.
    const written = user.includes('@') ? realmIn(currentKeytab, user.slice(user.lastIndexOf('@') + 1)) : undefined
    return this.get(written ?? parseUser(user, first.realm, this.#options.kdc?.domains).realm)
  }

  /**
   * Returns a ticket of the service for itself, sealed with its own key.
   * @throws KdcError, KdcUnreachableError, ConfigurationError
   */
  async ownTicket(signal: AbortSignal): Promise<Ticket> {
    const client = await this.get()
    const own = this.#acceptor.principals.find((name) => name.endsWith(`@${client.realm}`))
    if (own === undefined) throw new ConfigurationError(`the keytab has no name of this service in ${client.realm}`)
    return (await client.ticketFor(own, { signal })).ticket
  }

  #withKeys(): CurrentClients {
    // The list is a new object when the keytab has been read again.
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
    // Looks at the keytab again: it may have changed since the last caller came.
    return this.#clientWith(await this.#acceptor.reloadKeytab(), realm)
  }

  /**
   * Makes a client without using it, so that a mistake in the options shows before the first
   * impersonation. An app whose options do not mention a KDC may need neither a KDC nor a keytab
   * that can sign in.
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
      // The service itself can only require armor if it is given something to armor with.
      ...(fast !== undefined && { fast: fast === 'require' && !armor ? 'allow' : fast }),
    })
  }

  /**
   * Returns how its KDCs are asked, and over which connections: for other clients that share them.
   */
  kdcOptions(): Omit<KdcClientOptions, 'credentials' | 'realm' | 'cache' | 'armor' | 'fast'> {
    const { kdc = {}, now, random, logger } = this.#options
    const { encryptionTypes, pac, canonicalize, forwardable, mayFollow, domains } = kdc
    return {
      connections: this.#connectionsOf(kdc),
      // The service acts for users and needs forwardable tickets, whatever this machine's kinit
      // asks for.
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

  /**
   * Returns the app's own connections, which several negotiators may share, or those of this
   * service.
   */
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

/**
 * Whether the options mean the service to sign in. Where the password servers are does not say so.
 */
function speaksOfKdc({ kdc, delegation }: ServiceClientOptions): boolean {
  if (delegation !== undefined) return true
  return kdc !== undefined && (Object.keys(kdc).length === 0 || Object.keys(kdc).some((name) => name !== 'kpasswd'))
}
