import { channelBindingsHash, isUnbound } from '@s4u/gssapi'
import { RejectedTokenError } from '@s4u/krb5'

/**
 * What happens to tokens that are not bound to the TLS connection: see the option `channelBinding`.
 */
export type ChannelBindingPolicy = 'off' | 'allow' | 'require'

/** The channel bindings of the request's TLS connection, of one or more binding types. */
export type OfferedBindings = Uint8Array | readonly Uint8Array[] | undefined

/**
 * Checks whether the token was made for this TLS connection. Without the check, the owner of a
 * server that the client trusts could pass the client's token on to ours. Source: RFC 4121 section
 * 4.1.1.2, MS-KILE section 3.4.5.
 *
 * @param presented the hash in the client's checksum
 * @param clientIsAware whether the client said that it knows channel bindings
 * @returns whether both sides have bound the same connection
 * @throws RejectedTokenError GSS_S_BAD_BINDINGS
 */
export function requireChannel(
  policy: ChannelBindingPolicy,
  presented: Uint8Array,
  clientIsAware: boolean,
  offered: OfferedBindings,
): boolean {
  if (policy === 'off') return false
  const channels = offered === undefined ? [] : offered instanceof Uint8Array ? [offered] : offered
  if (channels.length === 0) {
    if (policy === 'require') throw badBindings('the channel of this request is not known', HINT_CHANNEL)
    return false
  }
  if (isUnbound(presented)) {
    if (policy === 'require' || clientIsAware) throw badBindings('the client did not bind the channel', HINT_CLIENT)
    return false
  }
  // A comparison without constant time is safe: the hash is not secret, it can be computed from the
  // certificate.
  if (channels.some((channel) => Buffer.compare(channelBindingsHash(channel), presented) === 0)) return true
  throw badBindings('the token was made for another channel', HINT_OTHER)
}

function badBindings(message: string, hint: string): RejectedTokenError {
  return new RejectedTokenError(message, { code: 'GSS_S_BAD_BINDINGS', hint })
}

const HINT_CHANNEL =
  'channelBinding is require, but the request came without TLS, or TLS ends at a proxy: name its certificate.'
const HINT_CLIENT =
  'The client cannot bind the channel. Most clients outside Windows cannot: channelBinding allow lets them in.'
const HINT_OTHER =
  'TLS ends at a proxy with another certificate than the configured one, or somebody relays the token of a user.'
