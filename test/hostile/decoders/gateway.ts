import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import { cookieIn } from '../../../packages/gateway/src/farm/affinity.js'
import { requestOf, siteOf } from '../../../packages/gateway/src/fixtures/requests.js'
import { createForwardAuth } from '../../../packages/gateway/src/forward-auth/forward-auth.js'
import { headerText } from '../../../packages/gateway/src/delegation/user-headers.js'
import { answerHeaders, challengesOf } from '../../../packages/gateway/src/proxying/answer-headers.js'
import { innerHeaders } from '../../../packages/gateway/src/proxying/inner-headers.js'
import { ownCookies } from '../../../packages/gateway/src/proxying/own-cookies.js'
import { cleanTrailers } from '../../../packages/gateway/src/proxying/sending.js'
import { isIdentityHeader } from '../../../packages/gateway/src/requests/header-names.js'
import { receive } from '../../../packages/gateway/src/requests/receive.js'
import { parseTarget, requireOneReading } from '../../../packages/gateway/src/requests/request-target.js'
import type { ReceivedRequest } from '../../../packages/gateway/src/requests/steps.js'
import { rulesFor } from '../../../packages/gateway/src/sites/rules.js'
import { isBelow } from '../../../packages/gateway/src/sites/site-table.js'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { type Decoder, decoder } from '../decoder.js'
import { readingsOf } from '../inputs/server-readings.js'
import { texts } from '../inputs/seeds.js'

const REFUSALS = [MalformedTokenError, RejectedTokenError]
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const SITE = siteOf({ access: [{ paths: ['/admin'], allow: 'nobody' }, { allow: 'everybody' }] })
const INNER = new URL('http://inner.test/base')

/** What clients, proxies in front and inner servers send to the gateway. */
export const gatewayDecoders: readonly Decoder[] = [
  decoder('target of a request', texts('/a/b;c/d.e?f=/../g', '/%C3%AB/', '/a/..%2fb', '/x//y'), readTarget, REFUSALS),
  decoder(
    'path of a rule',
    texts('/public/x', '/Admin/x', '/x/%61dmin', '/x;/admin/y', '/x/../admin', '/x/. /admin', '/./;a/admin'),
    readPath,
    REFUSALS,
  ),
  decoder('headers of a request', texts(...requests()), readRequest, REFUSALS),
  decoder(
    'cookie of a member',
    texts('a=b; s4u-member=abc', 's4u-member=x;s4u-member=y'),
    (bytes) => cookieIn(latin1(bytes), 's4u-member'),
    [],
  ),
  ...(['original', 'forwarded', 'path'] as const).map((convention) =>
    decoder(
      `question of a proxy (${convention})`,
      texts(...questions()),
      (bytes) => readQuestion(bytes, convention),
      REFUSALS,
    ),
  ),
  decoder('headers of an inner server', texts(...answers()), readAnswer, []),
  decoder(
    'name in a header',
    texts('alice@AD.TEST', 'zoë, b%'),
    (bytes) => {
      const text = headerText(Buffer.from(bytes).toString('utf8'))
      if (
        !/^[!-~]*$/.test(text) ||
        text.includes(',') ||
        decodeURIComponent(text) !== Buffer.from(bytes).toString('utf8')
      )
        throw new Error('a name is changed in a header')
    },
    [],
  ),
]

function requests(): string[] {
  return [
    '/a?b\nHost: orders.example.com:8443\nCookie: a=b; s4u=2.x; s4u.1=y\nX-S4U-User: eve\nConnection: close, x-a\nX-A: b',
    '/\nHost: [2001:db8::7]\nX-Forwarded-For: 203.0.113.9, 192.0.2.7\nX-Forwarded-Proto: https\nTE: trailers\nx_s4u_user: eve',
    '/\nHost: a.test\nTransfer-Encoding: chunked\nContent-Type: text/plain\nX-Forwarded-For: [2001:db8::7]:47',
  ]
}

function questions(): string[] {
  const common = 'X-Forwarded-Proto: https\nX-Forwarded-For: 192.0.2.1\n'
  return [
    `/.s4u/authorize\n${common}X-Original-Method: POST\nX-Original-URL: https://orders.example.com:8443/a?x=%2f`,
    `/.s4u/authorize\n${common}X-Forwarded-Method: GET\nX-Forwarded-Host: a.test\nX-Forwarded-Uri: /a/b?c`,
    `/.s4u/authorize/a/b?c\n${common}Host: orders.example.com`,
  ]
}

