import { S4uError } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { decodeAuthenticatorChecksum, encodeAuthenticatorChecksum } from './authenticator-checksum.js'
import { tlsServerEndPoint } from './channel-bindings.js'
import { issueTicket, judge, NOW } from './fixtures/issued-ticket.js'
import { join, text } from './fixtures/octets.js'
import { createInitiator } from './initiator.js'
import { findNegotiateChallenge, formatAuthorization, formatChallenge, parseAuthorization } from './negotiate-header.js'
import { beginNegotiation } from './negotiation.js'
import { Mechanism } from './oids.js'
import { decodeNegTokenInit, decodeNegTokenResp, encodeNegTokenInit } from './spnego.js'
import { unframe } from './token-framing.js'

const EACH = 20_000

const issued = issueTicket()
const raw = createInitiator({ ticket: issued.credential, now: NOW, framing: 'krb5' }).token
const { token: windows } = encodeNegTokenInit({
  mechanisms: [Mechanism.NEGOEX, Mechanism.MS_KRB5, Mechanism.KRB5],
  mechToken: raw,
})
const spnego = createInitiator({ ticket: issued.credential, now: NOW }).token
const step = beginNegotiation(spnego)
if (step.status !== 'ap-req') throw new Error(step.status)
const accepted = step.accept(judge(step, issued.serviceKey))
if (accepted.status !== 'complete') throw new Error(accepted.status)
const { reply, context } = accepted
const initiatorWithFixedReply = (octets: Uint8Array) =>
  createInitiator({ ticket: issued.credential, now: NOW }).step(octets)
const cksum = encodeAuthenticatorChecksum({ flags: 1, delegation: text('KRB-CRED'), extensions: text('more') }).checksum

test.each<[string, Uint8Array, (octets: Uint8Array) => unknown]>([
  ['a raw krb5 token', raw, beginNegotiation],
  ['a SPNEGO token', spnego, beginNegotiation],
  ['a SPNEGO token of Windows', windows, beginNegotiation],
  ['a NegTokenInit', unframe(windows).innerToken, decodeNegTokenInit],
  ['a NegTokenResp', reply!, decodeNegTokenResp],
  ['the answer of an acceptor', reply!, initiatorWithFixedReply],
  ['an authenticator checksum', cksum, decodeAuthenticatorChecksum],
  ['a Wrap token', context.wrap(text('hello')), (octets) => context.unwrap(octets)],
  ['a MIC token', context.getMic(text('hello')), (octets) => context.verifyMic(text('hello'), octets)],
  ['a certificate', text('0\u000b0\u00000\u0004\u0006\u0002*\u0003\u0003\u0001\u0000'), tlsServerEndPoint],
])('%s, changed at random, is read or refused', (_, original, read) => {
  const random = generator(original.length)
  let refused = 0
  for (let round = 0; round < (read === initiatorWithFixedReply ? EACH / 10 : EACH); round++) {
    try {
      read(mutate(original, random))
    } catch (error) {
      if (!S4uError.is(error)) throw error
      refused++
    }
  }
  expect(refused).toBeGreaterThan(0)
})

test('a header, changed at random, never throws', () => {
  const random = generator(7)
  const authorization = formatAuthorization(raw)
  const challenges = `Basic realm="a, \\"b", ${formatChallenge(reply)}, Digest qop="auth,auth-int", nonce=x`
  for (let round = 0; round < EACH; round++) {
    parseAuthorization(mutateText(authorization.slice(0, 200), random))
    try {
      findNegotiateChallenge(mutateText(challenges, random))
    } catch (error) {
      if (!S4uError.is(error)) throw error
    }
  }
})

type Random = (below: number) => number

function mutate(original: Uint8Array, random: Random): Uint8Array {
  const octets = original.slice()
  for (let changes = 1 + random(4); changes > 0; changes--) octets[random(octets.length)] = random(256)
  const [at, length] = [random(octets.length), random(8)]
  switch (random(6)) {
    case 0:
      return octets.subarray(0, at)
    case 1:
      return join(octets.subarray(0, at), octets.subarray(at + length))
    case 2:
      return join(octets.subarray(0, at), octets.subarray(Math.max(0, at - length)))
    default:
      return octets
  }
}

function mutateText(original: string, random: Random): string {
  return new TextDecoder('latin1').decode(mutate(text(original), random))
}

/** A small generator (xorshift32), so that a failure can be repeated. */
function generator(seed: number): Random {
  let state = seed * 2_654_435_761 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
