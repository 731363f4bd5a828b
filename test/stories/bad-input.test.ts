import { ACCEPT_CHANNEL, type AcceptorEvent, type ExchangeEvent } from '@s4u/acceptor'
import { encodeNegTokenInit, formatAuthorization, Mechanism } from '@s4u/gssapi'
import { MalformedTokenError, RejectedTokenError } from '@s4u/negotiate'
import type { FailedEvent } from '@s4u/negotiate'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { API, corporation, Desktop } from './fixtures/corporation.js'
import { serve, type Serving } from './fixtures/serve.js'
import { stacks } from './fixtures/stacks.js'

/**
 * What reaches a service that is not a good token. The client is told a status and a challenge and
 * nothing else; the operator is told everything, under the protocol's own name; the process goes
 * on.
 */

const NTLM_NEGOTIATE = 'TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKALpHAAAADw=='
const MINUTE = 60_000
const realm = await corporation(() => Date.now())
const alice = new Desktop(realm, 'alice')
const good = (): Promise<Uint8Array> => alice.token()

interface BadRequest {
  readonly what: string
  readonly authorization: () => Promise<string> | string
  readonly status: 400 | 401
  readonly code: string
  readonly error: typeof MalformedTokenError | typeof RejectedTokenError
  /** Default: Negotiate, with or without a token. */
  readonly challenge?: RegExp
  readonly mechanism?: string
}

const negotiate = async (change: (token: Uint8Array) => Uint8Array): Promise<string> =>
  formatAuthorization(change(await good()))

const requests: readonly BadRequest[] = [
  {
    what: 'a truncated token',
    authorization: () => negotiate((token) => token.subarray(0, token.length - 100)),
    status: 401,
    code: 'GSS_S_DEFECTIVE_TOKEN',
    error: MalformedTokenError,
  },
  {
    what: 'a token of which a bit was turned in the ticket',
    authorization: () => negotiate((token) => flipped(token, 600)),
    status: 401,
    code: 'KRB_AP_ERR_BAD_INTEGRITY',
    error: RejectedTokenError,
    challenge: /^Negotiate o/,
  },
  {
    what: 'a token of which a bit was turned in the authenticator',
    authorization: () => negotiate((token) => flipped(token, token.length - 20)),
    status: 401,
    code: 'KRB_AP_ERR_BAD_INTEGRITY',
    error: RejectedTokenError,
    challenge: /^Negotiate o/,
  },
  {
    what: 'trailing octets',
    authorization: () => negotiate((token) => Uint8Array.from([...token, 0, 0, 0])),
    status: 401,
    code: 'GSS_S_DEFECTIVE_TOKEN',
    error: MalformedTokenError,
  },
  {
    what: 'a length of four gigabytes',
    authorization: () => formatAuthorization(Uint8Array.of(0x60, 0x84, 0xff, 0xff, 0xff, 0xff, 0x06, 0x06)),
    status: 401,
    code: 'GSS_S_DEFECTIVE_TOKEN',
    error: MalformedTokenError,
  },
  {
    what: 'an over-long token',
    authorization: () => `Negotiate ${'A'.repeat(200_000)}`,
    status: 400,
    code: 'KRB_ERR_FIELD_TOOLONG',
    error: MalformedTokenError,
  },
  {
    what: 'something that is not base64',
    authorization: () => 'Negotiate %%%%',
    status: 400,
    code: 'GSS_S_DEFECTIVE_TOKEN',
    error: MalformedTokenError,
  },
  {
    what: 'base64 without its padding',
    authorization: () => 'Negotiate YII',
    status: 400,
    code: 'GSS_S_DEFECTIVE_TOKEN',
    error: MalformedTokenError,
  },
  {
    what: 'no token at all after the scheme',
    authorization: () => 'Negotiate',
    status: 400,
    code: 'GSS_S_DEFECTIVE_TOKEN',
    error: MalformedTokenError,
  },
  {
    what: 'a header without a scheme',
    authorization: () => '=?=',
    status: 400,
    code: 'GSS_S_DEFECTIVE_TOKEN',
    error: MalformedTokenError,
  },
  {
    what: 'NTLM',
    authorization: () => `Negotiate ${NTLM_NEGOTIATE}`,
    status: 401,
    code: 'GSS_S_BAD_MECH',
    error: RejectedTokenError,
    challenge: /^Negotiate$/,
    mechanism: 'ntlm',
  },
  {
    what: 'NTLM inside SPNEGO',
    authorization: () =>
      formatAuthorization(
        encodeNegTokenInit({ mechanisms: [Mechanism.NTLM], mechToken: Buffer.from(NTLM_NEGOTIATE, 'base64') }).token,
      ),
    status: 401,
    code: 'GSS_S_BAD_MECH',
    error: RejectedTokenError,
    mechanism: 'ntlm',
  },
  {
    what: "a ticket for another service's key",
    authorization: () => alice.authorization(API),
    status: 401,
    code: 'KRB_AP_ERR_NOT_US',
    error: RejectedTokenError,
  },
  {
    what: 'a ticket for another key under our name',
    authorization: async () => {
      const ticket = await alice.ticketFor(API)
      const { ticket: ours } = await alice.ticketFor('HTTP/web.ad.test')
      return alice.authorization('HTTP/web.ad.test', {
        ticket: { ...ticket, ticket: { ...ticket.ticket, sname: ours.sname } },
      })
    },
    status: 401,
    code: 'KRB_AP_ERR_BAD_INTEGRITY',
    error: RejectedTokenError,
  },
  {
    what: 'a clock ten minutes ahead',
    authorization: () => alice.authorization('HTTP/web.ad.test', { now: Date.now() + 10 * MINUTE }),
    status: 401,
    code: 'KRB_AP_ERR_SKEW',
    error: RejectedTokenError,
  },
  {
    what: 'a clock ten minutes behind',
    authorization: () => alice.authorization('HTTP/web.ad.test', { now: Date.now() - 10 * MINUTE }),
    status: 401,
    code: 'KRB_AP_ERR_SKEW',
    error: RejectedTokenError,
  },
  {
    what: 'a further leg of a negotiation that nobody began',
    authorization: () => formatAuthorization(Uint8Array.of(0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x01)),
    status: 401,
    code: 'GSS_S_NO_CONTEXT',
    error: RejectedTokenError,
  },
]

