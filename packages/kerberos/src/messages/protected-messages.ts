import type { SecurityContext } from '@s4u/gssapi'
import { ConfigurationError } from '@s4u/krb5'
import { requireObject, wrongType } from '../errors/parameters.js'
import { base64Of, octetsOfText, octetsOfToken } from './base64.js'
import { saslChoice } from './sasl-choice.js'

/** Options of `wrap`. */
export interface WrapOptions {
  /**
   * The user as whom a SASL client wants to act: `alice@AD.TEST`. With it, `challenge` is the
   * server's offer, and the answer is the client's choice of "no layer". Default: none, and
   * `challenge` is data.
   */
  user?: string
  /** Whether the message is sealed, and not only signed. Default: `false`. */
  protect?: boolean
}

/** Options of `unwrap`. */
export interface UnwrapOptions {
  /** Whether a message that is signed and not sealed is refused. Default: `false`. */
  protect?: boolean
}

/**
 * Wraps data, or a choice of SASL, in base64. @throws TypeError, ConfigurationError,
 * MalformedTokenError
 */
export function wrapText(context: SecurityContext, challenge: string, options: WrapOptions): string {
  const confidential = protectOf(options)
  const given = octetsOfText('challenge', challenge)
  const data = typeof options.user === 'string' ? saslChoice(given, options.user) : given
  return base64Of(context.wrap(data, { confidential }))
}

/** What a message of the peer had in it. */
export interface UnwrappedText {
  /** The data in base64. */
  readonly data: string
  readonly sealed: boolean
}

/** Unwraps a message of the peer. @throws TypeError, MalformedTokenError, RejectedTokenError */
export function unwrapText(context: SecurityContext, challenge: string, options: UnwrapOptions): UnwrappedText {
  const token = octetsOfToken('challenge', challenge)
  if (protectOf(options)) return { data: base64Of(context.unwrap(token, { confidential: true })), sealed: true }
  const { data, confidential } = context.unwrapMessage(token)
  return { data: base64Of(data), sealed: confidential }
}

/**
 * @throws TypeError for what is neither an object nor undefined, or a `protect` that is no boolean
 */
function protectOf(options: WrapOptions | UnwrapOptions): boolean {
  requireObject('options', options)
  const { protect } = options
  if (protect === undefined && !('protect' in options)) return false
  if (typeof protect !== 'boolean') throw wrongType('options.protect must be a boolean.')
  return protect
}

/** The error of `wrap` and `unwrap` before the last step. */
export function noContext(): ConfigurationError {
  return new ConfigurationError('the context is not established', {
    code: 'GSS_S_NO_CONTEXT',
    hint: 'Call step until contextComplete is true.',
  })
}
