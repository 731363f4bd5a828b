import { DCE_TOKEN_LENGTH, type DceContext, type DceInitiator } from '@s4u/gssapi'
import { ConfigurationError, type RpcFragment, type RpcProtection } from '@s4u/krb5'

/**
 * The security of Kerberos for one association: three legs, then each fragment is sealed with its
 * headers signed. MS-RPCE section 2.2.1.1.7, RPC_C_AUTHN_GSS_KERBEROS.
 */
export class KerberosSeal implements RpcProtection {
  readonly type = 16
  readonly tokenLength = DCE_TOKEN_LENGTH
  readonly bindToken: Uint8Array
  readonly #initiator: DceInitiator
  #context: DceContext | undefined

  constructor(initiator: DceInitiator) {
    this.#initiator = initiator
    this.bindToken = initiator.token
  }

  acceptBind(token: Uint8Array): Uint8Array {
    const { token: third, context } = this.#initiator.step(token)
    this.#context = context
    return third
  }

  seal({ header, message, trailer }: RpcFragment): { readonly sealed: Uint8Array; readonly token: Uint8Array } {
    return this.#established().seal({ before: header, message, after: trailer })
  }

  open({ header, message, trailer }: RpcFragment, token: Uint8Array): Uint8Array {
    return this.#established().open({ before: header, message, after: trailer }, token)
  }

  #established(): DceContext {
    if (this.#context !== undefined) return this.#context
    throw new ConfigurationError('an association is used before it is bound')
  }
}
