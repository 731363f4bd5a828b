import { formatAuthorization, tlsExporter, tlsServerEndPoint } from '@s4u/gssapi'
import type { FailedEvent, NegotiatorOptions } from '@s4u/negotiate'
import { once } from 'node:events'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import { createServer, request as send } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { selfSigned } from './fixtures/certificate.js'
import { corporation, Desktop, WEB } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'
import { type Stack, stacks, stacksOverHttp2 } from './fixtures/stacks.js'

/** A token that was made for another TLS channel is one that somebody passes on. */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const certificate = selfSigned('web.ad.test')
const anothers = selfSigned('web.ad.test')

type Binding = 'none' | 'certificate' | 'exporter' | "another's certificate"

describe.each(stacks)('$name', (stack) => {
  test.each([
    ['off', 'none', 200],
    ['off', "another's certificate", 200],
    ['allow', 'none', 200],
    ['allow', 'certificate', 200],
    ['allow', 'exporter', 200],
    ['allow', "another's certificate", 401],
    ['require', 'none', 401],
    ['require', 'certificate', 200],
    ['require', 'exporter', 200],
    ['require', "another's certificate", 401],
  ] as const)(
    'with channelBinding %s answers a client that binds %s with %i',
    async (channelBinding, binding, status) => {
      const codes: string[] = []
      const answer = await overTls(
        stack,
        { channelBinding, onFailed: ({ code }: FailedEvent) => void codes.push(code) },
        binding,
      )
      expect(answer).toBe(status)
      expect(codes).toEqual(status === 200 ? [] : ['GSS_S_BAD_BINDINGS'])
    },
  )

  test('knows the certificate of a proxy at which TLS ends', async () => {
    const options = { keytab, channelBinding: 'require', tlsCertificate: [anothers.cert, certificate.der] } as const
    await using site = await serve(stack.build({ options }).listener)
    for (const channelBindings of [certificate, anothers].map(({ der }) => tlsServerEndPoint(der))) {
      expect((await site.get('/', { authorization: await alice.authorization(WEB, { channelBindings }) })).status).toBe(
        200,
      )
    }
    const channelBindings = tlsServerEndPoint(selfSigned('web.ad.test').der)
    expect((await site.get('/', { authorization: await alice.authorization(WEB, { channelBindings }) })).status).toBe(
      401,
    )
  })

  test('refuses everybody without TLS when it requires a binding and knows no certificate', async () => {
    await using site = await serve(stack.build({ options: { keytab, channelBinding: 'require' } }).listener)
    expect((await site.get('/', { authorization: await alice.authorization() })).status).toBe(401)
  })
})

describe.each(stacksOverHttp2)('$name over HTTP/2', (stack) => {
  test.each([
    ['certificate', 200],
    ['exporter', 200],
    ['none', 401],
    ["another's certificate", 401],
  ] as const)('answers a client that binds %s with %i, twice on a connection', async (binding, status) => {
    const { listener } = stack.build({ options: { keytab, channelBinding: 'require' } })
    const { key, cert } = certificate
    const server = createSecureServer({ key, cert }, listener as Http2Listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const session = connectHttp2(url, { ca: cert, checkServerIdentity: () => undefined })
    try {
      await once(session, 'connect')
      for (const _ of [1, 2]) {
        const channelBindings = bindingOf(session.socket as TLSSocket, binding)
        const token = await alice.token(WEB, channelBindings ? { channelBindings } : {})
        const [headers] = await once(session.request({ authorization: formatAuthorization(token) }).end(), 'response')
        expect(headers[':status']).toBe(status)
      }
    } finally {
      session.destroy()
      server.close()
    }
  })
})

/** The compatible API of HTTP/2 takes what was written for HTTP/1. */
type Http2Listener = (request: unknown, response: unknown) => void

async function overTls(stack: Stack, options: NegotiatorOptions, binding: Binding): Promise<number> {
  const { listener } = stack.build({ options: { keytab, ...options } })
  const { key, cert } = certificate
  const server = createServer({ key, cert, maxHeaderSize: 65_536 }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', ca: cert, checkServerIdentity: () => undefined })
  try {
    await once(socket, 'secureConnect')
    const channelBindings = bindingOf(socket, binding)
    const token = await alice.token(WEB, channelBindings ? { channelBindings } : {})
    const headers = { authorization: formatAuthorization(token) }
    const request = send({ createConnection: () => socket, host: '127.0.0.1', port, headers }).end()
    const [response] = await once(request, 'response')
    response.resume()
    return response.statusCode
  } finally {
    socket.destroy()
    server.closeAllConnections()
    server.close()
  }
}

function bindingOf(socket: TLSSocket, binding: Binding): Uint8Array | undefined {
  switch (binding) {
    case 'none':
      return undefined
    case 'certificate':
      return tlsServerEndPoint(socket.getPeerCertificate().raw)
    case 'exporter':
      return tlsExporter(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)))
    case "another's certificate":
      return tlsServerEndPoint(anothers.der)
  }
}
