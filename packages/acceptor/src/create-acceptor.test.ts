import {
  createInitiator,
  decodeNegTokenResp,
  encodeNegTokenInit,
  encodeNegTokenResp,
  frameKrb5Token,
  readKrb5Token,
} from '@s4u/gssapi'
import {
  ApReq,
  ConfigurationError,
  decode,
  encode,
  kerberosFlags,
  KeyUsage,
  KRB_ERROR_CODES,
  KrbError,
} from '@s4u/krb5'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createAcceptor } from './create-acceptor.js'
import {
  entryOf,
  HOUR,
  DOMAIN_SID,
  issue,
  keyOf,
  keytabOf,
  NOW,
  oddToken,
  SPN,
  tokenOf,
} from './fixtures/issued-token.js'
import { accepted, acceptorWith, continued, refused } from './fixtures/outcomes.js'

const KRB5 = '1.2.840.113554.1.2.2'
const NTLM = '1.3.6.1.4.1.311.2.2.10'
const NEGOEX = '1.3.6.1.4.1.311.2.2.30'

describe('a good token', () => {
  test.each(['spnego', 'krb5'] as const)(
    'framed as %s is accepted, and its client accepts the answer',
    async (framing) => {
      const initiator = createInitiator({ ticket: issue(), now: NOW, framing })
      const { identity, reply, context } = accepted(await acceptorWith().accept(initiator.token))
      expect(identity).toMatchObject({
        principal: 'alice@AD.TEST',
        name: 'alice',
        realm: 'AD.TEST',
        authenticationMethod: 'kerberos',
        impersonationLevel: 'delegation',
        expiresAt: NOW + 9 * HOUR,
        sid: `${DOMAIN_SID}-1104`,
        upn: 'alice@ad.test',
        groups: [`${DOMAIN_SID}-513`, `${DOMAIN_SID}-1110`, `${DOMAIN_SID}-1111`, 'S-1-18-1'],
        delegatedBy: [],
        assertedBy: 'authority',
      })
      const step = initiator.step(reply)
      if (step.status !== 'established') throw new Error(step.status)
      const message = new TextEncoder().encode('hello')
      expect(context.unwrap(step.context.wrap(message))).toEqual(message)
      expect(step.context.unwrap(context.wrap(message))).toEqual(message)
    },
  )

  test('without mutual authentication gets accept-completed and no AP-REP; raw Kerberos gets nothing', async () => {
    const acceptor = acceptorWith()
    const { reply } = accepted(await acceptor.accept(tokenOf(issue(), { mutual: false })))
    expect(decodeNegTokenResp(reply!)).toMatchObject({ negState: 'accept-completed', responseToken: undefined })
    const raw = accepted(await acceptor.accept(tokenOf(issue(), { mutual: false, framing: 'krb5' })))
    expect(raw.reply).toBeUndefined()
  })

  test('is refused when it comes again', async () => {
    const acceptor = acceptorWith()
    const token = tokenOf(issue())
    accepted(await acceptor.accept(token))
    const { error, reply } = refused(await acceptor.accept(token))
    expect(error.code).toBe('KRB_AP_ERR_REPEAT')
    expect(decodeNegTokenResp(reply!).negState).toBe('reject')
  })

  test('is accepted once when it comes many times at once', async () => {
    const acceptor = acceptorWith()
    const token = tokenOf(issue())
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => acceptor.accept(token)))
    expect(outcomes.filter(({ status }) => status === 'accepted')).toHaveLength(1)
  })

  test('does not let the ticket keep the request alive', async () => {
    const token = tokenOf(issue())
    const request = new Uint8Array(1_000_000)
    request.set(token, 500)
    const { identity } = accepted(await acceptorWith().accept(request.subarray(500, 500 + token.length)))
    const { evidence } = identity
    if (evidence?.kind !== 'ticket') throw new Error('no ticket')
    expect(evidence.ticket.encPart.cipher.buffer.byteLength).toBe(evidence.ticket.encPart.cipher.length)
  })
})

