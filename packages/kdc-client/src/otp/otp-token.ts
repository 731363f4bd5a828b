/**
 * Chooses the token to which a value belongs, and the form that the KDC wants. Nothing here uses
 * the network. Source: RFC 6560 sections 3.2 and 4.1.
 */

import {
  ConfigurationError,
  hasFlag,
  kerberosFlags,
  OtpFlag,
  OtpFormat,
  type OtpTokenInfo,
  type PaOtpChallenge,
  type PaOtpRequest,
  printable,
  RejectedTokenError,
} from '@s4u/krb5'

/**
 * What the KDC says about the token whose value it wants, for the person who reads the value from
 * it.
 */
export interface OtpToken {
  /** Who asks: `Example Corp. sign-in`. */
  readonly service?: string
  readonly vendor?: string
  /** A text of the KDC that the user must type into the token. */
  readonly challenge?: string
  /** The number of characters of the value. */
  readonly length?: number
  readonly format?: 'decimal' | 'hexadecimal' | 'alphanumeric'
  /** True if the KDC does not want the value that was used before, but the one after it. */
  readonly next: boolean
}

export interface ChosenToken {
  readonly info: OtpTokenInfo
  readonly token: OtpToken
}

/**
 * The most tokens in one challenge. No user has so many, and a peer that sends more wants to keep
 * the client busy.
 */
const MAX_TOKENS = 32

/**
 * RFC 6560 section 4.1 demands the length of the longest key that the KDC supports, 32 octets; MIT
 * adds four for the time.
 */
const MAX_NONCE = 256
/** The shortest nonce, in octets: fewer could repeat. */
const MIN_NONCE = 16

/** A longer text is not meant for people. */
const MAX_TEXT = 256

/**
 * Returns the first token that the value fits. Without a value, returns the first token that this
 * client can answer.
 *
 * @throws RejectedTokenError for a challenge that exceeds a limit; ConfigurationError if this
 * client can answer none of the tokens, or none of them has such values
 */
export function chooseToken({ nonce, service, tokenInfo }: PaOtpChallenge, value: string | undefined): ChosenToken {
  if (nonce.length < MIN_NONCE || nonce.length > MAX_NONCE)
    throw outOfBounds(`has a nonce of ${nonce.length} octets, not of ${MIN_NONCE} to ${MAX_NONCE}`)
  if (tokenInfo.length > MAX_TOKENS) throw outOfBounds(`names ${tokenInfo.length} tokens, more than ${MAX_TOKENS}`)
  const usable = tokenInfo.filter(isUsable)
  if (usable.length === 0) throw noUsable()
  const info = value === undefined ? usable[0] : usable.find((one) => fits(value, one))
  if (info === undefined) throw noFit()
  return { info, token: describe(info, service) }
}

/**
 * Makes the answer. The value is not encrypted, but stands inside of the armor. A PIN goes beside
 * the value or in front of it, as the KDC wants. If the KDC says nothing about a PIN, a given one
 * goes in front: FreeIPA and RADIUS servers take password and value together in this way. Source:
 * RFC 6560 section 3.2.
 */
export function answerWith(info: OtpTokenInfo, value: string, pin: string | undefined): Omit<PaOtpRequest, 'encData'> {
  const wants = (flag: number): boolean => hasFlag(info.flags, flag)
  const isSeparate = wants(OtpFlag.SEPARATE_PIN_REQUIRED)
  if (isSeparate && pin === undefined) throw noPin()
  const isBefore = !isSeparate && !wants(OtpFlag.DO_NOT_COLLECT_PIN)
  const { vendor, tokenId, algId, format, challenge } = info
  return {
    flags: kerberosFlags(...(wants(OtpFlag.NEXT_OTP) ? [OtpFlag.NEXT_OTP] : [])),
    value: new TextEncoder().encode(isBefore && pin !== undefined ? pin + value : value),
    ...(isSeparate && pin !== undefined && { pin }),
    ...(challenge && { challenge }),
    ...(format !== undefined && { format }),
    ...(tokenId && { tokenId }),
    ...(algId !== undefined && { algId }),
    ...(vendor !== undefined && { vendor }),
  }
}

/**
 * Tells whether this client can answer for a token. It does not support values that are keys of the
 * exchange, hashed values, and values that cannot be typed.
 */
function isUsable({ flags, format, supportedHashAlg, iterationCount }: OtpTokenInfo): boolean {
  if (hasFlag(flags, OtpFlag.COMBINE) || hasFlag(flags, OtpFlag.MUST_ENCRYPT_NONCE)) return false
  if (supportedHashAlg !== undefined || iterationCount !== undefined) return false
  return format === undefined || format in SHAPES
}

const SHAPES: Readonly<Record<number, { readonly name: NonNullable<OtpToken['format']>; readonly shape: RegExp }>> = {
  [OtpFormat.DECIMAL]: { name: 'decimal', shape: /^[0-9]*$/ },
  [OtpFormat.HEXADECIMAL]: { name: 'hexadecimal', shape: /^[0-9a-f]*$/i },
  [OtpFormat.ALPHANUMERIC]: { name: 'alphanumeric', shape: /^[0-9a-z]*$/i },
}

function fits(value: string, { length, format }: OtpTokenInfo): boolean {
  if (length !== undefined && value.length !== length) return false
  return format === undefined || SHAPES[format].shape.test(value)
}

function describe({ flags, vendor, challenge, length, format }: OtpTokenInfo, service: string | undefined): OtpToken {
  const text = challenge && new TextDecoder().decode(challenge)
  return {
    ...(service !== undefined && { service: shown(service) }),
    ...(vendor !== undefined && { vendor: shown(vendor) }),
    ...(text !== undefined && { challenge: shown(text) }),
    ...(length !== undefined && { length }),
    ...(format !== undefined && { format: SHAPES[format].name }),
    next: hasFlag(flags, OtpFlag.NEXT_OTP),
  }
}

function shown(text: string): string {
  return printable(text.slice(0, MAX_TEXT))
}

function outOfBounds(what: string): RejectedTokenError {
  return new RejectedTokenError(`AS: the KDC's challenge for a one-time password ${what}`, {
    code: 'KRB_ERR_FIELD_TOOLONG',
    hint: 'No KDC that is known asks like that: look which one answers.',
  })
}

function noUsable(): ConfigurationError {
  return new ConfigurationError('the KDC takes one-time passwords in ways only that are not supported here', {
    code: 'KDC_ERR_PADATA_TYPE_NOSUPP',
    hint: 'Supported are values that go to the KDC as they are read off a token: neither hashed, nor as a key, nor in base64.',
  })
}

function noFit(): ConfigurationError {
  return new ConfigurationError('the one-time password is not one that a token of this account shows', {
    code: 'KDC_ERR_PREAUTH_FAILED',
    status: 401,
    hint: 'Look at the number of its characters: the value alone, without a PIN, which goes into password.',
  })
}

function noPin(): ConfigurationError {
  return new ConfigurationError('the KDC wants a PIN beside the one-time password', {
    code: 'KDC_ERR_PREAUTH_FAILED',
    status: 401,
    hint: 'Give the PIN of the token as password: { principal, otp, password }.',
  })
}
