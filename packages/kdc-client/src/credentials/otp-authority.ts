import { ConfigurationError, formatPrincipal } from '@s4u/krb5'
import { notAsked } from '../otp/otp-refusal.js'
import { parseSignInName, type SignIn } from './authority.js'
import { answerWith, chooseToken, type OtpToken } from '../otp/otp-token.js'

/** A one-time password: its value, or a function that gets the value when the KDC asks. */
export type OneTimePassword = string | ((token: OtpToken) => string | Promise<string>)

export interface OtpCredentials {
  readonly principal: string
  /**
   * The value that the token shows, for one sign-in; or a function that is called at each sign-in
   * with what the KDC says about the token. Source: RFC 6560.
   */
  readonly otp: OneTimePassword
  /** The PIN of the token, or the password that the KDC requires with the value. */
  readonly password?: string
  readonly enterprise?: boolean
}

/**
 * Returns an account that signs in with a one-time password.
 *
 * @throws MalformedTokenError for a wrong name; ConfigurationError for a wrong one-time password
 */
export function otpAuthority(
  { principal: name, otp, password, enterprise }: OtpCredentials,
  realm: string | undefined,
  etypes: readonly number[],
): SignIn {
  requireTexts(otp, password)
  const principal = parseSignInName(name, realm, enterprise)
  let isUsed = false
  const valueFor = (token: OtpToken): string | Promise<string> => {
    if (typeof otp === 'function') return otp(token)
    if (isUsed) throw usedUp(formatPrincipal(principal))
    isUsed = true
    return otp
  }
  return {
    kind: 'sign-in',
    isGuessable: true,
    principal,
    etypes,
    otp: {
      async answer(challenge) {
        const { info, token } = chooseToken(challenge, typeof otp === 'string' ? otp : undefined)
        const value = await valueFor(token)
        if (typeof value !== 'string' || value === '') throw noValue()
        return answerWith(info, value, password)
      },
    },
    // A one-time password is no key: the armor's key encrypts the reply.
    keyFor: async () => {
      throw noKey(formatPrincipal(principal))
    },
    keysFor: async () => ({ exact: false, keys: [] }),
  }
}

/** `null` from a form would otherwise become the value "null". */
function requireTexts(otp: unknown, password: unknown): void {
  const isOtp = (typeof otp === 'string' && otp !== '') || typeof otp === 'function'
  if (isOtp && (password === undefined || typeof password === 'string')) return
  throw new ConfigurationError(
    'credentials: the one-time password must be a text or a function, and the password a text',
    {
      hint: 'Look whether the field of the form is there.',
    },
  )
}

function usedUp(account: string): ConfigurationError {
  return new ConfigurationError(
    `the one-time password of ${account} has been used for a sign-in, and is good for one`,
    {
      code: 'KDC_ERR_PREAUTH_FAILED',
      status: 401,
      hint: 'Ask for the next value that the token shows. A client that is to sign in again takes a function as otp.',
    },
  )
}

function noValue(): ConfigurationError {
  return new ConfigurationError('the function otp has given no value', {
    hint: 'Return the digits that the token shows, as text.',
  })
}

function noKey(account: string): ConfigurationError {
  return new ConfigurationError(`${account} signs in with a one-time password, which the KDC has not asked for`, {
    code: 'KDC_ERR_PADATA_TYPE_NOSUPP',
    hint: notAsked(account),
  })
}
