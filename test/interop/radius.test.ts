import { createRadiusClient, type RadiusOptions } from '@s4u/sign-in'
import { S4uError } from '@s4u/krb5'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMPARE_TLS } from '../../packages/sign-in/src/radius/radius-errors.js'
import { describeRealms } from '../realms/suite.js'
import { Authority } from '../stories/fixtures/authority.js'
import { der, ia5, sequence } from '../stories/fixtures/der.js'
import { type FreeRadius, SIGN_ANSWERS, startFreeRadius } from './peers/freeradius.js'

const SECRET = 'a-secret-of-many-octets'

await describeRealms('RADIUS with FreeRADIUS', ['freeradius'], (info) => {
  const address = `${info.block}.66`
  const common = {
    address,
    secret: SECRET,
    passwords: { alice: 'pw-alice', zoé: 'mot de passe très long, à cheval sur deux blocs', carol: 'pw-carol' },
    codes: { carol: '755224' },
  }
  let server: FreeRadius

  beforeAll(async () => {
    server = await startFreeRadius({ ...common, postAuth: SIGN_ANSWERS, requireSigned: true })
  }, 60_000)
  afterAll(() => server?.[Symbol.asyncDispose]())

  function client(options: Partial<RadiusOptions> = {}) {
    return createRadiusClient({ servers: server.server, secret: SECRET, ...options })
  }

  test.each(['pap', 'chap'] as const)(
    'the right password is accepted and a wrong one rejected, by %s',
    async (protocol) => {
      using radius = client({ protocol })
      for (const [user, password] of [
        ['alice', 'pw-alice'],
        ['zoé', common.passwords.zoé],
      ]) {
        expect(await radius.ask({ user, password, clientAddress: '192.0.2.7' })).toEqual({
          status: 'accepted',
          message: '',
        })
        expect(await radius.ask({ user, password: `${password}x` })).toEqual({ status: 'rejected', message: '' })
      }
      expect(await radius.ask({ user: 'nobody', password: 'x' })).toEqual({ status: 'rejected', message: '' })
    },
  )

  test('a challenge is answered with the code, in as many rounds as it takes', async () => {
    using radius = client()
    expect(await radius.ask({ user: 'carol', password: 'wrong' })).toMatchObject({ status: 'rejected' })
    for (const [code, status] of [
      ['755224', 'accepted'],
      ['000000', 'rejected'],
    ]) {
      const asked = await radius.ask({ user: 'carol', password: 'pw-carol' })
      if (asked.status !== 'challenged') throw new Error(`no challenge: ${asked.status}`)
      expect(asked).toEqual({
        status: 'challenged',
        message: 'Enter the code of your token <b>',
        challenge: { server: server.server, state: expect.any(Uint8Array) },
      })
      const answered = await radius.ask({ user: 'carol', password: code, challenge: asked.challenge })
      expect(answered).toMatchObject({ status })
    }
  })

  test('two hundred at once are each answered', async () => {
    using radius = client()
    const users = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? 'alice' : `user${index}`))
    const answers = await Promise.all(users.map((user) => radius.ask({ user, password: 'pw-alice' })))
    expect(answers.map(({ status }) => status)).toEqual(
      users.map((user) => (user === 'alice' ? 'accepted' : 'rejected')),
    )
  })

  test('with another secret there is no answer, and the log of the server has the reason that the hint names', async () => {
    using radius = client({ secret: 'another-secret-of-many', tries: 1, firstWait: 300 })
    await expect(radius.ask({ user: 'alice', password: 'pw-alice' })).rejects.toMatchObject({
      name: 'RadiusUnreachableError',
      hint: expect.stringContaining('whether the secret there is the same'),
    })
    expect(server.log()).toContain('Shared secret is incorrect')
  })

  test('a server that signs no answers is not believed, until the hint is done', async () => {
    const port = 1912
    const ask = () =>
      createRadiusClient({ servers: `${address}:${port}`, secret: SECRET, tries: 2, firstWait: 200 })
        .ask({ user: 'alice', password: 'pw-alice' })
        .catch((error: unknown) => error)
    let hint = ''
    {
      await using _unsigned = await startFreeRadius({ ...common, port })
      const refused = await ask()
      expect(refused).toMatchObject({
        name: 'RadiusUnreachableError',
        message: expect.stringContaining('the answer of the RADIUS server has no Message-Authenticator'),
      })
      hint = (S4uError.is(refused) && refused.hint) || ''
    }
    const lines = hint.split('\n').slice(1).join('\n')
    expect(lines).toBe(SIGN_ANSWERS)
    await using _signed = await startFreeRadius({ ...common, port, postAuth: lines })
    expect(await ask()).toEqual({ status: 'accepted', message: '' })
  })

  describe('over TLS', () => {
    const authority = new Authority('CN=Network devices')
    const server = named(authority, 'radius.corp.test', `${info.block}.67`)
    const own = authority.issue({ subject: 'CN=web.corp.test' })
    const { pem: ca } = authority.certificate
    const tls = { ca, cert: own.pem, key: own.key }
    const over = { ...common, address: `${info.block}.67`, secret: 'radsec' }
    let running: FreeRadius

    beforeAll(async () => {
      running = await startFreeRadius({ ...over, tls: { ca, cert: server.pem, key: server.key } })
    }, 60_000)
    afterAll(() => running?.[Symbol.asyncDispose]())

    const ask = async (options: Partial<RadiusOptions>, password = 'pw-alice') => {
      using radius = createRadiusClient({ servers: over.address, tls, tries: 1, firstWait: 3_000, ...options })
      return await radius.ask({ user: 'alice', password }).catch((error: unknown) => error)
    }

    test('the right password is accepted and a wrong one rejected, by pap and chap, though no answer is signed', async () => {
      for (const protocol of ['pap', 'chap'] as const) {
        expect(await ask({ protocol })).toEqual({ status: 'accepted', message: '' })
        expect(await ask({ protocol }, 'wrong')).toEqual({ status: 'rejected', message: '' })
      }
    })

    test('a challenge is answered, and two hundred at once are, on connections that are used again', async () => {
      using radius = createRadiusClient({ servers: over.address, tls })
      const asked = await radius.ask({ user: 'carol', password: 'pw-carol' })
      if (asked.status !== 'challenged') throw new Error(`no challenge: ${asked.status}`)
      expect(await radius.ask({ user: 'carol', password: '755224', challenge: asked.challenge })).toMatchObject({
        status: 'accepted',
      })
      const users = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? 'alice' : `user${index}`))
      const answers = await Promise.all(users.map((user) => radius.ask({ user, password: 'pw-alice' })))
      expect(answers.map(({ status }) => status)).toEqual(
        users.map((user) => (user === 'alice' ? 'accepted' : 'rejected')),
      )
    })

    test('each thing that the hint names is the cause of a refusal, and mends it', async () => {
      const stranger = new Authority('CN=Others')
      const theirs = stranger.issue({ subject: 'CN=web.corp.test' })
      const refused: readonly Partial<RadiusOptions>[] = [
        { servers: `${over.address}:2084` },
        { tls: { ...tls, ca: stranger.certificate.pem } },
        { tls: { ...tls, serverName: 'radius2.corp.test' } },
        { tls: { ca } },
        { tls: { ca, cert: theirs.pem, key: theirs.key } },
      ]
      const reasons: string[] = []
      for (const options of refused) {
        const error = await ask(options)
        expect(error).toMatchObject({ name: 'RadiusUnreachableError', hint: COMPARE_TLS })
        reasons.push(S4uError.is(error) ? error.message : '')
      }
      expect(reasons).toEqual([
        expect.stringContaining('ECONNREFUSED'),
        expect.stringContaining('self-signed certificate in certificate chain'),
        expect.stringContaining('Host: radius2.corp.test. is not in the cert'),
        expect.stringMatching(/disconnected before secure TLS connection|alert|ended the|ECONNRESET/),
        expect.stringMatching(/disconnected before secure TLS connection|alert|ended the|ECONNRESET/),
      ])
      expect(await ask({ tls: { ...tls, serverName: 'radius.corp.test' } })).toMatchObject({ status: 'accepted' })
    })
  })
})

/** A certificate of a server, with its name and its address. */
function named(authority: Authority, name: string, address: string) {
  const names = sequence(ia5(0x82, name), der(0x87, Buffer.from(address.split('.').map(Number))))
  return authority.issue({
    ...{ subject: `CN=${name}`, extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] },
    more: [{ oid: '2.5.29.17', value: names }],
  })
}