describe('evidence', () => {
  test('is the ticket as it came, the service whose key opened it, and how far it goes', async () => {
    const { ticket } = issue({ flags: [] })
    const credential = { ...issue(), ticket }
    const { identity } = accepted(await acceptorWith().accept(tokenOf(credential)))
    expect(identity.impersonationLevel).toBe('impersonation')
    expect(identity.evidence).toMatchObject({ kind: 'ticket', ticket, forwardable: false, expiresAt: NOW + 9 * HOUR })
    expect(identity.evidence).toMatchObject({
      service: { realm: 'AD.TEST', name: { nameString: ['HTTP', 'web.ad.test'] } },
    })
  })

  test('is of no use to a client that asked to be identified only', async () => {
    const { identity } = accepted(await acceptorWith().accept(tokenOf(issue(), { identify: true })))
    expect(identity.impersonationLevel).toBe('identification')
  })
})

describe('a token that no key opens', () => {
  test('tells the operator everything and the client the code', async () => {
    const credential = issue({ key: keyOf(50), kvno: 3, service: SPN })
    const acceptor = acceptorWith({ keytab: keytabOf(entryOf(SPN, 3, keyOf(1)), entryOf(SPN, 2, keyOf(2))) })
    const { error, reply } = refused(await acceptor.accept(tokenOf(credential, { framing: 'krb5' })))
    expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'KRB_AP_ERR_BAD_INTEGRITY' })
    expect(error.message).toContain('the ticket for HTTP/web.ad.test@AD.TEST (aes256-cts-hmac-sha1-96, kvno 3)')
    expect(error.message).toContain('tried HTTP/web.ad.test@AD.TEST kvno 3, HTTP/web.ad.test@AD.TEST kvno 2')
    expect(error.hint).toContain('setspn')
    const answer = decode(KrbError, readKrb5Token(reply!, 'krb-error').message)
    expect(answer).toMatchObject({
      errorCode: KRB_ERROR_CODES.KRB_AP_ERR_BAD_INTEGRITY,
      eText: undefined,
      eData: undefined,
      stime: NOW,
    })
  })

  test('for a service that is not ours is NOT_US, whatever it says in clear text', async () => {
    const other = issue({ service: 'HTTP/other.ad.test', key: keyOf(50) })
    expect(refused(await acceptorWith().accept(tokenOf(other))).error.code).toBe('KRB_AP_ERR_NOT_US')
    const renamed = { ...other, ticket: { ...other.ticket, sname: issue().ticket.sname } }
    expect(refused(await acceptorWith().accept(tokenOf(renamed))).error.code).toBe('KRB_AP_ERR_BAD_INTEGRITY')
  })

  test('of an encryption type that the keytab has no key for is NOKEY', async () => {
    const { error } = refused(await acceptorWith().accept(tokenOf(issue({ key: keyOf(1, 17) }))))
    expect(error).toMatchObject({ name: 'MissingKeyError', code: 'KRB_AP_ERR_NOKEY' })
  })

  test('of a key version that the keytab does not have is BADKEYVER', async () => {
    const { error } = refused(await acceptorWith().accept(tokenOf(issue({ key: keyOf(50), kvno: 9 }))))
    expect(error).toMatchObject({ name: 'MissingKeyError', code: 'KRB_AP_ERR_BADKEYVER' })
  })
})

test('a key of our own under another kvno is accepted', async () => {
  const { identity } = accepted(await acceptorWith().accept(tokenOf(issue({ kvno: 0x10007 }))))
  expect(identity.evidence).toMatchObject({ service: { name: { nameString: ['HTTP', 'web.ad.test'] } } })
})

