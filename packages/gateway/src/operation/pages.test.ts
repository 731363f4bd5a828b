import { createHash } from 'node:crypto'
import {
  DelegationRefusedError,
  KdcUnreachableError,
  RejectedTokenError,
  type CallerIdentity,
  type Session,
} from '@s4u/negotiate'
import type { S4uError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { requestOf } from '../fixtures/requests.js'
import { InnerServerError } from '../requests/inner-server-error.js'
import { markup } from './html-page.js'
import { refusalPage } from './refusal-page.js'
import { LANGUAGES, languageOf, textsIn } from './texts.js'
import { userPage } from './user-page.js'

const settings = { path: '/.s4u', language: 'en', themeOf: () => ({}) } as const
const HTML = { accept: 'text/html,*/*' }

const answer = {
  step: 'S4U2Proxy',
  errorCode: 13,
  account: 'svc@AD.TEST',
  target: 'HTTP/x.ad.test',
  user: 'carol@AD.TEST',
}
const refused = (reason: DelegationRefusedError['reason']) =>
  new DelegationRefusedError(answer as DelegationRefusedError['answer'], reason, 'carol@AD.TEST is sensitive', [])

const REFUSALS: readonly (readonly [string, S4uError, number, string])[] = [
  ['a protected user', refused('user-not-delegable'), 403, 'Your account is protected'],
  ['a target that is not listed', refused('target-not-allowed'), 403, 'This application cannot be opened yet'],
  ['a KDC that is down', new KdcUnreachableError('AD.TEST', []), 503, 'Please try again later'],
  [
    'an inner server',
    new InnerServerError('orders1.ad.test is dead', { code: 'S4U_OTHER_SCHEME' }),
    502,
    'The application does not answer properly',
  ],
  ['a gone password', new RejectedTokenError('x', { code: 'S4U_PASSWORD_GONE' }), 401, 'Please sign in again'],
  [
    'a user without access',
    new RejectedTokenError('x', { code: 'KDC_ERR_POLICY', status: 403 }),
    403,
    'You may not open this page',
  ],
]

describe('the page of a refusal', () => {
  test.each(REFUSALS)('for %s says what a user may know, and a number', (_, error, statusCode, title) => {
    const page = refusalPage(error, requestOf({ id: 'n42', headers: HTML }), settings)
    expect(page.statusCode).toBe(statusCode)
    expect(page.body).toContain(`<h1>${title}</h1>`)
    expect(page.body).toContain('<code>n42</code>')
    const plain = refusalPage(error, requestOf({ id: 'n42' }), settings)
    expect([plain.statusCode, plain.headers['Content-Type']]).toEqual([statusCode, 'text/plain; charset=utf-8'])
    for (const { body } of [page, plain]) {
      expect(body).toContain(title)
      expect(body).not.toMatch(/ad\.test|svc@|sensitive|S4U_|KDC_|KRB/i)
    }
  })

  test('asks to come back later where that may help', () => {
    expect(refusalPage(new KdcUnreachableError('AD.TEST', []), requestOf(), settings).headers['Retry-After']).toBe('30')
    expect(refusalPage(refused('no-pac'), requestOf(), settings).headers).not.toHaveProperty('Retry-After')
  })

  test('carries what belongs to the answer: the proof of the gateway', () => {
    const answerHeaders = { 'WWW-Authenticate': 'Negotiate oYG' }
    expect(refusalPage(refused('no-pac'), requestOf({ answerHeaders }), settings).headers).toMatchObject(answerHeaders)
  })

  test('has a way to sign in again where the password is gone', () => {
    const error = new RejectedTokenError('x', { code: 'S4U_PASSWORD_GONE' })
    const { body } = refusalPage(error, requestOf({ headers: HTML }), settings)
    expect(body).toContain('<form method="post" action="/.s4u/sign-out"><button>Sign in again</button></form>')
  })
})

describe('the page of a user', () => {
  const caller = { principal: '<zoë>&"@AD.TEST' } as CallerIdentity
  const session = {
    id: 'x',
    authenticationMethod: 'certificate',
    expiresAt: Date.UTC(2030, 0, 2, 3, 4, 5),
  } as unknown as Session

  test('says who, how and until when, with a way out that needs no script', () => {
    const { body, headers } = userPage(requestOf({ caller, session, way: 'session' }), settings)
    expect(body).toContain('<dt>User</dt><dd>&#60;zoë&#62;&#38;&#34;@AD.TEST</dd>')
    expect(body).toContain('<dt>Signed in by</dt><dd>certificate</dd>')
    expect(body).toContain('<time datetime="2030-01-02T03:04:05.000Z">January 2, 2030')
    expect(body).toContain('<form method="post" action="/.s4u/sign-out"><button>Sign out</button></form>')
    expect(body).not.toContain('<script')
    expect(headers['Content-Security-Policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; img-src 'self' data:; form-action 'self'; /,
    )
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(body) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(headers['Content-Security-Policy']).toContain(`style-src 'sha256-${hash}'`)
    expect(headers['Cache-Control']).toBe('no-store')
  })

  test('carries what belongs to the answer: the session, and the proof of the gateway', () => {
    const answerHeaders = { 'Set-Cookie': ['s=1'], 'WWW-Authenticate': 'Negotiate oYG', 'Cache-Control': 'private' }
    const { headers } = userPage(requestOf({ caller, answerHeaders }), settings)
    expect(headers).toMatchObject({ ...answerHeaders, 'Cache-Control': 'no-store' })
  })

  test('of a user who shows a ticket each time has no way out', () => {
    const { body } = userPage(requestOf({ caller, way: 'negotiate' }), settings)
    expect(body).toContain('<dd>your computer (Kerberos)</dd>')
    expect(body).toContain('<dd>for each request</dd>')
    expect(body).not.toContain('<form')
  })

  test('of a session that begins with this answer has a way out, and no end yet', () => {
    const answerHeaders = { 'Set-Cookie': ['s=1'] }
    const { body } = userPage(requestOf({ caller, way: 'negotiate', answerHeaders }), settings)
    expect(body).toContain('action="/.s4u/sign-out"')
    expect(body).not.toContain('<dt>Until</dt>')
  })

  test('of a way without a word of ours shows its name, and of no user says that', () => {
    expect(userPage(requestOf({ caller, way: 'badge' }), settings).body).toContain('<dd>badge</dd>')
    expect(userPage(requestOf(), settings).body).toContain('<h1>You are not signed in</h1>')
  })

  test.each(LANGUAGES)('in %s is whole: a language, one heading, a title', (language) => {
    const { body, headers } = userPage(
      requestOf({ caller, session, headers: { 'accept-language': language } }),
      settings,
    )
    expect(body).toContain(`<html lang="${language}">`)
    expect(headers['Content-Language']).toBe(language)
    expect(body.match(/<h1>/g)).toHaveLength(1)
    expect(body).toContain(`<title>${textsIn(language).home.title}</title>`)
    expect(body).toContain('<meta name="viewport"')
  })
})

describe('the language', () => {
  test.each([
    ['de-CH, fr;q=0.9, en;q=0.8', 'de'],
    ['FR', 'fr'],
    ['es, it;q=0.9, de;q=0.1', 'de'],
    ['es', 'fr'],
    ['', 'fr'],
    [undefined, 'fr'],
    [`${'x,'.repeat(10_000)}de`, 'fr'],
  ])('of %s is %s', (accepted, language) => {
    expect(languageOf(accepted?.slice(0, 30_000), 'fr')).toBe(language)
  })

  test('has the same texts in all', () => {
    const keysOf = (value: object): string[] =>
      Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
        typeof inner === 'object' && inner !== null ? keysOf(inner).map((one) => `${key}.${one}`) : [key],
      )
    for (const language of LANGUAGES) expect(keysOf(textsIn(language))).toEqual(keysOf(textsIn('en')))
  })
})

test('texts in HTML are escaped, and HTML is not', () => {
  expect(markup`<p>${'<b>'}${markup`<i>`}${undefined}</p>`.text).toBe('<p>&#60;b&#62;<i></p>')
})
