/** Client certificates of web-standard Requests, which come from the server of the runtime. */

import { createNegotiator } from '@s4u/negotiate'
import { certificate } from '@s4u/sign-in'
import { afterAll, expect, test } from 'vitest'
import { Authority } from '../fixtures/authority.js'
import { corporation } from '../fixtures/corporation.js'

const realm = await corporation()
const authority = new Authority('CN=CA')
const alices = authority.issue({ subject: 'CN=alice' }).der
const strangers = new Authority('CN=Another').issue({ subject: 'CN=alice' }).der
const negotiator = createNegotiator({
  ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, now: () => realm.now },
  delegation: { principal: 'web', protocolTransition: true },
  signIn: [certificate({ ca: authority.certificate.pem, mapping: () => 'alice@AD.TEST', revocation: 'off' })],
})
afterAll(async () => {
  negotiator[Symbol.dispose]()
  await realm[Symbol.asyncDispose]()
})

const ask = (peerCertificate?: Uint8Array | null, headers: Record<string, string> = {}) =>
  negotiator.authenticateRequest(new Request('https://web.ad.test/', { headers }), {
    ...(peerCertificate !== undefined && { peerCertificate }),
  })

test('the certificate that the runtime gives signs its owner in', async () => {
  const outcome = await ask(alices)
  expect(outcome).toMatchObject({ status: 'authenticated', identity: { principal: 'alice@AD.TEST' } })
  expect(outcome.identity?.authenticationMethod).toBe('certificate')
})

test('one of another authority signs nobody in', async () => {
  const outcome = await ask(strangers)
  expect([outcome.status, outcome.response?.status]).toEqual(['challenge', 401])
})

test('a client that showed none is asked for a token', async () => {
  const outcome = await ask(null)
  expect([outcome.status, outcome.response?.headers.get('www-authenticate')]).toEqual(['challenge', 'Negotiate'])
})

test('where it is not known, the operator is told what to give', async () => {
  await expect(ask()).rejects.toMatchObject({
    name: 'ConfigurationError',
    hint: expect.stringContaining('give peerCertificate, or null where the client showed none'),
  })
})

test('one in a header is none', async () => {
  const header = `:${Buffer.from(alices).toString('base64')}:`
  expect((await ask(null, { 'client-cert': header })).status).toBe('challenge')
})
