/** The numbers of the API of npm `kerberos`, with the values of RFC 2744 section 4. */

/** Forward the user's ticket-granting ticket to the service. */
export const GSS_C_DELEG_FLAG = 1
/** The service must prove that it is the service. */
export const GSS_C_MUTUAL_FLAG = 2
/** Messages that come twice are noticed. */
export const GSS_C_REPLAY_FLAG = 4
/** Messages that come out of order are noticed. */
export const GSS_C_SEQUENCE_FLAG = 8
/** Messages can be encrypted (`wrap`). */
export const GSS_C_CONF_FLAG = 16
/** Messages can be signed. */
export const GSS_C_INTEG_FLAG = 32
/** The client stays unnamed. This package refuses it. */
export const GSS_C_ANON_FLAG = 64
/** Messages can be protected before the context is complete. */
export const GSS_C_PROT_READY_FLAG = 128
/** The context can be handed to another process. Contexts of this package cannot. */
export const GSS_C_TRANS_FLAG = 256

/** The default mechanism, which is Kerberos without SPNEGO. */
export const GSS_C_NO_OID = 0
/** Kerberos without SPNEGO. */
export const GSS_MECH_OID_KRB5 = 9
/** SPNEGO, which HTTP uses. */
export const GSS_MECH_OID_SPNEGO = 6

/** The version of the API, and of this package. */
export const version = '7.0.0'

/**
 * Returns the Node-API version with which npm `kerberos` 7 is compiled. Nothing is compiled here;
 * the function is there for programs that ask.
 *
 * @example
 * ```ts
 * import { definedNapiVersion } from '@s4u/kerberos'
 *
 * console.log(definedNapiVersion()) // 9
 * ```
 */
export function definedNapiVersion(): string {
  return '9'
}
