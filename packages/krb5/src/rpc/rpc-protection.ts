/** A fragment as its signature covers it. MS-RPCE section 2.2.2.11, with header signing. */
export interface RpcFragment {
  /** The 24 octets in front of the stub, with their final lengths. */
  readonly header: Uint8Array
  /** The stub and its padding, in clear. */
  readonly message: Uint8Array
  /** `sec_trailer`, without the token. */
  readonly trailer: Uint8Array
}

/**
 * Seals the calls of one association. It belongs to that association alone, since its numbers count
 * the fragments of both directions.
 */
export interface RpcProtection {
  /** The number of the provider: 68 is NETLOGON, 16 Kerberos. MS-RPCE section 2.2.1.1.7. */
  readonly type: number
  /** The token that goes with the bind. */
  readonly bindToken: Uint8Array
  /** How long the token of each fragment is, in octets. */
  readonly tokenLength: number
  /**
   * Takes the server's answer to the bind. A token that comes back is sent by alter_context: the
   * third leg of Kerberos.
   * @throws S4uError if the answer is not what it must be
   */
  acceptBind(token: Uint8Array): Uint8Array | undefined
  seal(fragment: RpcFragment): { readonly sealed: Uint8Array; readonly token: Uint8Array }
  /**
   * Returns the message in clear. Of `fragment`, `message` is still sealed.
   * @throws S4uError if it was changed, or comes out of turn
   */
  open(fragment: RpcFragment, token: Uint8Array): Uint8Array
}

/** RPC_C_AUTHN_LEVEL_PKT_PRIVACY: sealed. No lower level is spoken. MS-RPCE section 2.2.1.1.8. */
export const RPC_SEALED = 6
