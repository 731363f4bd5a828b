import type { ServiceCredential } from '@s4u/gssapi'
import { RpcAssociation, type RpcProtection } from '@s4u/krb5'
import { NETLOGON, type NetlogonNames } from '../netlogon/netlogon-calls.js'
import { type RpcEndpoint, RpcSocket } from '../netlogon/rpc-socket.js'

/** How a secure channel is signed in: with a ticket, or with the NT hash. */
export type ChannelForm = 'kerberos' | 'aes'

/** A secure channel that a controller has agreed to. */
export interface ChannelSession {
  readonly form: ChannelForm
  readonly port: number
  /** Returns what seals one more connection. */
  protection(signal: AbortSignal): Promise<RpcProtection>
  /** Makes a connection that is bound fit for logons. @throws as `SecureChannel.logon` */
  admit(association: RpcAssociation): Promise<void>
}

/** What a secure channel needs. */
export interface ChannelDeps {
  /** The endpoint mapper of the controller. */
  readonly mapper: RpcEndpoint
  readonly names: NetlogonNames
  /** The NetBIOS name of the domain. */
  readonly domain: string
  /** Returns the NT hash of the machine account, read again where it was wrong. */
  readonly secret: (isWrong: boolean) => Promise<Uint8Array>
  /**
   * Returns a ticket of the machine account for the controller. Undefined where the controller is
   * known by its address alone: tickets are for names.
   */
  readonly ticket?: (options: TicketRequest) => Promise<ServiceCredential>
  readonly random: (length: number) => Uint8Array
  readonly now: () => number
  /** How long a sign-in may take; milliseconds. */
  readonly timeLimit: number
}

/** Which ticket, and how long it may take. */
export interface TicketRequest {
  readonly signal: AbortSignal
  /** Whether the controller could not open the last one. */
  readonly fresh: boolean
}

/** A connection, and its association with NETLOGON. */
export interface OpenConnection {
  readonly socket: RpcSocket
  readonly association: RpcAssociation
}

/** A session, and the first of its connections. */
export interface SignedIn {
  readonly session: ChannelSession
  readonly connection: OpenConnection
}

/** Opens a sealed connection that is fit for logons. @throws as `SecureChannel.logon` */
export async function openConnection(
  session: ChannelSession,
  { mapper }: ChannelDeps,
  signal: AbortSignal,
): Promise<OpenConnection> {
  const protection = await session.protection(signal)
  const socket = await RpcSocket.open({ host: mapper.host, port: session.port }, signal)
  try {
    const association = await socket.within(signal, async () => {
      const bound = await RpcAssociation.bind(socket, { ...NETLOGON, protection })
      await session.admit(bound)
      return bound
    })
    return { socket, association }
  } catch (error) {
    socket.close()
    throw error
  }
}
