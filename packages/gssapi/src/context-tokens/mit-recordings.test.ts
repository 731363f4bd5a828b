import { decode, Key, openApReq, parsePrincipal, Ticket } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { readAuthenticatorChecksum } from './authenticator-checksum.js'
import { contextFlagNames } from './context-flags.js'
import { MIT_RECORDINGS } from '../fixtures/mit-recordings.js'
import { fromHex, text } from '../fixtures/octets.js'
import { createInitiator } from '../initiator.js'
import { beginNegotiation } from '../negotiation/negotiation.js'
import { Mechanism } from '../framing/oids.js'

describe.each(MIT_RECORDINGS)('recorded from MIT with encryption type $etype', (recording) => {
  test('the token of its initiator is read', () => {
    const step = beginNegotiation(fromHex(recording.initiatorToken))
    if (step.status !== 'ap-req') throw new Error(step.status)
    expect(step).toMatchObject({ framing: 'spnego', mechanism: Mechanism.KRB5 })
    const { authenticator } = openApReq(step.apReq, new Key(recording.etype, fromHex(recording.serviceKey)))
    expect(authenticator.cname.nameString).toEqual(['alice'])
    const { flags } = readAuthenticatorChecksum(authenticator)
    expect(contextFlagNames(flags)).toEqual(expect.arrayContaining(['MUTUAL', 'REPLAY', 'SEQUENCE', 'CONF', 'INTEG']))
  })

  test('the answer and the messages of its acceptor are read', () => {
    const initiator = createInitiator({ ticket: credentialOf(recording), now: recording.now, random: counting })
    const step = initiator.step(fromHex(recording.reply))
    if (step.status !== 'established') throw new Error(step.status)
    expect(step.context.unwrap(fromHex(recording.sealed), { confidential: true })).toEqual(text('hello world'))
    expect(step.context.unwrap(fromHex(recording.signed))).toEqual(text('hello world'))
    expect(step.context.verifyMic(text('hello world'), fromHex(recording.mic))).toEqual(text('hello world'))
  })
})

function credentialOf({ etype, sessionKey, ticket, now }: (typeof MIT_RECORDINGS)[number]) {
  return {
    client: parsePrincipal('alice@AD.TEST'),
    service: parsePrincipal('HTTP/web.ad.test@AD.TEST'),
    ticket: decode(Ticket, fromHex(ticket)),
    sessionKey: new Key(etype, fromHex(sessionKey)),
    flags: new Uint8Array(4),
    expiresAt: now + 1000,
  }
}

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index + 1)
}