function answers(): string[] {
  return [
    'Location: http://inner.test/base/a?b#c\nSet-Cookie: a=b; Domain=inner.test; Path=/; secure\nConnection: x-a\nX-A: b',
    'WWW-Authenticate: Negotiate oQcw, Basic realm="a, b", Digest x=y\nContent-Location: //inner.test:80/x',
  ]
}

/** What was decided on goes on, octet by octet, and means the same path to a parser of URLs. */
function readTarget(bytes: Uint8Array): void {
  const target = latin1(bytes)
  const { path, query } = parseTarget(target)
  if (path + query !== target || path.includes('?')) throw new Error(`${target} is sent on as ${path}${query}`)
  requireOneReading(path)
  const url = new URL(target, 'http://inner.test/base')
  if (url.origin !== 'http://inner.test' || decodeURIComponent(url.pathname) !== decodeURIComponent(path))
    throw new Error(`${target} is resolved to ${url.href}`)
}

/** Where any server reads a path below `/admin`, the rule of `/admin` has been asked. */
function readPath(bytes: Uint8Array): void {
  const { path, query } = parseTarget(latin1(bytes))
  rulesFor(SITE, { ...requestOf({ path, query }), method: 'GET' })
  const reading = readingsOf(path).find((one) => isBelow(one, '/admin'))
  if (reading !== undefined) throw new Error(`${path} may be read as ${reading}, and passes`)
}

function messageOf(bytes: Uint8Array): IncomingMessage {
  const [target, ...lines] = latin1(bytes).split('\n')
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: '127.0.0.1' })
  const message = new IncomingMessage(socket)
  message.url = target
  message.method = 'GET'
  message.httpVersionMajor = 1
  for (const line of lines) {
    const at = line.indexOf(':')
    const [name, value] = [line.slice(0, at), line.slice(at + 1).trim()]
    // What the parser of Node lets through.
    if (!/^[!#$%&'*+.^_`|~\dA-Za-z-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) continue
    message.rawHeaders.push(name, value)
    message.headers[name.toLowerCase()] ??= value
  }
  return message
}

function received(bytes: Uint8Array): ReceivedRequest {
  const { replyTo, listener } = requestOf()
  return receive(messageOf(bytes), replyTo, { listener, isProxy: () => true, now: () => 0 })
}

/** Of what a client says of itself nothing goes inside, and each header is one line. */
function readRequest(bytes: Uint8Array): void {
  const request = { ...requestOf(), ...received(bytes) }
  const isOwnCookie = ownCookies({ name: undefined }, SITE)
  const rules = { url: INNER, credential: {}, isOwnCookie, passAuthorization: false }
  const headers = innerHeaders(request, rules)
  for (const [name, value] of Object.entries(headers)) {
    if (/[\r\n\0]/.test(value)) throw new Error(`${name} has several lines`)
    const isOurs = OURS.test(name)
    if (!isOurs && isIdentityHeader(name)) throw new Error(`${name} of a client goes inside`)
  }
  if (/(?:^|;)\s*s4u[=.]/.test(headers.cookie ?? '')) throw new Error('a session goes inside')
  if (!/^for=(?:unknown|[\d.]+|"\[[\da-f:.]+(?:%[^"\]]+)?\]");host="[^"]+";proto=https?$/i.test(headers.forwarded))
    throw new Error(`Forwarded is ${headers.forwarded}`)
  cleanTrailers(request.request.headers)
}

const OURS = /^(?:x-forwarded-(?:for|host|port|proto)|forwarded|x-request-id)$/

function readQuestion(bytes: Uint8Array, convention: 'original' | 'forwarded' | 'path'): void {
  const check = messageOf(bytes)
  const { path, query } = parseTarget(check.url)
  const asked: ReceivedRequest = { ...requestOf({ path, query }), request: check }
  const { originalOf } = createForwardAuth({ from: ['127.0.0.1'], convention }, '/.s4u')
  const original = originalOf(asked)
  if (original.request.url !== original.path + original.query) throw new Error('another target than that asked about')
}

function readAnswer(bytes: Uint8Array): void {
  const inner = messageOf(Buffer.concat([Buffer.from('/\n'), bytes]))
  const { 'set-cookie': cookie, 'www-authenticate': challenge = '' } = inner.headers
  if (cookie !== undefined) inner.headers['set-cookie'] = [cookie].flat()
  challengesOf(challenge)
  const headers = answerHeaders(requestOf(), inner, {
    url: INNER,
    passesChallenges: true,
    own: [{ 'Set-Cookie': 'x=y' }],
    isOwnCookie: (name) => name === 'x',
    onOwnCookie: () => {},
  })
  if ([headers['set-cookie']].flat().some((one) => /;\s*domain\s*=/i.test(String(one))))
    throw new Error('a cookie of the inner domain')
}
