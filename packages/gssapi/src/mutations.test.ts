import { S4uError } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { decodeAuthenticatorChecksum, encodeAuthenticatorChecksum } from './authenticator-checksum.js'
import { tlsServerEndPoint } from './channel-bindings.js'
import { issueTicket, judge, NOW } from './fixtures/issued-ticket.js'
import { fromHex, join, text } from './fixtures/octets.js'
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
const { reply } = accepted
/** The same request each time, so that an answer to it can be had again. */
const sameInitiator = () =>
  createInitiator({ ticket: issued.credential, now: NOW, random: (length) => new Uint8Array(length).fill(7) })
const answered = beginNegotiation(sameInitiator().token)
if (answered.status !== 'ap-req') throw new Error(answered.status)
const answering = answered.accept(judge(answered, issued.serviceKey))
if (answering.status !== 'complete') throw new Error(answering.status)
const { context } = answering
const answer = answering.reply!
const established = sameInitiator().step(answer)
if (established.status !== 'established') throw new Error(established.status)
const peer = established.context
const cksum = encodeAuthenticatorChecksum({ flags: 1, delegation: text('KRB-CRED'), extensions: text('more') }).checksum
/** SEQUENCE { tbsCertificate {}, { sha256WithRSAEncryption, NULL }, BIT STRING of nothing }. */
const certificate = fromHex('3014 3000 300d 06092a864886f70d01010b 0500 030100')

interface Mutated {
  readonly octets: Uint8Array
  readonly value: unknown
}
type Holds = (mutated: Mutated, original: unknown) => boolean

/** Nothing in it is sealed: whatever was changed must be seen in what was read. */
const showsTheChange: Holds = ({ value }, original) => shown(value) !== shown(original)
/** All of it is sealed. */
const never: Holds = () => false
/** What proves the service is sealed; the negotiation around it decides nothing. */
const holdsTheProof: Holds = ({ octets, value }) => {
  const proof = Buffer.from(answer.subarray(answer.length - 80)).toString('hex')
  return shown(value) === shown({ status: 'established' }) && Buffer.from(octets).toString('hex').includes(proof)
}
/** The first token is for NegoEx, which is not spoken here: it is dropped whatever is in it. */
const asksForAnother: Holds = ({ value }) => !shown(value).startsWith('{"status":"ap-req"')

test.each<[string, Uint8Array, (octets: Uint8Array) => unknown, Holds]>([
  ['a raw krb5 token', raw, beginNegotiation, showsTheChange],
  ['a SPNEGO token', spnego, beginNegotiation, showsTheChange],
  ['a SPNEGO token of Windows', windows, beginNegotiation, asksForAnother],
  ['a NegTokenInit', unframe(windows).innerToken, decodeNegTokenInit, showsTheChange],
  ['a NegTokenResp', reply!, decodeNegTokenResp, showsTheChange],
  ['the answer of an acceptor', answer, (octets) => ({ status: sameInitiator().step(octets).status }), holdsTheProof],
  ['an authenticator checksum', cksum, decodeAuthenticatorChecksum, showsTheChange],
  ['a Wrap token', context.wrap(text('hello')), (octets) => peer.unwrap(octets), never],
  ['a sealed Wrap token', context.wrap(text('hello'), { confidential: true }), (octets) => peer.unwrap(octets), never],
  ['a MIC token', context.getMic(text('hello')), (octets) => peer.verifyMic(text('hello'), octets), never],
  ['a certificate', certificate, tlsServerEndPoint, showsTheChange],
])('%s, changed at random, is refused or read as what it is', (_, original, read, holds) => {
  const random = generator(original.length)
  const whole = read(original)
  let refused = 0
  const surprises: string[] = []
  for (let round = 0; round < (holds === holdsTheProof ? EACH / 10 : EACH); round++) {
    const octets = mutate(original, random)
    if (Buffer.compare(octets, original) === 0) continue
    try {
      const value = read(octets)
      if (!holds({ octets, value }, whole)) surprises.push(Buffer.from(octets).toString('hex'))
    } catch (error) {
      if (!S4uError.is(error)) throw error
      refused++
    }
  }
  expect(surprises).toEqual([])
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

/** Everything that a value says, as text; a context says nothing. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return Buffer.from(part).toString('hex')
    return typeof part === 'bigint' ? String(part) : part
  })
}

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
