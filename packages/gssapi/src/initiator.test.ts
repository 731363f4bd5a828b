import {
  AdType,
  ApRep,
  EncApRepPart,
  encode,
  flattenAuthorizationData,
  Key,
  KeyUsage,
  KrbError,
  openApReq,
  sealMessage,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { readAuthenticatorChecksum } from './context-tokens/authenticator-checksum.js'
import { channelBindingsHash, isUnbound } from './context-tokens/channel-bindings.js'
import { ContextFlag, contextFlagNames } from './context-tokens/context-flags.js'
import { issueTicket, judge, NOW } from './fixtures/issued-ticket.js'
import { codeOf, flip, refusalOf, text } from './fixtures/octets.js'
import { createInitiator, type InitiatorOptions } from './initiator.js'
import { frameKrb5Token } from './context-tokens/krb5-token.js'
import { formatAuthorization } from './negotiate-header.js'
import { beginNegotiation } from './negotiation/negotiation.js'
import type { CompletedNegotiation, NegotiationReply } from './negotiation/negotiation-step.js'
import { Mechanism } from './framing/oids.js'
import { SecurityContext } from './per-message/security-context.js'
import { decodeNegTokenInit, decodeNegTokenResp, encodeNegTokenResp, type NegTokenResp } from './negotiation/spnego.js'
import { unframe } from './framing/token-framing.js'

function begin(options: Partial<InitiatorOptions> = {}, issued = issueTicket()) {
  const initiator = createInitiator({ ticket: issued.credential, now: NOW, ...options })
  const step = beginNegotiation(initiator.token)
  if (step.status !== 'ap-req') throw new Error(step.status)
  return { initiator, step, serviceKey: issued.serviceKey, opened: openApReq(step.apReq, issued.serviceKey) }
}

function established(step: ReturnType<ReturnType<typeof createInitiator>['step']>): SecurityContext {
  if (step.status !== 'established') throw new Error(step.status)
  return step.context
}

test('without a ticket, or the time, it is said what to give', () => {
  const { credential: ticket } = issueTicket()
  const begin = (options: object) => () => createInitiator(options as InitiatorOptions)
  const missing = (message: string, hint: RegExp) =>
    expect.objectContaining({ name: 'ConfigurationError', message, hint: expect.stringMatching(hint) })
  expect(begin({ ticket })).toThrow(
    missing(
      'createInitiator: now must be the time in milliseconds, or a function that tells it',
      /^Write now: Date\.now\./,
    ),
  )
  expect(begin({ ticket, now: '2026' })).toThrow(missing(expect.stringMatching(/now must be/), /Date\.now/))
  for (const none of [undefined, null, 'HTTP/api.ad.test'])
    expect(begin({ ticket: none, now: NOW })).toThrow(
      missing('createInitiator: ticket is missing', /ticket: await client\.ticketFor\('HTTP\/api\.ad\.test'\)/),
    )
  expect(begin({ ticket, now: () => NOW })).not.toThrow()
})

function krbError(errorCode: number): Uint8Array {
  return encode(KrbError, {
    stime: NOW,
    susec: 0,
    errorCode,
    realm: 'AD.TEST',
    sname: { nameType: 2, nameString: ['HTTP', 'web'] },
  })
}

describe('the first token', () => {
  test('offers Kerberos alone, with a token for it', () => {
    const { token } = begin().initiator
    const init = decodeNegTokenInit(unframe(token).innerToken)
    expect(init.mechTypes.mechanisms).toEqual([Mechanism.KRB5])
    expect(init).toMatchObject({ reqFlags: undefined, mechListMic: undefined })
    expect(unframe(token).mechanism).toBe(Mechanism.SPNEGO)
    expect(unframe(begin({ framing: 'krb5' }).initiator.token).mechanism).toBe(Mechanism.KRB5)
  })

  test.each(['spnego', 'krb5'] as const)('is the same as a header, in the framing of %s', (framing) => {
    const initiator = createInitiator({ ticket: issueTicket().credential, now: NOW, framing })
    const { authorization, token } = initiator
    expect(authorization).toBe(formatAuthorization(token))
    expect([initiator.authorization, initiator.token]).toEqual([authorization, token])
  })

  test('names the client of the ticket, the time, a subkey and a sequence number', () => {
    const { authenticator, encTicketPart } = begin({ now: () => NOW + 123.4 }).opened
    expect(authenticator).toMatchObject({ cname: encTicketPart.cname, crealm: 'AD.TEST', ctime: NOW })
    expect(Math.floor(authenticator.cusec / 1000)).toBe(123)
    expect(authenticator.subkey?.etype).toBe(encTicketPart.key.etype)
    expect(authenticator.subkey?.equals(encTicketPart.key)).toBe(false)
    expect(authenticator.seqNumber).toBeLessThan(2 ** 30)
    expect(authenticator.authorizationData).toBeUndefined()
  })

  test('asks for what it is told to ask', () => {
    const flags = (options: Partial<InitiatorOptions>) =>
      contextFlagNames(readAuthenticatorChecksum(begin(options).opened.authenticator).flags)
    expect(flags({})).toEqual(['MUTUAL', 'REPLAY', 'SEQUENCE', 'CONF', 'INTEG'])
    expect(flags({ mutual: false, identify: true, flags: ContextFlag.MUTUAL | ContextFlag.DELEG })).toEqual([
      'IDENTIFY',
    ])
    expect(flags({ delegate: text('cred'), flags: ContextFlag.INTEG })).toEqual(['DELEG', 'MUTUAL', 'INTEG'])
  })

  test('carries a forwarded ticket', () => {
    const { delegation } = readAuthenticatorChecksum(begin({ delegate: text('cred') }).opened.authenticator)
    expect(new Uint8Array(delegation ?? [])).toEqual(text('cred'))
  })

  test('carries the channel, and says that it does', () => {
    const channelBindings = text('tls-exporter:0123')
    const { authenticator } = begin({ channelBindings }).opened
    expect(readAuthenticatorChecksum(authenticator).channelBindings).toEqual(channelBindingsHash(channelBindings))
    expect(flattenAuthorizationData(authenticator.authorizationData ?? [])).toEqual([
      { adType: AdType.AUTH_DATA_AP_OPTIONS, adData: Uint8Array.of(0, 0x40, 0, 0), ifRelevant: true },
    ])
    expect(isUnbound(readAuthenticatorChecksum(begin().opened.authenticator).channelBindings)).toBe(true)
  })

  test('offers better encryption types when the session key is of RC4', () => {
    const { authenticator } = begin({}, issueTicket({ sessionEtype: 23 })).opened
    expect(flattenAuthorizationData(authenticator.authorizationData ?? [])).toMatchObject([
      { adType: AdType.ETYPE_NEGOTIATION, ifRelevant: true },
    ])
  })

  test('is another each time', () => {
    const { credential } = issueTicket()
    const [a, b] = [0, 1].map(() => createInitiator({ ticket: credential, now: NOW }).token)
    expect(a).not.toEqual(b)
  })

  test('is not made from an expired ticket, nor for DCE', () => {
    const { credential } = issueTicket()
    expect(refusalOf(() => createInitiator({ ticket: credential, now: credential.expiresAt }))).toBe(
      'KRB_AP_ERR_TKT_EXPIRED: the ticket for HTTP/web.ad.test@AD.TEST has expired',
    )
    expect(refusalOf(() => createInitiator({ ticket: credential, now: credential.expiresAt - 1 }))).toBe('nothing')
    expect(() => createInitiator({ ticket: credential, now: NOW, flags: ContextFlag.DCE_STYLE })).toThrow(/DCE_STYLE/)
  })
})

function completed(reply: NegotiationReply): CompletedNegotiation {
  if (reply.status !== 'complete') throw new Error(reply.status)
  return reply
}

test('says when its ticket ends', () => {
  const { credential } = issueTicket()
  expect(createInitiator({ ticket: credential, now: NOW }).expiresAt).toBe(credential.expiresAt)
})

test('both sides expose the same key: that of the acceptor if it has made one, else that of the initiator', () => {
  const { step, serviceKey, opened } = begin()
  const keyAfter = (subkey?: Key) => {
    const { initiator, step, serviceKey } = begin()
    const { context, reply } = completed(step.accept(judge(step, serviceKey, { subkey })))
    const exposed = established(initiator.step(reply)).exposeSessionKey()
    expect(context.exposeSessionKey()).toEqual(exposed)
    return exposed
  }
  expect(opened.authenticator.subkey?.etype).toBe(18)
  const { context } = completed(step.accept(judge(step, serviceKey)))
  expect(context.exposeSessionKey()).toEqual({ etype: 18, octets: opened.authenticator.subkey?.exposeSecretBytes() })
  const subkey = Key.random(17)
  expect(keyAfter(subkey)).toEqual({ etype: 17, octets: subkey.exposeSecretBytes() })
  expect(keyAfter().octets.length).toBe(32)
})

test('the exposed key is a copy', () => {
  const { step, serviceKey } = begin()
  const { context } = completed(step.accept(judge(step, serviceKey)))
  const { octets } = context.exposeSessionKey()
  octets.fill(0)
  expect(context.exposeSessionKey().octets).not.toEqual(octets)
})

describe.each(['spnego', 'krb5'] as const)('in %s', (framing) => {
  test.each([true, false])('a context is established (subkey of the acceptor: %s)', (withSubkey) => {
    const { initiator, step, serviceKey } = begin({ framing })
    const reply = step.accept(judge(step, serviceKey, { subkey: withSubkey ? Key.random(18) : undefined }))
    if (reply.status !== 'complete') throw new Error(reply.status)
    const context = established(initiator.step(reply.reply))
    expect(context).toMatchObject({
      role: 'initiator',
      flags: 0x3e,
      peer: { name: { nameString: ['HTTP', 'web.ad.test'] } },
    })
    expect(reply.context.unwrap(context.wrap(text('to')))).toEqual(text('to'))
    expect(context.unwrap(reply.context.wrap(text('fro')))).toEqual(text('fro'))
  })

  test('without mutual authentication no answer is needed', () => {
    const { initiator, step, serviceKey } = begin({ framing, mutual: false })
    const reply = step.accept(judge(step, serviceKey, { apRep: false }))
    if (reply.status !== 'complete') throw new Error(reply.status)
    const context = established(initiator.step(framing === 'krb5' ? undefined : reply.reply))
    expect(context.unwrap(reply.context.wrap(text('fro')))).toEqual(text('fro'))
    expect(established(begin({ framing, mutual: false }).initiator.step(undefined)).role).toBe('initiator')
  })

  test('a service that does not prove itself is refused', () => {
    expect(refusalOf(() => begin({ framing }).initiator.step(undefined))).toBe(
      'KRB_AP_ERR_MUT_FAIL: the service did not prove that it is the service',
    )
    const { initiator } = begin({ framing })
    const other = begin({ framing })
    const reply = other.step.accept(judge(other.step, other.serviceKey)).reply
    expect(codeOf(() => initiator.step(reply))).toBe('KRB_AP_ERR_MUT_FAIL')
  })

  test('a KRB-ERROR is named', () => {
    const { initiator, step } = begin({ framing })
    expect(refusalOf(() => initiator.step(step.reject(krbError(37))))).toBe(
      'KRB_AP_ERR_SKEW: the service refused the ticket: KRB_AP_ERR_SKEW',
    )
    expect(codeOf(() => begin({ framing }).initiator.step(krbError(34)))).toBe('KRB_AP_ERR_REPEAT')
    expect(codeOf(() => begin({ framing }).initiator.step(frameKrb5Token('krb-error', krbError(31))))).toBe(
      'KRB_AP_ERR_BAD_INTEGRITY',
    )
  })

  test('rubbish is malformed', () => {
    for (const reply of [new Uint8Array(0), text('rubbish'), begin({ framing }).initiator.token]) {
      expect(codeOf(() => begin({ framing }).initiator.step(reply))).toBe('GSS_S_DEFECTIVE_TOKEN')
    }
  })

  test('one reply is read', () => {
    const { initiator } = begin({ framing, mutual: false })
    initiator.step(undefined)
    expect(() => initiator.step(undefined)).toThrow(/takes one reply/)
  })
})

describe('in a SPNEGO answer', () => {
  /** What the service would say, changed. */
  function answered(
    change: (resp: NegTokenResp, service: { mic(list?: Uint8Array): Uint8Array }) => NegTokenResp,
    options: Partial<InitiatorOptions> = {},
  ) {
    const { initiator, step, serviceKey } = begin(options)
    const reply = step.accept(judge(step, serviceKey))
    if (reply.status !== 'complete') throw new Error(reply.status)
    const { mechTypes } = decodeNegTokenInit(unframe(initiator.token).innerToken)
    const service = { mic: (list = mechTypes.bytes) => reply.context.getMic(list) }
    const answer = () => initiator.step(encodeNegTokenResp(change(decodeNegTokenResp(reply.reply!), service)))
    return { answer, service, mechTypes, context: reply.context }
  }

  test('a mechanism that was not offered is refused', () => {
    expect(refusalOf(answered((resp) => ({ ...resp, supportedMech: Mechanism.NTLM })).answer)).toBe(
      `GSS_S_BAD_MECH: the service chose the mechanism ${Mechanism.NTLM}, which was not offered`,
    )
    expect(codeOf(answered((resp) => ({ ...resp, supportedMech: Mechanism.MS_KRB5 })).answer)).toBe('nothing')
  })

  test('a rejection without a reason is one', () => {
    const message = 'GSS_S_FAILURE: the service rejected the negotiation (negState reject) and gave no reason'
    expect(refusalOf(answered(() => ({ negState: 'reject' })).answer)).toBe(message)
    expect(refusalOf(answered(() => ({ negState: 'reject', responseToken: text('?') })).answer)).toBe(message)
  })

  test('success without a proof is refused', () => {
    expect(codeOf(answered(() => ({ negState: 'accept-completed' })).answer)).toBe('KRB_AP_ERR_MUT_FAIL')
    expect(codeOf(answered(() => ({ negState: 'accept-incomplete', responseToken: new Uint8Array(0) })).answer)).toBe(
      'KRB_AP_ERR_MUT_FAIL',
    )
  })

  test('without a state is an answer that says yes', () => {
    const step = answered((resp) => ({ ...resp, negState: undefined })).answer()
    expect(step).toMatchObject({ status: 'established' })
    expect('token' in step && step.token).toBeFalsy()
  })

  test('an AP-REP without a sequence number begins with 0', () => {
    const issued = issueTicket()
    const { initiator, step, opened } = begin({ framing: 'krb5' }, issued)
    const { ctime, cusec, subkey } = opened.authenticator
    const encPart = sealMessage(EncApRepPart, { ctime, cusec }, issued.credential.sessionKey, KeyUsage.AP_REP)
    const context = established(initiator.step(frameKrb5Token('ap-rep', encode(ApRep, { encPart }))))
    const service = (sendSequence: number) =>
      new SecurityContext({
        role: 'acceptor',
        peer: issued.credential.client,
        flags: 0,
        initiatorKey: subkey!,
        sendSequence,
        receiveSequence: 0,
      })
    expect(step.framing).toBe('krb5')
    expect(codeOf(() => context.unwrap(service(1).wrap(text('second'))))).toBe('KRB_AP_ERR_BADORDER')
    expect(context.unwrap(service(0).wrap(text('first')))).toEqual(text('first'))
  })

  test('a MIC is verified', () => {
    expect(codeOf(answered((resp, { mic }) => ({ ...resp, mechListMic: mic() })).answer)).toBe('nothing')
    expect(codeOf(answered((resp, { mic }) => ({ ...resp, mechListMic: flip(mic(), -1) })).answer)).toBe(
      'KRB_AP_ERR_MODIFIED',
    )
    expect(codeOf(answered((resp, { mic }) => ({ ...resp, mechListMic: mic(text('another list')) })).answer)).toBe(
      'KRB_AP_ERR_MODIFIED',
    )
  })

  test('a MIC that repeats the token is the mistake of Windows 2000', () => {
    expect(codeOf(answered((resp) => ({ ...resp, mechListMic: resp.responseToken })).answer)).toBe('nothing')
  })

  test('a MIC that waits for ours gets it, and that is all', () => {
    const { answer, context, mechTypes } = answered((resp, { mic }) => ({
      ...resp,
      negState: 'accept-incomplete',
      mechListMic: mic(),
    }))
    const step = answer()
    if (step.status !== 'established') throw new Error(step.status)
    expect(context.verifyMic(mechTypes.bytes, decodeNegTokenResp(step.token!).mechListMic!)).toEqual(mechTypes.bytes)
  })

  test('a request for our MIC is answered, and the MIC of the service awaited', () => {
    const ask = () => {
      const exchange = answered((resp) => ({ ...resp, negState: 'request-mic' }))
      const step = exchange.answer()
      if (step.status !== 'continue') throw new Error(step.status)
      return { ...exchange, step }
    }
    const { step, context, mechTypes, service } = ask()
    context.verifyMic(mechTypes.bytes, decodeNegTokenResp(step.token).mechListMic!)
    established(step.step(encodeNegTokenResp({ negState: 'accept-completed', mechListMic: service.mic() })))
    expect(codeOf(() => ask().step.step(encodeNegTokenResp({ negState: 'accept-completed' })))).toBe('GSS_S_BAD_SIG')
    expect(refusalOf(() => ask().step.step(undefined))).toBe(
      'GSS_S_BAD_SIG: the service asked for a mechListMIC and sent none itself',
    )
    expect(codeOf(() => ask().step.step(encodeNegTokenResp({ negState: 'reject' })))).toBe('GSS_S_FAILURE')
    const other = ask()
    expect(codeOf(() => other.step.step(encodeNegTokenResp({ mechListMic: flip(other.service.mic(), -1) })))).toBe(
      'KRB_AP_ERR_MODIFIED',
    )
  })
})

test.each([
  [37, 'KRB_AP_ERR_SKEW', 'The clocks of this machine and of the service differ by more than the service allows.'],
  [
    41,
    'KRB_AP_ERR_MODIFIED',
    'The ticket is sealed for another account than the service runs as: its SPN is on the wrong account, or its key has changed.',
  ],
  [
    31,
    'KRB_AP_ERR_BAD_INTEGRITY',
    'The ticket is sealed for another account than the service runs as: its SPN is on the wrong account, or its key has changed.',
  ],
  [45, 'KRB_AP_ERR_NOKEY', 'The keytab of the service has no key for this SPN, encryption type and key version.'],
  [34, 'KRB_AP_ERR_REPEAT', 'The service has seen this request before: something between the two sent it twice.'],
  [7, 'KDC_ERR_S_PRINCIPAL_UNKNOWN', undefined],
])('a refusal of the service with %i says what to do', (errorCode, code, hint) => {
  expect(() => begin().initiator.step(krbError(errorCode))).toThrow(
    expect.objectContaining({ code, message: `the service refused the ticket: ${code}`, hint }),
  )
})

test('a context that hands on a ticket says so', () => {
  const { initiator, step, serviceKey } = begin({ delegate: text('cred') })
  const reply = step.accept(judge(step, serviceKey))
  expect(contextFlagNames(established(initiator.step(reply.reply)).flags)).toContain('DELEG')
})

test('a name that is no option is refused, in the name of the function that it was given to', () => {
  const options = { ticket: issueTicket().credential, now: NOW, channelBinding: text('x') }
  expect(() => createInitiator(options)).toThrow(
    'createInitiator: "channelBinding" is not an option; did you mean "channelBindings"?',
  )
})

test('what is wrong with the octets of a service is answered with 502, and what is wrong with ours is not', () => {
  const statusOf = (act: () => unknown): unknown => {
    try {
      return act()
    } catch (error) {
      return error instanceof Error && 'status' in error ? error.status : error
    }
  }
  expect(statusOf(() => begin().initiator.step(krbError(37)))).toBe(502)
  expect(statusOf(() => begin().initiator.step(text('rubbish')))).toBe(502)
  const { initiator } = begin({ mutual: false })
  initiator.step(undefined)
  expect(statusOf(() => initiator.step(undefined))).toBe(500)
  // A key that fails: no fault of anybody's octets.
  const issued = issueTicket()
  const ours = begin({ framing: 'krb5' }, issued)
  const answer = ours.step.accept(judge(ours.step, issued.serviceKey)).reply
  const fail = (): never => {
    throw new TypeError('ours')
  }
  Object.defineProperty(issued.credential.sessionKey, 'open', { value: fail })
  expect(statusOf(() => ours.initiator.step(answer))).toEqual(new TypeError('ours'))
})
