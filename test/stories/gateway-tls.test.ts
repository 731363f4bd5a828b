import { once } from 'node:events'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { selfSigned } from './fixtures/certificate.js'
import { Desktop } from './fixtures/corporation.js'
import { ask, type GatewaySite, gatewaySite, PUBLIC } from './gateway-site.js'

const OTHER = 'other.example.com'

let folder: string
let site: GatewaySite
const path = (name: string): string => join(folder, name)

function write(name: string, host: string): void {
  const { cert, key } = selfSigned(host)
  writeFileSync(path(`${name}.pem`), cert)
  writeFileSync(path(`${name}.key`), key)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 's4u-gateway-tls-'))
  write('first', PUBLIC)
  write('second', OTHER)
  const certificates = ['first', 'second'].map((name) => ({
    certificate: path(`${name}.pem`),
    key: path(`${name}.key`),
  }))
  site = await gatewaySite({
    innerAuthenticates: false,
    handle: async (request, response) => {
      const body = await text(request).catch(() => 'cut')
      response.writeHead(200, { 'Keep-Alive': 'timeout=5', Trailer: 'X-Sum' })
      response.write(`${request.method} ${request.url} [${body}] ${request.headers['transfer-encoding'] ?? '-'}`)
      response.addTrailers({ 'X-Sum': '7' })
      response.end()
    },
    config: {
      session: { secure: true },
      listeners: [
        { address: '127.0.0.1:0', tls: { certificates } },
        { address: '127.0.0.1:0', redirect: 'https' },
      ],
    },
    site: {
      access: [
        { methods: 'DELETE', allow: 'nobody' },
        { paths: '/public', allow: 'everybody' },
      ],
    },
  })
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const open = (servername = PUBLIC): ClientHttp2Session =>
  connect(`https://127.0.0.1:${site.port}`, { servername, rejectUnauthorized: false })

async function fetchOver(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string) {
  const stream = session.request({ ':authority': PUBLIC, ...headers })
  let trailers: object = {}
  stream.on('trailers', (found) => (trailers = found))
  stream.end(body)
  const [answer] = await once(stream, 'response')
  return { status: Number(answer[':status']), headers: answer, body: await text(stream), trailers }
}

