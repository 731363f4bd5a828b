/** Clients that have no ticket, and put NTLM into `Negotiate`: bare, and inside of SPNEGO. */

import { Mechanism } from '@s4u/gssapi'
import { createNegotiator } from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'
import { authenticateTo, negotiateOf } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import { answerIn, firstToken, laterToken } from '../../../packages/ntlm/src/fixtures/spnego-client.js'
import { ntlmSite } from './ntlm-site.js'

const { KRB5, NEGOEX, NTLM } = Mechanism
const ntHash = new Uint8Array(16)
const site = () => ntlmSite((source) => ({ ntlm: source }))
const answerTo = (challenge: Uint8Array) => authenticateTo(negotiateOf(), challenge, { ntHash, domain: 'AD' })

test('the option ntlm offers the scheme NTLM behind Negotiate', async () => {
  await using made = await site()
  const { status, headers } = await made.ask('/')
  expect(status).toBe(401)
  expect(headers['www-authenticate']).toBe('Negotiate, NTLM')
})

test.each<[string, unknown]>([
  ['options in place of a source', { domain: 'AD' }],
  ['another source', { name: 'basic', open: () => ({}) }],
  ['true', true],
])('the option ntlm is not %s', (_what, ntlm) => {
  const given = { ...JSON.parse('{}'), ntlm }
  expect(() => createNegotiator(given)).toThrow("ntlm must be what ntlm() of '@s4u/sign-in' returns")
})

describe('a controller is asked (and none is there) for', () => {
  test('messages of NTLM alone, which are answered so', async () => {
    await using made = await site()
    const send = made.client('Negotiate')
    const first = await send(negotiateOf())
    expect(first.status).toBe(401)
    expect(first.offers).toMatch(/^Negotiate TlRMTVNTUAAC[^,]*$/)
    expect((await send(answerTo(first.challenge))).status).toBe(503)
    expect(made.failed).toMatchObject([{ code: 'ECONNREFUSED', source: 'ntlm', statusCode: 503 }])
  })

  test('messages inside of SPNEGO', async () => {
    await using made = await site()
    const send = made.client('Negotiate')
    const first = await send(firstToken(negotiateOf()).token)
    const { responseToken = new Uint8Array(0), ...said } = answerIn(first.challenge)
    expect(said).toMatchObject({ negState: 'accept-incomplete', supportedMech: NTLM })
    expect((await send(laterToken(answerTo(responseToken)))).status).toBe(503)
    expect(made.failed).toMatchObject([{ code: 'ECONNREFUSED', source: 'ntlm' }])
  })

  test('a client that would rather have had NegoEx', async () => {
    await using made = await site()
    const send = made.client('Negotiate')
    const asked = await send(firstToken(new TextEncoder().encode('NEGOEXTS'), [NEGOEX, NTLM]).token)
    expect(answerIn(asked.challenge)).toMatchObject({ negState: 'request-mic', supportedMech: NTLM })
    const { challenge } = await send(laterToken(negotiateOf()))
    const { responseToken = new Uint8Array(0) } = answerIn(challenge)
    expect((await send(laterToken(answerTo(responseToken)))).status).toBe(503)
  })
})

describe('refused are', () => {
  const first = firstToken(negotiateOf()).token
  const challengeIn = (challenge: Uint8Array): Uint8Array => answerIn(challenge).responseToken ?? new Uint8Array(0)

  test('a list with Kerberos and NTLM: it is asked for Kerberos', async () => {
    await using made = await site()
    const { challenge } = await made.client('Negotiate')(firstToken(negotiateOf(), [NTLM, KRB5]).token)
    expect(answerIn(challenge)).toMatchObject({ negState: 'request-mic', supportedMech: KRB5 })
  })

  test('a handshake of one scheme that goes on in the other', async () => {
    await using made = await site()
    const send = made.client('Negotiate')
    const bare = await send(negotiateOf())
    await send(answerTo(bare.challenge), 'NTLM')
    const wrapped = await send(first)
    await send(answerTo(challengeIn(wrapped.challenge)), 'NTLM')
    expect(made.failed.map(({ code }) => code)).toEqual(['KRB_AP_ERR_REPEAT', 'KRB_AP_ERR_REPEAT'])
  })

  test('a message without SPNEGO in a negotiation with it: the list would not be confirmed', async () => {
    await using made = await site()
    const send = made.client('Negotiate')
    const { challenge } = await send(first)
    await send(answerTo(challengeIn(challenge)))
    expect(made.failed).toMatchObject([{ code: 'GSS_S_DEFECTIVE_TOKEN', source: 'ntlm' }])
  })

  test('an answer on another connection, and a second answer', async () => {
    await using made = await site()
    const send = made.client('Negotiate')
    const { challenge } = await send(first)
    const answer = laterToken(answerTo(challengeIn(challenge)))
    await made.client('Negotiate')(answer)
    await send(answer)
    await send(answer)
    expect(made.failed.map(({ code, source }) => [code, source])).toEqual([
      ['GSS_S_NO_CONTEXT', undefined],
      ['ECONNREFUSED', 'ntlm'],
      ['GSS_S_NO_CONTEXT', undefined],
    ])
  })

  test('an answer after a minute', async () => {
    await using made = await site()
    const send = made.client('Negotiate')
    const { challenge } = await send(first)
    made.realm.now += 61_000
    await send(laterToken(answerTo(challengeIn(challenge))))
    expect(made.failed).toMatchObject([{ code: 'KRB_AP_ERR_SKEW', source: 'ntlm' }])
  })

  test.each<['NTLM' | 'Negotiate']>([['Negotiate'], ['NTLM']])(
    'an answer without channel binding where the negotiator requires one: %s',
    async (scheme) => {
      await using made = await ntlmSite((source) => ({ ntlm: source, channelBinding: 'require' }))
      const send = made.client(scheme)
      const { challenge } = await send(negotiateOf())
      await send(answerTo(challenge))
      expect(made.failed).toMatchObject([{ code: 'GSS_S_BAD_BINDINGS', source: 'ntlm', statusCode: 401 }])
    },
  )

  test('what a proxy passes on, with the explanation for clients without a ticket', async () => {
    await using made = await site()
    const { status, offers } = await made.client('Negotiate', { via: '1.1 proxy' })(negotiateOf())
    expect([status, offers]).toEqual([401, 'Negotiate'])
    expect(made.failed).toMatchObject([{ code: 'GSS_S_BAD_MECH', mechanism: 'ntlm' }])
  })

  test('all of it without the option, as before', async () => {
    await using made = await ntlmSite(() => ({}))
    expect((await made.client('Negotiate')(negotiateOf())).offers).toBe('Negotiate')
    expect(answerIn((await made.client('Negotiate')(first)).challenge).negState).toBe('reject')
    expect(made.failed.map(({ code, mechanism }) => [code, mechanism])).toEqual([
      ['GSS_S_BAD_MECH', 'ntlm'],
      ['GSS_S_BAD_MECH', 'ntlm'],
    ])
  })
})

test('a negotiation of Kerberos that follows one of NTLM on a connection is not mixed with it', async () => {
  await using made = await site()
  const send = made.client('Negotiate')
  await send(firstToken(negotiateOf()).token)
  const asked = await send(firstToken(undefined, [KRB5]).token)
  expect(answerIn(asked.challenge)).toMatchObject({ supportedMech: KRB5 })
  await send(laterToken(new TextEncoder().encode('no ticket')))
  expect(made.failed).toMatchObject([{ code: 'GSS_S_DEFECTIVE_TOKEN' }])
  expect(made.failed[0]).not.toHaveProperty('source')
})
