import { Key, S4uError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { decodeAuthenticatorChecksum, encodeAuthenticatorChecksum } from './context-tokens/authenticator-checksum.js'
import { tlsServerEndPoint } from './context-tokens/channel-bindings.js'
import { issueTicket, judge, NOW } from './fixtures/issued-ticket.js'
import { fromHex, join, text } from './fixtures/octets.js'
import { createInitiator, type InitiatorStep } from './initiator.js'
import { findNegotiateChallenge, formatAuthorization, formatChallenge, parseAuthorization } from './negotiate-header.js'
import { beginNegotiation } from './negotiation/negotiation.js'
import type { ApReqStep } from './negotiation/negotiation-step.js'
import { Mechanism } from './framing/oids.js'
import { SecurityContext } from './per-message/security-context.js'
import { decodeNegTokenInit, decodeNegTokenResp, encodeNegTokenInit, type NegTokenResp } from './negotiation/spnego.js'
import { unframe } from './framing/token-framing.js'

const EACH = 20_000

const issued = issueTicket()
const raw = createInitiator({ ticket: issued.credential, now: NOW, framing: 'krb5' }).token
const spnego = createInitiator({ ticket: issued.credential, now: NOW }).token
const windows = encodeNegTokenInit({
  mechanisms: [Mechanism.MS_KRB5, Mechanism.KRB5, Mechanism.NEGOEX],
  mechToken: raw,
}).token
const init = unframe(windows).innerToken
const checksum = encodeAuthenticatorChecksum({
  flags: 1,
  delegation: text('KRB-CRED'),
  extensions: text('more'),
}).checksum
const certificate = fromHex('3018 3003 020105 300d 06092a864886f70d01010b 0500 0302 00aa')
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

/**
 * The same request each time, and what its sender makes of octets that come in place of the answer.
 */
const sent = { ticket: issued.credential, now: NOW, random: (length: number) => new Uint8Array(length).fill(3) }
const first = begun(createInitiator(sent).token)
const reply = first.accept(judge(first, issued.serviceKey)).reply!

/**
 * Changed octets are refused, or taken for something that they may be taken for. `read` throws
 * where they are refused, and returns whether what it took them for is more than that: then
 * somebody has got in with a token that is not the one issued.
 */
test.each<[string, Uint8Array, (changed: Uint8Array) => boolean, number?]>([
  ['a raw krb5 token', raw, (octets) => isAnotherRequest(raw, octets)],
  ['a SPNEGO token', spnego, (octets) => isAnotherRequest(spnego, octets)],
  ['a SPNEGO token of Windows', windows, (octets) => isAnotherRequest(windows, octets)],
  ['a NegTokenInit', init, (octets) => isTwin(init, octets, readInit)],
  ['a NegTokenResp', reply, (octets) => isTwin(reply, octets, decodeNegTokenResp)],
  ['an authenticator checksum', checksum, (octets) => isTwin(checksum, octets, decodeAuthenticatorChecksum)],
  ['a certificate', certificate, (octets) => isTwin(certificate, octets, tlsServerEndPoint)],
])('%s, changed at random, is refused or read as what it says now', (_, original, read) => {
  const { refused, wrong } = change(original, read)
  expect(wrong).toEqual([])
  expect(refused).toBeGreaterThan(EACH / 4)
})

test('the answer of an acceptor, changed at random, is refused, or proves the same', () => {
  const { refused, wrong } = change(
    reply,
    (octets) => !provesTheSame(createInitiator(sent).step(octets), reply, octets),
    EACH / 10,
  )
  expect(wrong).toEqual([])
  expect(refused).toBeGreaterThan(EACH / 40)
})

describe.each([18, 20, 23])('of a context with encryption type %i', (etype) => {
  const key = Key.random(etype)
  const side = { flags: 0, initiatorKey: key, peer: issued.credential.client, sendSequence: 7, receiveSequence: 7 }
  const client = new SecurityContext({ ...side, role: 'initiator' })
  const server = new SecurityContext({ ...side, role: 'acceptor' })

  test.each<[string, Uint8Array, (octets: Uint8Array) => unknown]>([
    ['a sealed message', client.wrap(text('hello')), (octets) => server.unwrap(octets)],
    ['a signed message', client.wrap(text('hello'), { confidential: false }), (octets) => server.unwrap(octets)],
    ['a MIC', client.getMic(text('hello')), (octets) => server.verifyMic(text('hello'), octets)],
  ])('%s, changed at random, is refused', (_, original, read) => {
    expect(read(original)).toEqual(text('hello'))
    const unprotected = (octets: Uint8Array): boolean => sameButUnprotected(etype, original, octets)
    const { refused, wrong } = change(original, (octets) => (read(octets), !unprotected(octets)))
    expect(wrong).toEqual([])
    expect(refused).toBeGreaterThan(EACH / 2)
  })
})

test('an Authorization header, changed at random, never throws, and gives no token but the one it spells', () => {
  const header = formatAuthorization(raw.subarray(0, 150))
  const { wrong } = change(text(header), (octets) => {
    const value = textOf(octets)
    const parsed = parseAuthorization(value)
    if (parsed.status !== 'token') return false
    return formatAuthorization(parsed.token).slice(10) !== value.trim().slice(9).trimStart()
  })
  expect(wrong).toEqual([])
})

test('a list of challenges, changed at random, gives no token but the one that it spells', () => {
  const token = text('a token')
  const challenges = `Basic realm="a, \\"b", ${formatChallenge(token)}, Digest qop="auth,auth-int", nonce=x`
  const { wrong } = change(text(challenges), (octets) => {
    const found = findNegotiateChallenge(textOf(octets))
    return found?.token !== undefined && !textOf(octets).includes(formatChallenge(found.token).slice(10))
  })
  expect(wrong).toEqual([])
})

/**
 * The rounds that were refused, and the changed octets that were taken for what they may not be.
 */
function change(original: Uint8Array, isWrong: (changed: Uint8Array) => boolean, rounds = EACH) {
  const random = generator(original.length)
  const wrong: string[] = []
  let refused = 0
  for (let round = 0; round < rounds; round++) {
    const changed = mutate(original, random)
    if (hex(changed) === hex(original)) continue
    try {
      if (isWrong(changed)) wrong.push(hex(changed))
    } catch (error) {
      if (!S4uError.is(error)) throw error
      refused++
    }
  }
  return { refused, wrong }
}

/**
 * Changed octets that say to the letter what the original says: a second spelling of one message.
 */
function isTwin(original: Uint8Array, changed: Uint8Array, read: (octets: Uint8Array) => unknown): boolean {
  return spelled(read(changed)) === spelled(read(original))
}

function spelled(value: unknown): string {
  return JSON.stringify(value, (_name, part) => (part instanceof Uint8Array ? hex(part) : part))
}

function readInit(octets: Uint8Array): unknown {
  return decodeNegTokenInit(octets)
}

/**
 * A changed request may be accepted where it was changed outside of what is sealed; it is the same
 * claim then.
 */
function isAnotherRequest(original: Uint8Array, changed: Uint8Array): boolean {
  const step = beginNegotiation(changed)
  if (step.status !== 'ap-req') return false
  const accepted = step.accept(judge(step, issued.serviceKey))
  // Where the list of mechanisms has changed so that Kerberos is not its first, it has to be
  // confirmed.
  if (accepted.status !== 'complete') return false
  return sealedIn(step) !== sealedIn(begun(original)) || accepted.context.peer.name.nameString.join() !== 'alice'
}

function begun(token: Uint8Array): ApReqStep {
  const step = beginNegotiation(token)
  if (step.status !== 'ap-req') throw new Error(step.status)
  return step
}

function sealedIn({ apReq }: ApReqStep): string {
  return hex(apReq.ticket.encPart.cipher) + hex(apReq.authenticator.cipher)
}

/**
 * Outside of the AP-REP nothing is protected where no list was to be confirmed: a state, a name of
 * Kerberos.
 */
function provesTheSame(step: InitiatorStep, original: Uint8Array, changed: Uint8Array): boolean {
  const proof = ({ responseToken }: NegTokenResp): string => hex(responseToken!)
  return step.status === 'continue' || proof(decodeNegTokenResp(changed)) === proof(decodeNegTokenResp(original))
}

/**
 * What the tokens themselves leave open. The rotation of RFC 4121 section 4.2.5 may be greater by
 * the length of what is rotated. The sequence number of RFC 4757 section 7.3 is sealed with a
 * stream cipher, and signed nowhere where the data is not sealed with it.
 */
function sameButUnprotected(etype: number, original: Uint8Array, changed: Uint8Array): boolean {
  const [start, end] = etype === 23 ? [original.length - unframe(original).innerToken.length + 8, 0] : [6, 8]
  const without = (octets: Uint8Array): string =>
    hex(join(octets.subarray(0, start), octets.subarray(end === 0 ? start + 4 : end)))
  return changed.length === original.length && without(changed) === without(original)
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

function textOf(octets: Uint8Array): string {
  return new TextDecoder('latin1').decode(octets)
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
