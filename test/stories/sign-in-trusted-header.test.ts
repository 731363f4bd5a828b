/** A front end has authenticated the caller already, and says who it is in a header. */

import { negotiate } from '@s4u/express'
import { type AcceptorEvent } from '@s4u/acceptor'
import type { NegotiatorOptions } from '@s4u/negotiate'
import { trustedHeader, type TrustedHeaderOptions } from '@s4u/sign-in'
import { createTestRealm } from '@s4u/test-kdc'
import express from 'express'
import { createHash } from 'node:crypto'
import { Agent } from 'node:https'
import { expect, test } from 'vitest'
import { selfSigned } from './fixtures/certificate.js'
import { tlsSite } from './fixtures/tls-site.js'

async function site(options: TrustedHeaderOptions, more: NegotiatorOptions = {}) {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'x', upn: 'alice.liddell@corp.example' }, käthe: { password: 'x' } },
    services: {
      web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true, allowedToDelegateTo: ['HTTP/api.ad.test'] },
      api: { spns: ['HTTP/api.ad.test'] },
    },
  })
  const told: AcceptorEvent[] = []
  const handler = negotiate({
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, now: () => realm.now, mode: 'optional' },
    delegation: { principal: 'web', protocolTransition: true },
    signIn: [trustedHeader(options)],
    onEvent: (event) => void told.push(event),
    ...more,
  })
  const app = express()
  app.use(handler)
  app.get('/', (req, res) => {
    const seen = [req.headers, ...req.rawHeaders].filter((one) => /remote.user/i.test(JSON.stringify(one)))
    res.json({ principal: req.identity?.principal, by: req.identity?.authenticationMethod, seen: seen.length })
  })
  const served = await tlsSite(app)
  const ask = async (headers: Record<string, string>, agent?: Agent) => {
    const { status, body, headers: answered } = await served.ask('/', { headers, ...(agent && { agent }) })
    return status === 200 ? { ...JSON.parse(body), cookie: answered['set-cookie'] } : { status }
  }
  return {
    ...{ realm, served, ask, told, negotiator: handler.negotiator },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      await realm[Symbol.asyncDispose]()
    },
  }
}

const HERE = { from: ['127.0.0.0/8'] }
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

test('from a named peer it is the user, whom the service acts for, and no session begins', async () => {
  await using made = await site(HERE, { session: 'cookie' })
  for (const name of ['alice', 'AD\\alice', 'alice@AD.TEST', 'alice.liddell@corp.example'])
    expect(await made.ask({ 'x-remote-user': name })).toMatchObject({
      principal: 'alice@AD.TEST',
      by: 'trusted-header',
    })
  expect(await made.ask({ 'x-remote-user': utf8('käthe') })).toMatchObject({ principal: 'käthe@AD.TEST' })
  expect((await made.ask({ 'x-remote-user': 'alice' })).cookie).toBeUndefined()
  expect(made.negotiator.counters.signIn).toEqual({ 'trusted-header': { signedIn: 6, refused: {} } })
})

test('from any other peer it is taken away, however it is written, and that is told', async () => {
  await using made = await site({ from: ['10.0.0.7'] })
  for (const name of ['x-remote-user', 'X-Remote-User', 'x_remote_user', 'X-Remote_User', 'X.Remote~User'])
    expect(await made.ask({ [name]: 'alice' })).toEqual({ seen: 0 })
  expect(made.told).toMatchObject(
    [1, 2].map(() => ({ outcome: 'refused', code: 'S4U_UNNAMED_PROXY', source: 'trusted-header' })),
  )
  expect(made.negotiator.counters.failed).toEqual({ S4U_UNNAMED_PROXY: 2 })
})

test('beside a token of Negotiate it is taken away too', async () => {
  await using made = await site({ from: ['10.0.0.7'] }, { mode: 'off' })
  expect(await made.ask({ 'x-remote-user': 'alice', authorization: 'Negotiate x' })).toEqual({ seen: 0 })
})

test('of several spellings the one with an underscore never counts', async () => {
  await using made = await site(HERE)
  expect(await made.ask({ x_remote_user: 'alice' })).toEqual({ seen: 0 })
  expect(await made.ask({ x_remote_user: 'mallory', 'x-remote-user': 'alice' })).toMatchObject({
    ...{ principal: 'alice@AD.TEST', seen: 2 },
  })
})

test.each([
  ['', undefined],
  ['nobody', 403],
  ['a/b', 401],
  ['alice\u00ff', 400],
  ['x'.repeat(300), 401],
])('the value %j is refused with %j', async (value, status) => {
  await using made = await site(HERE)
  expect((await made.ask({ 'x-remote-user': value })).status).toBe(status)
})

test('the account may be another than what the header says', async () => {
  const account = (mail: string): string | undefined =>
    mail.endsWith('@corp.example') ? mail.split('@')[0] : undefined
  await using made = await site({ ...HERE, header: 'X-Mail', account })
  expect(await made.ask({ 'x-mail': 'alice@corp.example' })).toMatchObject({ principal: 'alice@AD.TEST' })
  expect(await made.ask({ 'x-mail': 'alice@evil.example' })).toEqual({ status: 403 })
})

test('to know users needs no permission, to act for them does', async () => {
  const delegation = { principal: 'web' }
  await using made = await site({ ...HERE, level: 'identification' }, { delegation })
  expect(await made.ask({ 'x-remote-user': 'alice' })).toMatchObject({ principal: 'alice@AD.TEST' })
  await using other = await site(HERE, { delegation })
  expect(await other.ask({ 'x-remote-user': 'alice' })).toEqual({ status: 403 })
})

test('a peer may be named by its client certificate', async () => {
  const { key, cert, der } = selfSigned('front')
  const fingerprint = createHash('sha256').update(der).digest('hex')
  const printed = fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:')
  const peer = new Agent({ key, cert, keepAlive: false })
  const { key: otherKey, cert: otherCert } = selfSigned('front')
  const other = new Agent({ key: otherKey, cert: otherCert, keepAlive: false })
  for (const from of [{ certificates: [printed] }, { certificates: [fingerprint], addresses: ['127.0.0.1'] }]) {
    await using made = await site({ from })
    expect(await made.ask({ 'x-remote-user': 'alice' }, peer)).toMatchObject({ principal: 'alice@AD.TEST' })
    expect(await made.ask({ 'x-remote-user': 'alice' }, other)).toEqual({ seen: 0 })
    expect(await made.ask({ 'x-remote-user': 'alice' })).toEqual({ seen: 0 })
  }
  await using elsewhere = await site({ from: { certificates: [fingerprint], addresses: ['10.0.0.7'] } })
  expect(await elsewhere.ask({ 'x-remote-user': 'alice' }, peer)).toEqual({ seen: 0 })
})

test.each<[object, string]>([
  [{}, 'trustedHeader: from must name the front end'],
  [{ from: [] }, 'trustedHeader: from must name the front end'],
  [{ from: {} }, 'trustedHeader: from must name the front end'],
  [{ from: '10.0.0.7' }, 'trustedHeader: from must name the front end'],
  [{ from: ['0.0.0.0/33'] }, 'is neither an address nor a network'],
  [{ from: { certificates: ['abc'] } }, 'trustedHeader: one of from.certificates is no SHA-256 fingerprint'],
  [{ from: ['::1'], header: 'X_User' }, 'trustedHeader: header must be the name of a header'],
  [{ from: ['::1'], level: 'delegation' }, 'trustedHeader: level must be impersonation or identification'],
])('options that cannot work are refused at once: %j', (options, message) => {
  expect(() => trustedHeader(options as never)).toThrow(message)
})