describe('what is not Kerberos', () => {
  const ntlm = new TextEncoder().encode('NTLMSSP\0\u0001\0\0\0')

  test('raw NTLM is recognised, and the hint says why Windows sends it', async () => {
    const { error, mechanism } = refused(await acceptorWith().accept(ntlm))
    expect(mechanism).toBe('ntlm')
    expect(error.code).toBe('GSS_S_BAD_MECH')
    expect(error.hint).toMatch(/IP address.*intranet zone.*SPN/)
  })

  test('NTLM inside SPNEGO is rejected in SPNEGO', async () => {
    const { token } = encodeNegTokenInit({ mechanisms: [NTLM], mechToken: ntlm })
    const { mechanism, reply } = refused(await acceptorWith().accept(token))
    expect(mechanism).toBe('ntlm')
    expect(decodeNegTokenResp(reply!).negState).toBe('reject')
  })

  test.each([
    [[NEGOEX], 'negoex'],
    [['1.3.6.1.5.2.5'], 'iakerb'],
    [['1.2.3.4'], 'unknown'],
  ])('%s is %s', async (mechanisms, name) => {
    const { token } = encodeNegTokenInit({ mechanisms })
    expect(refused(await acceptorWith().accept(token)).mechanism).toBe(name)
  })

  test.each([
    ['nothing', new Uint8Array(0)],
    ['text', new TextEncoder().encode('hello')],
    ['a bare AP-REQ', readKrb5Token(tokenOf(issue(), { framing: 'krb5' }), 'ap-req').message],
    ['trailing octets', Uint8Array.of(...tokenOf(issue()), 0, 0, 0)],
    ['a truncated token', tokenOf(issue()).subarray(0, -1)],
  ])('%s is malformed', async (_what, token) => {
    const { error, mechanism } = refused(await acceptorWith().accept(token))
    expect(error).toMatchObject({ name: 'MalformedTokenError', code: 'GSS_S_DEFECTIVE_TOKEN' })
    expect(mechanism).toBeUndefined()
  })

  test('an authenticator that opens but is nonsense is malformed, and answered with KRB_ERR_GENERIC', async () => {
    const { ticket, sessionKey } = issue()
    const authenticator = { etype: 18, cipher: sessionKey.seal(KeyUsage.AP_REQ_AUTHENTICATOR, Uint8Array.of(1, 2, 3)) }
    const apReq = encode(ApReq, { apOptions: kerberosFlags(), ticket, authenticator })
    const { error, reply } = refused(await acceptorWith().accept(frameKrb5Token('ap-req', apReq)))
    expect(error.name).toBe('MalformedTokenError')
    const answer = decode(KrbError, readKrb5Token(reply!, 'krb-error').message)
    expect(answer.errorCode).toBe(KRB_ERROR_CODES.KRB_ERR_GENERIC)
  })
})

