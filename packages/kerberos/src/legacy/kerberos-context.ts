import type { KerberosClient } from '../client/kerberos-client.js'
import type { KerberosServer } from '../server/kerberos-server.js'

/** What a context is for. */
export type Side =
  | { readonly client: KerberosClient }
  | {
      readonly server: KerberosServer
      readonly service: string
      readonly delegates: boolean
      /** A user whom the program vouches for: no token is looked at. */
      readonly vouchedFor?: string
    }

/** A context of the API before 1.0. Its members are `null` until there is a value. */
export class KerberosContext {
  #side: Side | undefined
  #acted: { readonly username?: string; readonly cache: string } | undefined

  /** @internal */
  constructor(side: Side) {
    this.#side = side
  }

  /** @internal */
  get side(): Side | undefined {
    return this.#side
  }

  /** @internal */
  actsAs(acted: { readonly username?: string; readonly cache: string }): void {
    this.#acted = acted
  }

  /** @internal */
  wipe(): void {
    this.#side = undefined
    this.#acted = undefined
  }

  /** The token or message of the last call, in base64. */
  get response(): string | null {
    return this.#one?.response ?? null
  }

  /** The user: `alice@AD.TEST`. */
  get username(): string | null {
    return this.#acted?.username ?? this.#one?.username ?? null
  }

  /** The name for which the caller's ticket is; a server's alone. */
  get targetname(): string | null {
    return this.#side !== undefined && 'server' in this.#side ? (this.#side.server.targetName ?? null) : null
  }

  /** What `authGSSClientInit` takes to act as the caller. */
  get delegatedCredentialsCache(): string | null {
    return this.#acted?.cache ?? null
  }

  get #one(): KerberosClient | KerberosServer | undefined {
    if (this.#side === undefined) return undefined
    return 'client' in this.#side ? this.#side.client : this.#side.server
  }
}
