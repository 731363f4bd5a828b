import {
  createKdcClient,
  type EvidenceTicket,
  evidenceFromS4u2self,
  type ForwardedTicket,
  isForwardable,
  type KdcClient,
  type KdcClientOptions,
  type ServiceTicket,
} from '@s4u/kdc-client'
import { decodeCcache, Keytab } from '@s4u/krb5'
import { readFileSync } from 'node:fs'
import type { RealmKey } from '../../realms/addresses.js'
import { kinit, realmOf } from '../../realms/clients.js'
import type { RealmInfo, RealmsInfo } from '../../realms/realm-info.js'
import { type Change, resigning } from './resigning.js'

/** A realm, and what can be tried there. */
export class Place {
  private readonly info: RealmsInfo
  private readonly key: RealmKey
  private readonly realm: RealmInfo
  private readonly kdc: Record<string, string>

  constructor(info: RealmsInfo, key: RealmKey) {
    this.info = info
    this.key = key
    this.realm = realmOf(info, key)
    this.kdc = Object.fromEntries(Object.values(info.realms).map(({ name, kdc }) => [name, `${kdc.host}:${kdc.port}`]))
  }

  spn(nameOrSpn: string): string {
    return this.realm.services[nameOrSpn]?.spn ?? nameOrSpn
  }

  client(service: string, options: Partial<KdcClientOptions> = {}): KdcClient {
    const { keytab } = this.realm.services[service]
    return createKdcClient({ kdc: this.kdc, credentials: { keytab }, ...options })
  }

  user(name: string, options: Partial<KdcClientOptions> = {}): KdcClient {
    const { principal, password } = this.realm.users[name]
    return createKdcClient({ kdc: this.kdc, credentials: { principal, password }, ...options })
  }

  signIn(name: string, password?: string, encryptionTypes?: readonly number[]): Promise<unknown> {
    const principal = name.includes('@') ? name : `${name}@${this.realm.name}`
    const known = password ?? this.realm.users[name]?.password ?? 'whatever'
    // Whatever realm is named, this one's KDC is asked.
    const kdc = this.kdc[this.realm.name]
    const client = createKdcClient({ kdc, encryptionTypes, credentials: { principal, password: known } })
    return client.ticketFor(this.spn('api'))
  }

  /** Protocol transition, then delegation. `before` is a user for whom it has gone well. */
  async vouch(
    service: string,
    user: string,
    target: string,
    { before, ...options }: Partial<KdcClientOptions> & { readonly before?: string } = {},
  ): Promise<ServiceTicket> {
    const client = this.client(service, options)
    if (before) await client.s4u2self(before)
    return client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self(user)), this.spn(target))
  }

  /** The same, but the delegation is asked for by a client that is another one in something. */
  async vouchThen(service: string, user: string, target: string, options: Partial<KdcClientOptions>): Promise<unknown> {
    const evidence = evidenceFromS4u2self(await this.client(service).s4u2self(user))
    return this.client(service, options).s4u2proxy(evidence, this.spn(target))
  }

  /**
   * From the first service to the second in the user's name, and from there to the third with the
   * ticket that it received.
   */
  async hop(user: string, first: string, second: string, third: string): Promise<unknown> {
    const ticket = await this.vouch(first, user, second)
    const { client, expiresAt } = ticket
    const evidence = {
      client,
      ticket: ticket.ticket,
      forwardable: isForwardable(ticket),
      expiresAt,
      origin: 'presented',
    } as const
    return this.client(second).s4u2proxy(evidence, this.spn(third))
  }

  /**
   * A way to the KDC on which requests are changed, and signed again as if they had been meant so.
   */
  changing(change: Change): Partial<KdcClientOptions> {
    const everyKey = Keytab.decode(readFileSync(this.realm.everyKey ?? ''))
    return { kdc: resigning(this.realm.kdc, everyKey, change) }
  }

  /**
   * A ticket with a ticket-granting ticket that a user forwarded, of which something is changed.
   */
  async forwarded(
    user: string,
    change: (tgt: ForwardedTicket) => Partial<ForwardedTicket> = () => ({}),
    options: Partial<KdcClientOptions> = {},
  ): Promise<unknown> {
    const tgt = await this.user(user).tgtToForward()
    const forwarded = { ...tgt, authtime: tgt.authenticatedAt, starttime: tgt.startsAt }
    return this.client('web', options).ticketWith({ ...forwarded, ...change(forwarded) }, this.spn('api'))
  }

  /** The same with one that lives for two seconds, when they are over. */
  async ended(user: string): Promise<unknown> {
    const { ccache } = await kinit(this.info, this.key, user, { flags: ['-l', '2s'] })
    const { credentials } = decodeCcache(readFileSync(ccache))
    const { client, ticket, key: sessionKey, flags, authtime, starttime } = credentials[0]
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const forwarded = { client, ticket, sessionKey, flags, authtime, starttime, expiresAt: Date.now() + 3_600_000 }
    return this.client('web').ticketWith(forwarded, this.spn('api'))
  }

  /** A ticket for a service that the user got with a password, as the service has it in hand. */
  async evidence(service: string, user: string): Promise<EvidenceTicket> {
    const ticket = await this.user(user).ticketFor(this.spn(service))
    return { ...evidenceFromS4u2self(ticket), origin: 'presented' }
  }

  /** Delegation with a ticket that the user got by kinit, with its flags, and kvno. */
  async presentFromCache(service: string, user: string, target: string, flags: readonly string[]): Promise<unknown> {
    const { ccache } = await kinit(this.info, this.key, user, { flags })
    const ticket = await createKdcClient({ kdc: this.kdc, credentials: { ccache } }).ticketFor(this.spn(service))
    const evidence = { ...evidenceFromS4u2self(ticket), origin: 'presented' } as const
    return this.client(service).s4u2proxy(evidence, this.spn(target))
  }

  /** Delegation with a ticket-granting ticket for evidence. */
  async presentTgt(service: string, user: string, target: string): Promise<unknown> {
    const tgt = await this.user(user).tgtToForward()
    const { client, ticket, expiresAt } = tgt
    const evidence = { client, ticket, forwardable: true, expiresAt, origin: 'presented' } as const
    return this.client(service).s4u2proxy(evidence, this.spn(target))
  }

  /** Delegation with a ticket that the user got with a password. */
  async present(
    service: string,
    user: string,
    target: string,
    { tamper = false, pac = true, shownBy = service } = {},
  ): Promise<ServiceTicket> {
    const ticket = await this.user(user, { pac }).ticketFor(this.spn(service))
    const { client, expiresAt } = ticket
    const cipher = ticket.ticket.encPart.cipher.slice()
    if (tamper) cipher[50] ^= 1
    const evidence: EvidenceTicket = {
      client,
      ticket: { ...ticket.ticket, encPart: { ...ticket.ticket.encPart, cipher } },
      forwardable: isForwardable(ticket),
      expiresAt,
      origin: 'presented',
    }
    return this.client(shownBy).s4u2proxy(evidence, this.spn(target))
  }
}
