import { ContextFlag, SecurityContext } from '@s4u/gssapi'
import { Key, parsePrincipal, S4uError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { type LayerTerms, SecurityLayer } from './security-layer.js'

const TERMS: LayerTerms = { protection: 'confidentiality', peerMaxOctets: 0x1_0000, maxOctets: 0x1_0000 }

function contexts(etype = 18) {
  const shared = { flags: ContextFlag.REPLAY | ContextFlag.SEQUENCE, initiatorKey: Key.random(etype) }
  const peer = parsePrincipal('alice@AD.TEST')
  return {
    client: new SecurityContext({ ...shared, role: 'initiator', peer, sendSequence: 1, receiveSequence: 5 }),
    server: new SecurityContext({ ...shared, role: 'acceptor', peer, sendSequence: 5, receiveSequence: 1 }),
  }
}

function pair(terms: Partial<LayerTerms> = {}, etype?: number) {
  const { client, server } = contexts(etype)
  return {
    context: server,
    ours: new SecurityLayer(client, { ...TERMS, ...terms }),
    theirs: new SecurityLayer(server, { ...TERMS, ...terms }),
  }
}

function refusalOf(action: () => unknown): S4uError {
  try {
    action()
  } catch (error) {
    if (error instanceof S4uError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const lengthsOf = (frames: Uint8Array): number[] => {
  const lengths: number[] = []
  const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength)
  for (let at = 0; at < frames.length; at += 4 + lengths[lengths.length - 1]) lengths.push(view.getUint32(at))
  return lengths
}

describe.each([17, 18, 19, 20, 23, 25, 26])('with encryption type %i', (etype) => {
  test.each(['integrity', 'confidentiality'] as const)('%s: no frame is longer than the peer takes', (protection) => {
    for (const peerMaxOctets of [150, 1_000, 40_000]) {
      const { ours, theirs } = pair({ protection, peerMaxOctets, maxOctets: peerMaxOctets }, etype)
      const data = new Uint8Array(50_000).fill(7)
      const frames = ours.seal(data)
      const longest = Math.max(...lengthsOf(frames))
      expect(longest).toBeLessThanOrEqual(peerMaxOctets)
      expect(longest).toBeGreaterThan(peerMaxOctets - 8)
      theirs.push(frames)
      const parts: Uint8Array[] = []
      for (let part = theirs.next(); part !== undefined; part = theirs.next()) parts.push(part)
      expect(Buffer.concat(parts).equals(data)).toBe(true)
    }
  })
})

test('a frame that comes octet by octet is opened when its last one is there', () => {
  const { ours, theirs } = pair()
  const frame = ours.seal(Buffer.from('hello'))
  for (const octet of frame.subarray(0, -1)) {
    theirs.push(Uint8Array.of(octet))
    expect(theirs.next()).toBeUndefined()
  }
  theirs.push(frame.subarray(-1))
  expect(Buffer.from(theirs.next() ?? []).toString()).toBe('hello')
  expect(theirs.next()).toBeUndefined()
})

test('a length of 4 GiB is refused before anything is kept for it', () => {
  const { theirs } = pair()
  theirs.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff))
  expect(refusalOf(() => theirs.next())).toMatchObject({
    name: 'MalformedTokenError',
    message: 'SASL.frame: expected at most 65536 octets, found 4294967295',
    status: 502,
  })
})

test('a frame one octet longer than is taken is refused', () => {
  const { theirs } = pair({ maxOctets: 100 })
  theirs.push(Uint8Array.of(0, 0, 0, 101))
  expect(refusalOf(() => theirs.next()).message).toBe('SASL.frame: expected at most 100 octets, found 101')
})

test('a frame that is only signed is refused where all are to be encrypted', () => {
  const { ours, context } = pair()
  const token = context.wrap(Buffer.from('in clear'), { confidential: false })
  ours.push(Uint8Array.of(0, 0, 0, token.length, ...token))
  expect(refusalOf(() => ours.next()).code).toBe('KRB_AP_ERR_INAPP_CKSUM')
})

test('clear text in the place of a frame is refused', () => {
  const { ours } = pair()
  ours.push(Buffer.from('HTTP/1.1 200 OK'))
  expect(refusalOf(() => ours.next()).name).toBe('MalformedTokenError')
})

test('a frame that comes twice, comes back, or in another order is refused', () => {
  const { ours, theirs } = pair()
  ours.seal(Buffer.from('a'))
  theirs.push(ours.seal(Buffer.from('b')))
  expect(refusalOf(() => theirs.next()).code).toBe('KRB_AP_ERR_BADORDER')
  const again = pair()
  const once = again.ours.seal(Buffer.from('a'))
  again.theirs.push(once)
  again.theirs.next()
  again.theirs.push(once)
  expect(refusalOf(() => again.theirs.next()).code).toBe('KRB_AP_ERR_REPEAT')
  again.ours.push(again.ours.seal(Buffer.from('mine')))
  expect(refusalOf(() => again.ours.next()).code).toBe('KRB_AP_ERR_BADDIRECTION')
})

test('the keys protect no more than they may, in either direction, and say before that they are spent', () => {
  const { ours, theirs } = pair({ rekeyAfter: 10 })
  expect(ours.isSpent).toBe(false)
  theirs.push(ours.seal(new Uint8Array(10)))
  expect(ours.isSpent).toBe(true)
  expect(theirs.isSpent).toBe(false)
  expect(theirs.next()).toHaveLength(10)
  expect(theirs.isSpent).toBe(true)
  expect(refusalOf(() => ours.seal(new Uint8Array(1)))).toMatchObject({ code: 'GSS_S_CONTEXT_EXPIRED', status: 503 })
  const careless = pair({ rekeyAfter: 10 })
  const more = new SecurityLayer(careless.context, TERMS)
  careless.ours.push(more.seal(new Uint8Array(11)))
  expect(refusalOf(() => careless.ours.next()).code).toBe('GSS_S_CONTEXT_EXPIRED')
})

test('a peer that takes nothing is refused at once', () => {
  expect(refusalOf(() => pair({ peerMaxOctets: 60 }))).toMatchObject({
    code: 'GSS_S_BAD_QOP',
    message: 'the peer takes messages of 60 octets, into which no data fit',
  })
  expect(() => pair({ peerMaxOctets: 61 })).not.toThrow('octets')
})
