import { tlsExporter, tlsServerEndPoint } from '@s4u/gssapi'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect as connectHttp2, createSecureServer, type Http2ServerRequest } from 'node:http2'
import { connect, createServer, type SecureVersion, type TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { selfSigned } from '../../../../test/stories/fixtures/certificate.js'
import { connection, requestWith } from '../fixtures/requests.js'
import { bindingsOf } from './tls-channel.js'

test('there is nothing to bind to without TLS', () => {
  expect(bindingsOf(requestWith())).toEqual([])
  expect(bindingsOf(requestWith({}, { socket: connection() }))).toEqual([])
})

test.each<[SecureVersion, number]>([
  ['TLSv1.3', 2],
  ['TLSv1.2', 1],
])('over %s there are %i possible bindings, computed once for each connection', async (version, count) => {
  const { key, cert, der } = selfSigned('web.ad.test')
  const server = createServer({ key, cert, maxVersion: version }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'secureConnection')
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(client, 'secureConnect')
  const [socket]: TLSSocket[] = await accepted
  const bindings = bindingsOf(requestWith({}, { socket }))
  const exported = client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
  expect(bindings).toEqual([tlsServerEndPoint(der), tlsExporter(exported)].slice(0, count))
  expect(bindingsOf(requestWith({}, { socket }))).toBe(bindings)
  client.destroy()
  server.close()
})

test('over HTTP/2 the same for all streams of a connection, and others for another connection', async () => {
  const { key, cert, der } = selfSigned('web.ad.test')
  const found: (readonly Uint8Array[])[] = []
  const server = createSecureServer({ key, cert }, (request: Http2ServerRequest, response) => {
    found.push(bindingsOf(request))
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const _ of [1, 2]) {
    const client = connectHttp2(url, { rejectUnauthorized: false })
    for (const path of ['/a', '/b']) await once(client.request({ ':path': path }).end().resume(), 'end')
    client.destroy()
  }
  server.close()
  expect(found.map((bindings) => bindings[0])).toEqual([1, 2, 3, 4].map(() => tlsServerEndPoint(der)))
  expect(found.map(({ length }) => length)).toEqual([2, 2, 2, 2])
  expect(found[1]).toBe(found[0])
  expect(found[3]).toBe(found[2])
  expect(found[2][1]).not.toEqual(found[0][1])
})