describe('several legs', () => {
  const hello = (mechanisms = [KRB5]): Uint8Array => encodeNegTokenInit({ mechanisms }).token
  const apReqLeg = (): Uint8Array => encodeNegTokenResp({ responseToken: tokenOf(issue(), { framing: 'krb5' }) })

  test('a client that sends no token is asked for one', async () => {
    const acceptor = acceptorWith()
    const { reply, negotiation } = continued(await acceptor.accept(hello()))
    expect(decodeNegTokenResp(reply)).toMatchObject({ negState: 'accept-incomplete', supportedMech: KRB5 })
    expect(negotiation.expiresAt).toBeGreaterThan(NOW)
    expect(accepted(await acceptor.accept(apReqLeg(), { negotiation })).identity.name).toBe('alice')
  })

  test('a client that prefers another mechanism must confirm its list before it is let in', async () => {
    const acceptor = acceptorWith()
    const { token, mechTypes } = encodeNegTokenInit({ mechanisms: [NEGOEX, KRB5], mechToken: Uint8Array.of(1) })
    const first = continued(await acceptor.accept(token))
    expect(decodeNegTokenResp(first.reply).negState).toBe('request-mic')
    const initiator = createInitiator({ ticket: issue(), now: NOW, framing: 'krb5' })
    const leg = encodeNegTokenResp({ responseToken: initiator.token })
    const second = continued(await acceptor.accept(leg, { negotiation: first.negotiation }))
    const answer = decodeNegTokenResp(second.reply)
    const step = initiator.step(answer.responseToken)
    if (step.status !== 'established') throw new Error(step.status)
    step.context.verifyMic(mechTypes.bytes, answer.mechListMic!)
    const mechListMic = step.context.getMic(mechTypes.bytes)
    const last = await acceptor.accept(encodeNegTokenResp({ mechListMic }), { negotiation: second.negotiation })
    expect(accepted(last).identity.name).toBe('alice')
  })

  test('a wrong mechListMIC is refused in every leg', async () => {
    const acceptor = acceptorWith()
    const wrong = new Uint8Array(28).fill(4)
    const mechToken = tokenOf(issue(), { framing: 'krb5' })
    const atOnce = encodeNegTokenInit({ mechanisms: [KRB5], mechToken, mechListMic: wrong }).token
    const outcome = refused(await acceptor.accept(atOnce))
    expect(decodeNegTokenResp(outcome.reply!).negState).toBe('reject')
    const first = continued(await acceptor.accept(hello([NEGOEX, KRB5])))
    const second = continued(await acceptor.accept(apReqLeg(), { negotiation: first.negotiation }))
    const last = await acceptor.accept(encodeNegTokenResp({ mechListMic: wrong }), { negotiation: second.negotiation })
    expect(refused(last).error.name).toMatch(/TokenError$/)
    expect(decodeNegTokenResp(refused(last).reply!)).toMatchObject({ negState: 'reject', responseToken: undefined })
  })

  test.each<[string, (token: Uint8Array) => Uint8Array, boolean]>([
    ['with octets behind it', (token) => Uint8Array.of(...token, 0, 0, 0), true],
    ['that is cut off', (token) => token.subarray(0, -1), true],
    ['whose inside is not SPNEGO', () => Uint8Array.of(0x60, 9, 6, 6, 0x2b, 6, 1, 5, 5, 2, 0x30), true],
    ['that is a later leg of nothing', () => apReqLeg(), true],
    ['of another mechanism', () => Uint8Array.of(0x60, 5, 6, 3, 0x2a, 3, 4), false],
    ['that ends within its number', () => Uint8Array.of(0x60, 9, 6, 6, 0x2b), false],
    ['that is one octet', () => Uint8Array.of(0x60), false],
    ['that is nothing', () => new Uint8Array(0), false],
  ])('a first token %s is answered with reject where it is one of SPNEGO', async (_what, changed, isAnswered) => {
    const { reply, error } = refused(await acceptorWith().accept(changed(tokenOf(issue()))))
    expect(error.code).toMatch(/^GSS_S_(DEFECTIVE_TOKEN|BAD_MECH)$/)
    expect(reply && decodeNegTokenResp(reply).negState).toBe(isAnswered ? 'reject' : undefined)
  })

  test('an acceptor that is closed is no fault of the peer, who is told nothing', async () => {
    const acceptor = acceptorWith()
    acceptor.close()
    expect(refused(await acceptor.accept(tokenOf(issue())))).toMatchObject({
      reply: undefined,
      error: { code: 'S4U_CLOSED' },
    })
  })

  test('a negotiation is good for one token, for a minute, and for its own acceptor', async () => {
    let now = NOW
    const acceptor = acceptorWith({ now: () => now })
    const { negotiation } = continued(await acceptor.accept(hello()))
    accepted(await acceptor.accept(apReqLeg(), { negotiation }))
    expect(refused(await acceptor.accept(apReqLeg(), { negotiation })).error.code).toBe('GSS_S_NO_CONTEXT')
    const late = continued(await acceptor.accept(hello()))
    now += 61_000
    expect(refused(await acceptor.accept(apReqLeg(), { negotiation: late.negotiation })).error.code).toBe(
      'GSS_S_NO_CONTEXT',
    )
    const foreign = continued(await acceptorWith().accept(hello()))
    await expect(acceptor.accept(apReqLeg(), { negotiation: foreign.negotiation })).rejects.toThrow(ConfigurationError)
  })

  test('a client that gives up is refused', async () => {
    const acceptor = acceptorWith()
    const { negotiation } = continued(await acceptor.accept(hello()))
    const outcome = await acceptor.accept(encodeNegTokenResp({ negState: 'reject' }), { negotiation })
    expect(refused(outcome).error.code).toBe('GSS_S_FAILURE')
  })
})

