import { RejectedTokenError } from '@s4u/krb5'
import { localTarget, userPartOf } from '@s4u/negotiate'
import { valueOf } from '../../../packages/negotiate/src/session/cookie-pieces.js'
import { readFormFields } from '../../../packages/negotiate/src/sign-in-sources/form-fields.js'
import { sealedTexts } from '../../../packages/negotiate/src/sign-in-sources/sealed-texts.js'
import { decodeUrlEncoded } from '../../../packages/negotiate/src/sign-in-sources/url-encoded.js'
import { decodeBasic } from '../../../packages/sign-in/src/basic/basic-credentials.js'
import { verifyAccessToken } from '../../../packages/sign-in/src/bearer/access-token.js'
import { languageFor, textsWith } from '../../../packages/sign-in/src/form/language.js'
import { accountOf, accountRules } from '../../../packages/sign-in/src/issuers/account-claim.js'
import { requireUserName } from '../../../packages/sign-in/src/password/user-name.js'
import { createHmac } from 'node:crypto'
import { type Decoder, decoder } from '../decoder.js'
import { texts } from '../inputs/seeds.js'

const NOW = Date.UTC(2026, 10, 30)
const ISSUER = 'https://issuer.test/'
const SECRET = new Uint8Array(32).fill(7)
const CLAIMS = { iss: ISSUER, aud: 'api', sub: '1', exp: NOW / 1_000 + 60, scope: 'a b', upn: 'alice@ad.test' }
const HEADER = '{"alg":"HS256","typ":"at+jwt"}'
const LANGUAGES = textsWith()
const RULES = (['userPrincipalName', 'userPart', 'samAccountName'] as const).map((account) =>
  accountRules('fuzz', { claim: 'upn', account, suffixes: ['ad.test'] }),
)
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const box = sealedTexts('fuzz', { secrets: [SECRET], now: () => NOW, random: (length) => new Uint8Array(length) })

/** What browsers and other clients send to sign in without a ticket. */
export const signInDecoders: readonly Decoder[] = [
  decoder('Authorization: Basic', texts('Basic YWxpY2U6cHc=', 'basic em/DqzphOmI'), (bytes) =>
    decodeBasic(latin1(bytes)),
  ),
  decoder('access token', [token(JSON.stringify(CLAIMS))], (bytes) => verified(latin1(bytes)), [RejectedTokenError]),
  decoder(
    'header of an access token',
    texts('{"alg":"HS256","typ":"at+jwt","crit":["b64"],"b64":true}', HEADER),
    (bytes) => verified(utf8(token(JSON.stringify(CLAIMS), bytes))),
    [RejectedTokenError],
  ),
  decoder('claims of an access token', texts(JSON.stringify(CLAIMS)), (bytes) => verified(utf8(token(bytes))), [
    RejectedTokenError,
  ]),
  decoder('claim that names an account', texts('alice@ad.test', 'alice', 'zoë@ad.test'), readClaim, [
    RejectedTokenError,
  ]),
  decoder('name that a user types', texts('alice', 'alice@corp.test', 'CORP\\zoë'), readUserName, [RejectedTokenError]),
  decoder('Accept-Language', texts('de-AT,de;q=0.9,en;q=0.5', 'fr'), (bytes) => languageFor(latin1(bytes), LANGUAGES)),
  decoder('form', texts('user=zo%C3%AB&password=a+b%26&next=%2Fa', 'a=b&c', ''), readForm),
  decoder('content type of a form', texts('application/x-www-form-urlencoded; charset="UTF-8"'), (bytes) =>
    readFormFields({ headers: { 'content-type': latin1(bytes) } }, 'a=b'),
  ),
  decoder('sealed text', texts(box.seal('text', 60_000), box.seal('', 60_000)), readSealed, []),
  decoder(
    'cookie in pieces',
    texts('a=b; s4u=2.abc; s4u.1=def', 's4u=1.x'),
    (bytes) => valueOf('s4u', latin1(bytes)),
    [],
  ),
  decoder('target within the site', texts('/a/b?c=d#e', '/', '/.//a', '//evil.test', '/\\evil.test'), readTarget, []),
]

/** A token that the issuer has signed, whatever is in it. */
function token(claims: string | Uint8Array, header: string | Uint8Array = HEADER): Uint8Array {
  const signed = [header, claims].map((part) => Buffer.from(part).toString('base64url')).join('.')
  const signature = createHmac('sha256', SECRET).update(signed).digest('base64url')
  return Buffer.from(`${signed}.${signature}`)
}

async function verified(text: string): Promise<void> {
  const rules = { audience: ['api'], scope: ['a'], algorithms: ['HS256'], type: 'at+jwt' } as const
  const issuer = { issuer: new URL(ISSUER), clockSkew: 60_000 }
  const claims = await verifyAccessToken(text, async () => SECRET, ISSUER, issuer, rules, NOW)
  if (claims.iss !== ISSUER || !(Number(claims.exp) > NOW / 1_000 - 61)) throw new Error('a token that is not valid')
}

/** By each form that a name may have; the first that takes it counts. */
async function readClaim(bytes: Uint8Array): Promise<void> {
  let refusal: unknown
  for (const rules of RULES) {
    try {
      const { user } = await accountOf({ upn: utf8(bytes) }, rules, 'AD.TEST')
      if (!user.endsWith('@AD.TEST') || /[\0\r\n/\\]/.test(user))
        throw new Error(`an account of another realm: ${user}`)
      return
    } catch (error) {
      if (!(error instanceof RejectedTokenError)) throw error
      refusal = error
    }
  }
  throw refusal
}

function readUserName(bytes: Uint8Array): void {
  const name = utf8(bytes)
  userPartOf(name)
  requireUserName(name)
}

/** What is read is what the standard reads, where that replaces nothing. */
function readForm(bytes: Uint8Array): void {
  const fields = decodeUrlEncoded(bytes)
  const expected = new URLSearchParams(`&${latin1(bytes)}`)
  for (const [name, value] of fields)
    if (bytes.every((octet) => octet < 0x80) && name !== '' && expected.get(name) !== value)
      throw new Error(`the field ${name} is read as another value`)
}

/** Nothing opens but what was sealed. */
function readSealed(bytes: Uint8Array): void {
  const opened = box.open(latin1(bytes))
  if (opened !== undefined && opened !== 'text' && opened !== '') throw new Error('what was not sealed is opened')
}

/** Wherever a browser is, the target is on the site that it is on. */
function readTarget(bytes: Uint8Array): void {
  const target = localTarget(latin1(bytes))
  if (target === undefined) return
  for (const base of ['https://site.test', 'http://site.test:8080/a/b?c#d', 'https://site.test//x/..//']) {
    const { origin, username } = new URL(target, base)
    if (origin !== new URL(base).origin || username !== '') throw new Error(`${target} leads to ${origin}`)
  }
}