async function certificateOf(servername?: string): Promise<string> {
  const socket: TLSSocket = connectTls({ host: '127.0.0.1', port: site.port, servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject, serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return `${subject.CN} ${serialNumber}`
}

describe('over TLS', () => {
  test('HTTP/2 outside is HTTP/1.1 inside, with the same proof, body and trailers', async () => {
    const authorization = await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    const session = open()
    const first = await fetchOver(session, { ':path': '/a?b', ':method': 'POST', authorization }, 'hello')
    expect(first).toMatchObject({ status: 200, body: 'POST /a?b [hello] chunked', trailers: { 'x-sum': '7' } })
    expect(first.headers['keep-alive']).toBeUndefined()
    const [cookie] = String(first.headers['set-cookie']).split(';')
    expect(cookie).toMatch(/^__Host-s4u=/)
    expect(await fetchOver(session, { ':path': '/again', cookie })).toMatchObject({
      status: 200,
      body: 'GET /again [] -',
    })
    expect(site.seen.at(-1)?.headers.cookie).toBeUndefined()
    session.destroy()
  })

  test('HTTP/1.1 is served too, and the inner server is told https', async () => {
    const request = httpsRequest({
      ...{ host: '127.0.0.1', port: site.port, path: '/public', servername: PUBLIC, rejectUnauthorized: false },
      headers: { host: PUBLIC },
      agent: false,
    })
    request.end()
    const [answer]: IncomingMessage[] = await once(request, 'response')
    expect(await text(answer)).toContain('GET /public')
    expect(site.seen.at(-1)?.headers['x-forwarded-proto']).toBe('https')
  })

  test('HTTP/1.1 has the limits of the listener, tokens of 40 KB and uploads of hours, beside HTTP/2', async () => {
    const request = httpsRequest({
      ...{ host: '127.0.0.1', port: site.port, path: '/public', servername: PUBLIC, rejectUnauthorized: false },
      headers: { host: PUBLIC, authorization: `Basic ${'A'.repeat(40_000)}` },
      agent: false,
    })
    request.end()
    const [answer]: IncomingMessage[] = await once(request, 'response')
    expect(answer.statusCode).toBe(200)
    answer.resume()
  })

  test('HTTP/1.1 beside HTTP/2 is cut off when its headers are late, or too long', async () => {
    const certificates = { certificate: path('second.pem'), key: path('second.key') }
    await using slow = await gatewaySite({
      config: {
        session: { secure: true },
        listeners: { address: '127.0.0.1:0', tls: { certificates }, limits: { headersTime: '300ms', headers: '8KB' } },
      },
    })
    const answerTo = async (octets: string): Promise<string> => {
      const options = { host: '127.0.0.1', port: slow.port, servername: PUBLIC, rejectUnauthorized: false }
      const socket = connectTls({ ...options, ALPNProtocols: ['http/1.1'] }).on('error', () => {})
      await once(socket, 'secureConnect')
      socket.write(octets)
      return text(socket)
    }
    const head = `GET / HTTP/1.1\r\nHost: ${PUBLIC}\r\n`
    expect(await answerTo(head)).toMatch(/^HTTP\/1\.1 408 /)
    expect(await answerTo(`${head}X: ${'x'.repeat(9_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
    expect(slow.seen).toEqual([])
  })

  test('a method in small letters, which the inner server would get in capitals, passes no rule', async () => {
    const session = open()
    const before = site.seen.length
    expect((await fetchOver(session, { ':path': '/public', ':method': 'delete' })).status).toBe(400)
    expect((await fetchOver(session, { ':path': '/public', ':method': 'DELETE' })).status).toBe(403)
    expect(site.seen).toHaveLength(before)
    session.destroy()
  })

  test('a connection for another name does not reach the site', async () => {
    const session = open(OTHER)
    expect((await fetchOver(session, { ':path': '/public' })).status).toBe(421)
    session.destroy()
  })

  test.each([
    ['another host than the authority', { host: 'evil.test' }],
    ['a dot segment in the path', { ':path': '/public/..%2fadmin' }],
    ['an encoded line break in the path', { ':path': '/public%0d%0aX:y' }],
  ])('HTTP/2 with %s is refused', async (_what, headers) => {
    const session = open()
    const before = site.seen.length
    expect((await fetchOver(session, { ':path': '/public', ...headers })).status).toBe(400)
    expect(site.seen).toHaveLength(before)
    session.destroy()
  })

  test('each name has its certificate, and a renewed one is read again without a restart', async () => {
    expect(await certificateOf(OTHER)).toContain(OTHER)
    // A client that names no host is shown the first.
    expect(await certificateOf()).toContain(PUBLIC)
    const before = await certificateOf(PUBLIC)
    expect(before).toContain(PUBLIC)
    write('first', PUBLIC)
    utimesSync(path('first.pem'), new Date(), new Date(Date.now() + 5_000))
    site.gateway.reloadCertificates()
    const after = await certificateOf(PUBLIC)
    expect(after).toContain(PUBLIC)
    expect(after).not.toBe(before)
    expect(await certificateOf()).toBe(after)
    // A pair that does not fit leaves the one before in force.
    writeFileSync(path('first.key'), selfSigned(PUBLIC).key)
    site.gateway.reloadCertificates()
    expect(await certificateOf(PUBLIC)).toBe(after)
  })

  test('without TLS there is a redirect for published names, and nothing else', async () => {
    const { port } = site.gateway.addresses[1]
    const { status, headers } = await ask(port, '/a?b=1', {})
    expect([status, headers.location]).toEqual([308, `https://${PUBLIC}/a?b=1`])
    expect((await ask(port, '/', { host: 'evil.test' })).status).toBe(404)
  })
})