describe('a ticket that the service got for a user itself', () => {
  test('makes an identity with the method that the app names, and evidence of its own making', async () => {
    const identity = await acceptorWith().identify(issue().ticket, 'certificate')
    expect(identity).toMatchObject({ principal: 'alice@AD.TEST', authenticationMethod: 'certificate' })
    expect(identity).toMatchObject({
      impersonationLevel: 'delegation',
      evidence: { kind: 'ticket', origin: 's4u2self' },
    })
    const alone = await acceptorWith().identify(issue({ flags: [] }).ticket, 'asserted')
    expect(alone.impersonationLevel).toBe('impersonation')
  })

  test('is judged like any other', async () => {
    const acceptor = acceptorWith()
    await expect(acceptor.identify(issue({ key: keyOf(50) }).ticket, 'asserted')).rejects.toThrow('does not open')
    const expired = issue({ part: { endtime: NOW - HOUR } })
    await expect(acceptor.identify(expired.ticket, 'asserted')).rejects.toThrow('expired')
    const forged = issue({ pacSigning: { server: keyOf(66) } })
    await expect(acceptor.identify(forged.ticket, 'asserted')).rejects.toMatchObject({ code: 'KRB_AP_ERR_MODIFIED' })
  })
})

describe('an acceptor', () => {
  test('names its principals', () => {
    expect(acceptorWith().principals).toEqual(['HTTP/web.ad.test@AD.TEST'])
  })

  test('hands out the whole keytab, for signing in with the account in it', async () => {
    const keytab = keytabOf(entryOf(SPN, 1, keyOf(1)), entryOf('svc-web', 1, keyOf(1)))
    expect((await acceptorWith({ keytab }).reloadKeytab()).principals).toEqual([
      'HTTP/web.ad.test@AD.TEST',
      'svc-web@AD.TEST',
    ])
  })

  test('hands it out under the name of 0.1 as well', async () => {
    const acceptor = acceptorWith()
    expect(await acceptor.keytab()).toBe(await acceptor.reloadKeytab())
    expect(acceptor.currentKeytab).toBe(await acceptor.keytab())
  })

  test('refuses everything once it is closed, also by using', async () => {
    const acceptor = acceptorWith()
    acceptor[Symbol.dispose]()
    expect(refused(await acceptor.accept(tokenOf(issue()))).error).toBeInstanceOf(ConfigurationError)
  })

  test('reads the host name in any letter case', async () => {
    const acceptor = acceptorWith({ service: 'http/WEB.ad.test' })
    accepted(await acceptor.accept(tokenOf(issue())))
  })

  test('keeps no secret in what it prints', async () => {
    const acceptor = createAcceptor({ keytab: keytabOf(), now: () => NOW })
    const outcome = accepted(await acceptor.accept(oddToken(issue())))
    const printed =
      inspect(outcome, { depth: 10, showHidden: true }) + JSON.stringify(outcome) + inspect(acceptor, { depth: 10 })
    expect(printed).not.toContain(Buffer.from(issue().sessionKey.exposeSecretBytes()).toString('hex'))
    expect(printed).not.toMatch(/cipher|7, 7, 7|sessionKey/)
  })
})
