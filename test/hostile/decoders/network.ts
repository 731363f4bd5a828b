import {
  ConfigurationError,
  decode,
  encodeCachePrincipal,
  MalformedTokenError,
  parsePrincipal,
  RejectedTokenError,
  TgsRep,
} from '@s4u/krb5'
import { KcmRefusal, readCache } from '../../../packages/kdc-client/src/credential-caches/kcm-dialogue.js'
import { encodeProxyMessage, readProxyMessage } from '../../../packages/kdc-client/src/network/https-proxy.js'
import { question, readAnswer } from '../../../packages/kdc-client/src/locate/dns-uri.js'
import { decodeSessionTicket, encodeSessionTicket } from '../../../packages/negotiate/src/session/session-ticket.js'
import { readDigestCredentials } from '../../../packages/sign-in/src/digest/digest-credentials.js'
import { openAccessAnswer } from '../../../packages/sign-in/src/radius/access-answer.js'
import { messageAuthenticatorOf, responseAuthenticatorOf } from '../../../packages/sign-in/src/radius/authenticators.js'
import {
  decodeRadiusPacket,
  encodeRadiusPacket,
  type RadiusPacket,
} from '../../../packages/sign-in/src/radius/radius-packet.js'
import { type Decoder, decoder } from '../decoder.js'
import { ccaches, recorded } from '../inputs/seeds.js'

const DNS_ID = 7
const RADIUS_SECRET = new Uint8Array(16).fill(7)
const RADIUS_REQUEST = { identifier: 9, authenticator: new Uint8Array(16).fill(3), bytes: new Uint8Array() }

/** What a KDC's proxy, a name server and a cookie bring to the packages above the codec. */
export const networkDecoders: readonly Decoder[] = [
  decoder(
    'KDC-PROXY-MESSAGE',
    replies().map((reply) => encodeProxyMessage(reply, 'AD.TEST')),
    readProxyMessage,
  ),
  // Its caller asks the next name server, whatever is wrong with the answer.
  decoder('DNS answer', [dnsAnswer()], (bytes) => readAnswer(bytes, DNS_ID), [RangeError]),
  decoder('answers of a KCM', kcmAnswers(), readFromKcm, [MalformedTokenError, ConfigurationError, KcmRefusal]),
  decoder('Authorization: Digest', [digestHeader()], (bytes) =>
    readDigestCredentials(Buffer.from(bytes).toString('latin1')),
  ),
  decoder('RADIUS packet', [radiusAnswer()], decodeRadiusPacket),
  decoder('RADIUS answer', [radiusAnswer()], openRadiusAnswer, [MalformedTokenError, RejectedTokenError]),
  decoder('signed RADIUS answer', [radiusAnswer()], openSignedAnswer, [MalformedTokenError, RejectedTokenError]),
  decoder('session ticket', replies().map(sessionOf), decodeSessionTicket, []),
]

/** To whose a cache is, and to what is in it: the second answer is what is left of the octets. */
function kcmAnswers(): Uint8Array[] {
  const principal = encodeCachePrincipal(parsePrincipal('alice@AD.TEST'))
  const entry = ccaches[0].subarray(2 + 2 + 12 + principal.length)
  const list = Uint8Array.of(0, 0, 0, 1, 0, 0, entry.length >> 8, entry.length & 0xff, ...entry)
  return [Uint8Array.of(8 + principal.length, ...new Uint8Array(8), ...principal, ...new Uint8Array(8), ...list)]
}

function readFromKcm(bytes: Uint8Array): void {
  const [length = 0, ...rest] = bytes
  const dialogue = readCache('0')
  let step = dialogue.next()
  if (!step.done) step = dialogue.next(Uint8Array.from(rest.slice(0, length)))
  for (let asked = 0; !step.done && asked < 10; asked++) step = dialogue.next(Uint8Array.from(rest.slice(length)))
}

function replies(): Uint8Array[] {
  return recorded('TGS-REP').slice(0, 3)
}

/** A question with two answers, whose names are a pointer and in full. */
function dnsAnswer(): Uint8Array {
  const asked = question(DNS_ID, '_kerberos.AD.TEST')
  const name = asked.subarray(12, -4)
  const answer = (owner: Uint8Array, target: string): Uint8Array =>
    Uint8Array.of(...owner, 1, 0, 0, 1, 0, 0, 1, 0, 0, 4 + target.length, 0, 1, 0, 7, ...Buffer.from(target))
  const answers = [answer(Uint8Array.of(0xc0, 12), 'krb5srv:m:udp:kdc1'), answer(name, 'krb5srv::tcp:kdc2')]
  const bytes = Uint8Array.of(...asked, ...answers.flatMap((octets) => [...octets]))
  bytes[2] |= 0x80
  bytes[7] = answers.length
  return bytes
}

function digestHeader(): Uint8Array {
  const response = 'a'.repeat(64)
  return Buffer.from(
    `Digest username="zo\u{e9}\\"", realm="orders", nonce="n", uri="/", algorithm=SHA-256, response="${response}", qop=auth, nc=00000001, cnonce="c"`,
  )
}

/** A challenge with two lines of text and a state. */
function radiusAnswer(): Uint8Array {
  const text = (type: number, value: string) => ({ type, value: new TextEncoder().encode(value) })
  const attributes = [{ type: 80, value: new Uint8Array(16) }, text(18, 'Code?'), text(18, 'Now.'), text(24, 'round-1')]
  return signedAnswer({ code: 11, identifier: 9, authenticator: RADIUS_REQUEST.authenticator, attributes })
}

function signedAnswer(packet: RadiusPacket): Uint8Array {
  const { authenticator } = RADIUS_REQUEST
  const signature = messageAuthenticatorOf(packet, authenticator, RADIUS_SECRET)
  const attributes = packet.attributes.map((one) => (one.type === 80 ? { ...one, value: signature } : one))
  const response = responseAuthenticatorOf({ ...packet, attributes }, authenticator, RADIUS_SECRET)
  return encodeRadiusPacket({ ...packet, attributes, authenticator: response })
}

function openRadiusAnswer(bytes: Uint8Array): void {
  openAccessAnswer(bytes, RADIUS_REQUEST, { secret: RADIUS_SECRET, isProtected: bytes.length % 2 === 0 })
}

/** What a server that knows the secret may send: the proofs are right, and the rest is not. */
function openSignedAnswer(bytes: Uint8Array): void {
  const answer = signedAnswer(decodeRadiusPacket(bytes))
  openAccessAnswer(answer, RADIUS_REQUEST, { secret: RADIUS_SECRET, isProtected: false })
}

function sessionOf(reply: Uint8Array): Uint8Array {
  const { ticket } = decode(TgsRep, reply)
  const facts = { principal: 'alice@AD.TEST', method: 'kerberos', level: 'delegation', origin: 'presented' } as const
  return encodeSessionTicket({ ...facts, id: 'an-id', startedAt: 0, expiresAt: 1, ticket })
}
