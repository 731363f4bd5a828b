/** Client certificates over HTTP/2, and on connections that are resumed. */

import { createNegotiator, respond } from '@s4u/negotiate'
import { certificate } from '@s4u/sign-in'
import { once } from 'node:events'
import { connect, createSecureServer } from 'node:http2'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { IncomingMessage } from 'node:http'
import { afterAll, expect, test } from 'vitest'
import { Authority } from '../fixtures/authority.js'
import { askingFor } from '../fixtures/certified-site.js'
import { corporation } from '../fixtures/corporation.js'

const realm = await corporation()
const authority = new Authority('CN=CA')
const alices = authority.issue({ subject: 'CN=alice' })
const web = new Authority('CN=Servers').issue({ subject: 'CN=web', extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] })
const own = { key: web.key, cert: web.pem }
const negotiator = createNegotiator({
  ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, now: () => realm.now },
  delegation: { principal: 'web', protocolTransition: true },
  signIn: [certificate({ ca: authority.certificate.pem, mapping: () => 'alice@AD.TEST', revocation: 'off' })],
})
afterAll(async () => {
  negotiator[Symbol.dispose]()
  await realm[Symbol.asyncDispose]()
})

test('over HTTP/2 the certificate of the connection counts, and its lack is not a mistake of the listener', async () => {
  const server = createSecureServer({ ...askingFor(authority), ...own }, async (req, res) => {
    const outcome = await negotiator.authenticate(req)
    if (outcome.status === 'challenge') return respond(res, outcome)
    res.end(outcome.identity?.principal ?? 'nobody')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ask = async (client: { readonly key: string; readonly cert: string } | undefined): Promise<string> => {
    const { port } = server.address() as AddressInfo
    const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...client })
    const stream = session.request({ ':path': '/' })
    const [headers] = await once(stream, 'response')
    const body = Buffer.concat(await stream.toArray()).toString()
    session.close()
    return `${headers[':status']} ${body.trim()}`
  }
  try {
    expect(await ask({ key: alices.key, cert: alices.pem })).toBe('200 alice@AD.TEST')
    expect(await ask(undefined)).toMatch(/^401 /)
  } finally {
    server.close()
  }
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a resumed connection of %s has its certificate still, and none where it had none',
  async (version) => {
    const asking = { ...askingFor(authority), ...own, minVersion: version, maxVersion: version }
    const server = createServer(asking, async (req, res) => {
      const outcome = await negotiator.authenticate(req)
      const { socket } = req as IncomingMessage & { readonly socket: { isSessionReused(): boolean } }
      const who = outcome.status === 'authenticated' ? outcome.identity.principal : outcome.status
      res.end(`${who} ${socket.isSessionReused()}`)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const ask = async (agent: Agent): Promise<string> => {
      const [response] = (await once(request({ port, host: '127.0.0.1', agent }).end(), 'response')) as [
        IncomingMessage,
      ]
      const body = Buffer.concat(await response.toArray()).toString()
      // The ticket of a session of TLS 1.3 comes after the answer.
      await new Promise((resolve) => setTimeout(resolve, 50))
      return body
    }
    try {
      const known = new Agent({ rejectUnauthorized: false, key: alices.key, cert: alices.pem })
      expect([await ask(known), await ask(known)]).toEqual(['alice@AD.TEST false', 'alice@AD.TEST true'])
      const unknown = new Agent({ rejectUnauthorized: false })
      expect([await ask(unknown), await ask(unknown)]).toEqual(['challenge false', 'challenge true'])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  },
)
