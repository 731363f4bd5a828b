import { ConfigurationError } from '@s4u/krb5'
import type { TLSSocket } from 'node:tls'

/** What is used of a connection of tedious 19 and 20 that its types call private. */
export interface TediousInternals {
  performTlsNegotiation(prelogin: unknown, signal: AbortSignal): Promise<void>
  sendLogin7Packet(): void
  performSentLogin7WithNTLMLogin(signal: AbortSignal): Promise<unknown>
  readonly config: { readonly server: string; readonly authentication: { readonly type: string } }
  readonly routingData?: { readonly server: string; readonly port: number } | undefined
  readonly messageIo: {
    readonly securePair?: { readonly cleartext: TLSSocket }
    readonly socket: { readonly remotePort?: number; readonly encrypted?: boolean }
    sendMessage(type: number, data: Uint8Array, ...rest: readonly unknown[]): unknown
    readMessage(): Promise<AsyncIterable<Uint8Array>>
  }
}

const METHODS = ['performTlsNegotiation', 'sendLogin7Packet', 'performSentLogin7WithNTLMLogin'] as const

/** @throws ConfigurationError where the connection is not one of tedious 19 or 20 */
export function internalsOf(connection: object): TediousInternals {
  const driver: Partial<Record<string, unknown>> = Object(connection)
  const missing = METHODS.filter((name) => typeof driver[name] !== 'function')
  if (missing.length > 0)
    throw new ConfigurationError(`the connection has no ${missing.join(', ')}, which tedious 19 and 20 have`, {
      hint: 'Give a connection of tedious 19 or 20 that has not been connected yet.',
    })
  const internals: TediousInternals = Object(connection)
  if (internals.config?.authentication?.type === 'ntlm') return internals
  throw new ConfigurationError('the connection does not ask for integrated security', {
    hint: "Connect with authentication: SQL_SERVER_AUTHENTICATION (tedious), or with domain: '', user: '' and password: '' (mssql).",
  })
}
