import { RejectedTokenError, S4uError } from '@s4u/krb5'
import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose'
import type { IssuerRules } from '../issuers/issuer-options.js'
import { IssuerUnreachableError } from '../issuers/issuer-unreachable-error.js'
import type { TokenRules } from './bearer-options.js'

/**
 * Verifies an access token: signed by the issuer with an algorithm that counts, for this API, valid
 * now, and no ID token. Source: RFC 9068 section 4, RFC 8725.
 * @throws RejectedTokenError invalid_token, insufficient_scope; IssuerUnreachableError
 */
export async function verifyAccessToken(
  token: string,
  keys: JWTVerifyGetKey,
  issuerName: string,
  { issuer, clockSkew }: Pick<IssuerRules, 'issuer' | 'clockSkew'>,
  rules: TokenRules,
  now: number,
): Promise<JWTPayload> {
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: issuerName,
    audience: [...rules.audience],
    algorithms: [...rules.algorithms],
    requiredClaims: ['exp', 'sub'],
    clockTolerance: clockSkew / 1_000,
    currentDate: new Date(now),
    ...(rules.type === 'at+jwt' && { typ: 'at+jwt' }),
  }).catch((error: unknown) => {
    throw refusalOf(issuer.href, error)
  })
  if (rules.type === 'JWT') requireAccessToken(payload, protectedHeader.typ)
  requireScope(payload, rules.scope)
  return payload
}

/** What only ID tokens have. Source: OpenID Connect Core 1.0 section 2 and section 3.1.3.6. */
const OF_ID_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash']

/** What only access tokens have: RFC 9068 section 2.2, and `scp` of Entra and ADFS. */
const OF_ACCESS_TOKENS = ['scope', 'scp', 'roles', 'client_id']

/**
 * An ID token says to a client who has signed in; whoever gets one must not be able to call an API
 * with it.
 */
function requireAccessToken(payload: JWTPayload, type: string | undefined): void {
  const hasOf = (names: readonly string[]): boolean => names.some((name) => Object.hasOwn(payload, name))
  const isNamed = type === undefined || /^(?:application\/)?(?:at\+)?jwt$/i.test(type)
  if (isNamed && !hasOf(OF_ID_TOKENS) && hasOf(OF_ACCESS_TOKENS)) return
  throw invalid('it is not an access token')
}

/** @throws RejectedTokenError insufficient_scope */
function requireScope({ scope, scp }: JWTPayload, wanted: readonly string[]): void {
  const said = [scope, scp].flatMap((one) => (typeof one === 'string' ? one.split(' ') : Array.isArray(one) ? one : []))
  const missing = wanted.filter((one) => !said.includes(one))
  if (missing.length === 0) return
  throw new RejectedTokenError(`the access token does not permit ${missing.join(', ')}`, {
    code: 'insufficient_scope',
    status: 403,
    hint: 'Ask the issuer for a token with this scope; at the issuer, permit it to the client.',
  })
}

/** The cause is left out: it has the claims. */
function refusalOf(issuer: string, error: unknown): S4uError {
  if (S4uError.is(error)) return error
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
    return new IssuerUnreachableError(issuer, error)
  return invalid(error.code)
}

function invalid(because: string): RejectedTokenError {
  return new RejectedTokenError(`the access token is not believed: ${because}`, {
    code: 'invalid_token',
    hint: 'Get a new access token from the issuer, for this API. If it happens to all: compare issuer, audience, algorithms and type with a token, and look at the clocks.',
  })
}