describe.each(stacks)('$name, given what is no good token,', (stack) => {
  const seen: AcceptorEvent[] = []
  const failures: FailedEvent[] = []
  const listen = (event: unknown): void => void seen.push(event as AcceptorEvent)
  let site: Serving

  beforeAll(async () => {
    const options = { keytab: realm.keytabFor('web'), onFailed: (event: FailedEvent) => void failures.push(event) }
    site = await serve(stack.build({ options }).listener)
  })
  beforeEach(() => {
    seen.length = failures.length = 0
    subscribe(ACCEPT_CHANNEL, listen)
  })
  afterEach(() => void unsubscribe(ACCEPT_CHANNEL, listen))
  afterAll(() => site[Symbol.asyncDispose]())

  const exchanges = (): ExchangeEvent[] => seen.filter((event) => event.kind === 'exchange')

  test.each(requests)('answers $what with $status, and tells the operator $code', async (bad) => {
    const answer = await site.get('/', { authorization: await bad.authorization() })
    expect(answer.status).toBe(bad.status)
    expect(answer.headers['www-authenticate']).toMatch(bad.challenge ?? /^Negotiate( [A-Za-z0-9+/]+=*)?$/)
    const isNamed = stack.answers401 && bad.status === 401
    expect(answer.body).toBe(isNamed ? 'Unauthorized' : 'Sign in with Kerberos to use this service.\n')
    expect(exchanges()).toEqual([expect.objectContaining({ kind: 'exchange', outcome: 'refused', code: bad.code })])
    expect(exchanges()[0].clientAddress).toBe('127.0.0.1')
    expect(failures).toEqual([expect.objectContaining({ code: bad.code, statusCode: bad.status })])
    expect(failures[0].error).toBeInstanceOf(bad.error)
    expect(failures[0].mechanism).toBe(bad.mechanism)
    await expectAlive()
  })

  test('tells the operator why clients come with NTLM', async () => {
    await site.get('/', { authorization: `Negotiate ${NTLM_NEGOTIATE}` })
    for (const reason of [/IP address|intranet zone/, /option ntlm/]) expect(failures[0].error.hint).toMatch(reason)
  })

  test('refuses a token the second time', async () => {
    const authorization = formatAuthorization(await good())
    expect((await site.get('/', { authorization })).status).toBe(200)
    const again = await site.get('/', { authorization })
    expect(again.status).toBe(401)
    expect(exchanges().at(-1)).toMatchObject({ outcome: 'refused', code: 'KRB_AP_ERR_REPEAT', client: 'alice@AD.TEST' })
    expect(failures[0].error).toBeInstanceOf(RejectedTokenError)
    await expectAlive()
  })

  test('accepts one of many that bring the same token at once', async () => {
    const authorization = formatAuthorization(await good())
    const answers = await Promise.all(Array.from({ length: 10 }, () => site.get('/', { authorization })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 401)])
  })

  async function expectAlive(): Promise<void> {
    const answer = await site.get('/', { authorization: formatAuthorization(await good()) })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ principal: 'alice@AD.TEST' })
  }
})

describe.each(stacks)('$name, given an old ticket,', (stack) => {
  test('answers 401, and tells the operator that it has expired', async () => {
    let later = 0
    const failures: FailedEvent[] = []
    const options = {
      keytab: realm.keytabFor('web'),
      now: () => Date.now() + later,
      onFailed: (event: FailedEvent) => void failures.push(event),
    }
    await using site = await serve(stack.build({ options }).listener)
    // A client that does not look at its ticket's end.
    const ticket = { ...(await alice.ticketFor('HTTP/web.ad.test')), expiresAt: Infinity }
    later = 11 * 60 * MINUTE
    const authorization = await alice.authorization('HTTP/web.ad.test', { ticket, now: Date.now() + later })
    expect((await site.get('/', { authorization })).status).toBe(401)
    expect(failures).toEqual([expect.objectContaining({ code: 'KRB_AP_ERR_TKT_EXPIRED' })])
  })
})

test('many random octets in a row, none of them a reason to stop', async () => {
  await using site = await serve(stacks[0].build({ options: { keytab: realm.keytabFor('web') } }).listener)
  for (let size = 0; size < 300; size += 7) {
    const octets = crypto.getRandomValues(new Uint8Array(size))
    const answer = await site.get('/', { authorization: `Negotiate ${Buffer.from(octets).toString('base64')}` })
    expect(answer.status).toBe(size === 0 ? 400 : 401)
  }
})

function flipped(token: Uint8Array, index: number): Uint8Array {
  const copy = token.slice()
  copy[index] ^= 0x10
  return copy
}
