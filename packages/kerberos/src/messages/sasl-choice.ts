import { ConfigurationError, MalformedTokenError } from '@s4u/krb5'

/** The bit of "no security layer". Source: RFC 4752 section 3.3. */
const NO_LAYER = 1

/** One octet of layers, and three of a size. Source: RFC 4752 section 3.1. */
const OFFER_OCTETS = 4

/** The longest name of a user, in octets: what npm `kerberos` can hold. */
const MAX_USER_OCTETS = 4_091

/**
 * Returns the last message of a SASL GSSAPI client: no security layer, the size of the offer, and
 * the user as whom it wants to act. npm `kerberos` repeats the size, and the servers that it meets
 * expect so. Source: RFC 4752 section 3.1.
 *
 * @param offer what the server has sent, unwrapped
 * @throws MalformedTokenError if it is no offer
 * @throws ConfigurationError if the server does not offer to go on without a layer: a context of
 * this API has none
 */
export function saslChoice(offer: Uint8Array, user: string): Uint8Array {
  if (offer.length !== OFFER_OCTETS) throw noOffer(offer)
  if ((offer[0] & NO_LAYER) === 0) throw layerDemanded()
  const name = new TextEncoder().encode(user)
  if (name.length > MAX_USER_OCTETS || user.includes('\0')) throw wrongUser()
  const choice = new Uint8Array(OFFER_OCTETS + name.length)
  choice.set([NO_LAYER, ...offer.subarray(1)])
  choice.set(name, OFFER_OCTETS)
  return choice
}

function noOffer(offer: Uint8Array): MalformedTokenError {
  return new MalformedTokenError({
    path: 'challenge',
    expected: 'the 4 octets of a SASL offer, since the option user is given',
    found: `${offer.length} octets`,
    hint: 'Pass on what unwrap resolved to. To wrap data, leave out the option user.',
  })
}

function layerDemanded(): ConfigurationError {
  return new ConfigurationError('the server demands a security layer, and the choice of this API has none', {
    code: 'GSS_S_UNAVAILABLE',
    hint: 'Let the server offer "no layer" inside TLS, or use createSaslClient of @s4u/sasl, which has layers.',
  })
}

function wrongUser(): ConfigurationError {
  return new ConfigurationError(`the option user must have at most ${MAX_USER_OCTETS} octets, and no NUL`)
}
