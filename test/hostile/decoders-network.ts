import { decode, TgsRep } from '@s4u/krb5'
import { encodeProxyMessage, readProxyMessage } from '../../packages/kdc-client/src/kdc-proxy.js'
import { question, readAnswer } from '../../packages/kdc-client/src/dns-uri.js'
import { decodeSessionTicket, encodeSessionTicket } from '../../packages/negotiate/src/session-ticket.js'
import { type Decoder, decoder } from './decoder.js'
import { recorded } from './seeds.js'

const DNS_ID = 7

/** What a KDC's proxy, a name server and a cookie bring to the packages above the codec. */
export const networkDecoders: readonly Decoder[] = [
  decoder(
    'KDC-PROXY-MESSAGE',
    replies().map((reply) => encodeProxyMessage(reply, 'AD.TEST')),
    readProxyMessage,
  ),
  // Its caller asks the next name server, whatever is wrong with the answer.
  decoder('DNS answer', [dnsAnswer()], (bytes) => readAnswer(bytes, DNS_ID), [RangeError]),
  decoder('session ticket', replies().map(sessionOf), decodeSessionTicket, []),
]

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

function sessionOf(reply: Uint8Array): Uint8Array {
  const { ticket } = decode(TgsRep, reply)
  const facts = { principal: 'alice@AD.TEST', method: 'kerberos', level: 'delegation', origin: 'presented' } as const
  return encodeSessionTicket({ ...facts, id: 'an-id', startedAt: 0, expiresAt: 1, ticket })
}
