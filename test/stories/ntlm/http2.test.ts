import { createNegotiator, respond, S4uError } from '@s4u/negotiate'
import { ntlm } from '@s4u/sign-in'
import { createTestRealm } from '@s4u/test-kdc'
import { once } from 'node:events'
import { connect, createSecureServer, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { negotiateOf } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import { selfSigned } from '../fixtures/certificate.js'

/** Over HTTP/2 requests of many clients may share a connection, which NTLM takes for one client. */

test.each([
  ['NTLM', { status: 403, offers: '' }],
  // A browser that has a ticket may still show it.
  ['Negotiate', { status: 401, offers: 'Negotiate' }],
])('over HTTP/2 NTLM is neither offered nor taken, also in %s', async (scheme, refusal) => {
  await using realm = await createTestRealm({
    realm: 'AD.TEST',
    services: { web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true } },
  })
  const failed: unknown[] = []
  const negotiator = createNegotiator({
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, session: 'cookie' },
    delegation: { principal: 'web', protocolTransition: true },
    signIn: [
      ntlm({
        ...{ domain: 'AD', dnsDomain: 'ad.test', domainSid: 'S-1-5-21-1-2-3', controllers: '127.255.0.1' },
        account: { name: 'WEB01$', password: 'x' },
      }),
    ],
    onFailed: ({ error }) => void failed.push(error),
  })
  const server = createSecureServer(selfSigned('web.ad.test'), async (request, response) => {
    const outcome = await negotiator.authenticate(request)
    if (outcome.status === 'challenge') respond(response, outcome)
    else response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = connect(url, { rejectUnauthorized: false })
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const answer: IncomingHttpHeaders = (await once(client.request(headers), 'response'))[0]
    return { status: answer[':status'], offers: String(answer['www-authenticate'] ?? '') }
  }
  try {
    expect(await ask({})).toEqual({ status: 401, offers: 'Negotiate' })
    const authorization = `${scheme} ${Buffer.from(negotiateOf()).toString('base64')}`
    expect(await ask({ authorization })).toEqual(refusal)
    expect(failed.map((error) => String(S4uError.is(error) && `${error.message} ${error.hint}`))).toEqual([
      expect.stringContaining('HTTP/2'),
    ])
  } finally {
    client.destroy()
    server.close()
    negotiator[Symbol.dispose]()
  }
})
