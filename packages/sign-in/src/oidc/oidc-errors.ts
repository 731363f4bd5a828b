import { ConfigurationError, RejectedTokenError, S4uError } from '@s4u/krb5'
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { IssuerUnreachableError, reasonOf } from '../issuers/issuer-unreachable-error.js'

/** Errors of an issuer that a later try may not have. Source: RFC 6749 section 4.1.2.1. */
const TRANSIENT: readonly string[] = ['server_error', 'temporarily_unavailable']

/**
 * Errors of the token endpoint that say that this app is wrongly configured. RFC 6749 section 5.2.
 */
const OURS: readonly string[] = ['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope']

/**
 * Translates an error of the library. Its `cause` is left out: it may have the code, the tokens and
 * the claims.
 */
export function refusalOf(issuer: string, error: unknown): S4uError {
  if (S4uError.is(error)) return error
  if (error instanceof AuthorizationResponseError) return refusedByIssuer(issuer, error.error)
  if (error instanceof ResponseBodyError)
    return OURS.includes(error.error) ? wronglyConfigured(issuer, error.error) : refusedByIssuer(issuer, error.error)
  const code = error instanceof ClientError ? error.code : undefined
  if (code !== undefined && isAboutAnswer(code)) return notBelieved(issuer, code)
  return new IssuerUnreachableError(issuer, new Error(code ?? reasonOf(error)))
}

/** Codes of the library for answers that came and are wrong, not for those that did not come. */
function isAboutAnswer(code: string): boolean {
  return !/TIMEOUT|ABORT|RESPONSE_IS_NOT_(?:CONFORM|JSON)/.test(code)
}

/**
 * Where the issuer has sent an error in place of a code. The person, or the issuer, has said no.
 */
function refusedByIssuer(issuer: string, said: string): S4uError {
  if (TRANSIENT.includes(said)) return new IssuerUnreachableError(issuer, new Error(said))
  const code = said === 'invalid_grant' ? 'invalid_grant' : 'access_denied'
  return new RejectedTokenError(`the issuer ${issuer} refuses: ${said.slice(0, 60)}`, {
    code,
    status: 403,
    hint:
      code === 'invalid_grant'
        ? 'The code was used before, is too old, or is that of another browser: begin again.'
        : 'Look at the issuer why: the person has declined, or has no right to this app there.',
  })
}

function wronglyConfigured(issuer: string, said: string): ConfigurationError {
  return new ConfigurationError(`the issuer ${issuer} does not accept this app: ${said}`, {
    hint: 'Compare clientId, clientSecret, redirectUri and scope with what is registered at the issuer.',
  })
}

function notBelieved(issuer: string, code: string): RejectedTokenError {
  return new RejectedTokenError(`the answer of the issuer ${issuer} is not believed: ${code}`, {
    code: 'invalid_token',
    status: 403,
    hint: 'An answer that is not that of this issuer, for this app and this sign-in, is refused. If it happens to all: look at the clocks, and whether `issuer` is what the issuer calls itself.',
  })
}

/** For an answer that this browser has not asked for, or asked for too long ago. */
export function unknownState(): RejectedTokenError {
  return new RejectedTokenError('the answer of the issuer belongs to no sign-in that this browser has begun', {
    code: 'S4U_UNKNOWN_STATE',
    status: 403,
    hint: 'The browser keeps no cookies, the sign-in took longer than ten minutes, or it began elsewhere: begin again.',
  })
}
