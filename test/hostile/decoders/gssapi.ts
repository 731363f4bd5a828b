import {
  beginNegotiation,
  decodeAuthenticatorChecksum,
  decodeNegTokenInit,
  decodeNegTokenResp,
  encodeNegTokenInit,
  encodeNegTokenResp,
  findNegotiateChallenge,
  findNtlmNegotiation,
  frame,
  frameKrb5Token,
  isFramed,
  Mechanism,
  parseAuthorization,
  readKrb5Token,
  SecurityContext,
  unframe,
} from '@s4u/gssapi'
import { Key, MalformedTokenError, parsePrincipal, RejectedTokenError } from '@s4u/krb5'
import { type Decoder, decoder } from '../decoder.js'
import { fromHex, recorded, texts } from '../inputs/seeds.js'

const REFUSALS = [MalformedTokenError, RejectedTokenError]

/** What an acceptor or an initiator reads. */
export const gssDecoders: readonly Decoder[] = [
  ...contextDecoders(),
  ...headerDecoders(),
  ...messageDecoders('', new Key(18, new Uint8Array(32).fill(7))),
  ...messageDecoders(' of rc4-hmac', new Key(23, new Uint8Array(16).fill(7))),
]

/** Tokens that lead to NTLM: the first, and the two that follow it. */
function ntlmDecoders(): Decoder[] {
  const message = new TextEncoder().encode('NTLMSSP\0')
  const signer = { mustConfirm: true, sign: (list: Uint8Array) => list, verify: () => true }
  const init = (mechanisms: readonly string[]): Uint8Array =>
    encodeNegTokenInit({ mechanisms, mechToken: message }).token
  const firsts = [message, init([Mechanism.NTLM]), init([Mechanism.NEGOEX, Mechanism.NTLM])]
  const laters = [
    { responseToken: message, mechListMic: message },
    { responseToken: message },
    { mechListMic: message },
  ]
  const begun = () => {
    const step = findNtlmNegotiation(init([Mechanism.NTLM]))
    if (step?.status !== 'begun') throw new Error('the first token does not begin with a message')
    return step.challenge(message)
  }
  return [
    decoder('NTLM negotiation, first token', firsts, findNtlmNegotiation),
    decoder(
      'NTLM negotiation, token asked for',
      laters.slice(0, 2).map(encodeNegTokenResp),
      (bytes) => {
        const step = findNtlmNegotiation(init([Mechanism.NEGOEX, Mechanism.NTLM]))
        return step?.status === 'asked' && step.next(bytes).message
      },
      REFUSALS,
    ),
    decoder(
      'NTLM negotiation, last message',
      laters.slice(0, 2).map(encodeNegTokenResp),
      (bytes) => begun().next(bytes).accept(signer),
      REFUSALS,
    ),
    decoder(
      'NTLM negotiation, confirmation',
      laters.slice(2).map(encodeNegTokenResp),
      (bytes) => {
        const end = begun()
          .next(encodeNegTokenResp({ responseToken: message }))
          .accept(signer)
        if (end.status === 'confirm') end.next(bytes)
      },
      REFUSALS,
    ),
  ]
}

function contextDecoders(): Decoder[] {
  const apReqs = recorded('AP-REQ').map((bytes) => frameKrb5Token('ap-req', bytes))
  const inits = [initToken('300b06092a864886f712010202'), initToken('301606092a864882f71201020206092a864886f712010202')]
  const spnego = inits.map((token) => frame(Mechanism.SPNEGO, token))
  const responses = [
    'a1073005a0030a0100',
    'a1143012a0030a0101a10b06092a864886f712010202',
    'a10f300da0030a0100a2060404deadbeef',
  ].map(fromHex)
  return [
    ...ntlmDecoders(),
    decoder('initial context token', [...apReqs, ...spnego], (bytes) => isFramed(bytes) && unframe(bytes)),
    decoder('Kerberos context token', apReqs, (bytes) => readKrb5Token(bytes, 'ap-req', 'ap-rep', 'krb-error')),
    decoder('NegTokenInit', inits, decodeNegTokenInit),
    decoder('NegTokenResp', responses, decodeNegTokenResp),
    decoder('first token of a negotiation', [...apReqs, ...spnego], (bytes) => beginNegotiation(bytes), REFUSALS),
    decoder(
      'checksum of an authenticator',
      [fromHex(`10000000${'00'.repeat(16)}3e000000`), fromHex(`10000000${'00'.repeat(16)}3f00000001000300763000`)],
      decodeAuthenticatorChecksum,
    ),
  ]
}

function headerDecoders(): Decoder[] {
  const headers = texts(
    'Negotiate YIIB',
    'Negotiate  YII=',
    'Basic YWxpY2U6cHc=',
    'Basic realm="a, b", Negotiate oQcwBaADCgEA, Digest x=y',
  )
  return [
    decoder('Authorization header', headers, (bytes) => parseAuthorization(text(bytes))),
    decoder('WWW-Authenticate header', headers, (bytes) => findNegotiateChallenge(text(bytes))),
  ]
}

/** Tokens of messages; those of rc4-hmac have a form of their own (RFC 4757 section 7). */
function messageDecoders(suffix: string, initiatorKey: Key): Decoder[] {
  const peer = parsePrincipal('alice@AD.TEST')
  const context = (role: 'acceptor' | 'initiator') =>
    new SecurityContext({ role, peer, flags: 0, initiatorKey, sendSequence: 0, receiveSequence: 0 })
  const sender = context('initiator')
  const tokens = [
    sender.wrap(new Uint8Array(20)),
    sender.wrap(new Uint8Array(20), { confidential: false }),
    sender.getMic(new Uint8Array(9)),
  ]
  return [
    decoder(`wrap token${suffix}`, tokens, (bytes) => context('acceptor').unwrap(bytes), REFUSALS),
    decoder(`MIC token${suffix}`, tokens, (bytes) => context('acceptor').verifyMic(new Uint8Array(9), bytes), REFUSALS),
  ]
}

function initToken(mechanisms: string): Uint8Array {
  const length = (more: number): string => (mechanisms.length / 2 + more).toString(16).padStart(2, '0')
  return fromHex(`a0${length(4)}30${length(2)}a0${length(0)}${mechanisms}`)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
