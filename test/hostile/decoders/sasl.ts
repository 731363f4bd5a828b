import { ContextFlag, SecurityContext } from '@s4u/gssapi'
import { Key, MalformedTokenError, parsePrincipal, RejectedTokenError } from '@s4u/krb5'
import { SecurityLayer } from '@s4u/sasl'
import { decodeLayerMessage } from '../../../packages/sasl/src/protection/protection.js'
import { readImapAnswer } from '../../../packages/sasl/src/mail/imap-sign-in.js'
import { readChallenge } from '../../../packages/sasl/src/mail/mail-sign-in.js'
import { AuthenticationPhase } from '../../../packages/sasl/src/postgres/authentication-phase.js'
import { takeSspi } from '../../../packages/sasl/src/sql-server/sspi-token.js'
import { type Decoder, decoder } from '../decoder.js'
import { fromHex } from '../inputs/seeds.js'

const key = new Key(18, new Uint8Array(32).fill(7))
const TERMS = { protection: 'confidentiality', peerMaxOctets: 0x1_0000, maxOctets: 0x1_0000 } as const

const contextOf = (role: 'initiator' | 'acceptor'): SecurityContext =>
  new SecurityContext({
    ...{ role, peer: parsePrincipal('alice@AD.TEST'), initiatorKey: key, sendSequence: 0, receiveSequence: 0 },
    flags: ContextFlag.REPLAY | ContextFlag.SEQUENCE,
  })

const REFUSALS = [MalformedTokenError, RejectedTokenError]

/** What the other side of a sign-in sends, and what comes on the connection afterwards. */
export const saslDecoders: readonly Decoder[] = [
  decoder('layers of SASL', [fromHex('0700ffff'), fromHex('04010000616c696365')], decodeLayerMessage),
  decoder(
    'frames of SASL',
    ['a', 'hello '.repeat(20)].map((text) => new SecurityLayer(contextOf('acceptor'), TERMS).seal(Buffer.from(text))),
    (bytes) => {
      const layer = new SecurityLayer(contextOf('initiator'), TERMS)
      layer.push(bytes)
      while (layer.next() !== undefined);
    },
    REFUSALS,
  ),
  decoder(
    'PostgreSQL before it lets in',
    [
      '520000000800000000',
      '4e0000000c534e4f544943450000',
      '5200000008000000075a0000000549',
      '52000000170000000a534352414d2d5348412d3235360000',
    ].map(fromHex),
    (bytes) => new AuthenticationPhase('postgres/db.ad.test').take(bytes),
    REFUSALS,
  ),
  decoder(
    'answers of a mail server',
    ['+ YIGZBgkqhkiG9w==', '* CAPABILITY IMAP4rev1 {5}', 's4u1 OK in', '* BYE'].map((line) => Buffer.from(line)),
    (bytes) => {
      const answer = readImapAnswer(Buffer.from(bytes).toString('latin1'))
      if (answer?.status === 'challenge') readChallenge(answer.base64)
    },
  ),
  decoder(
    'answer to LOGIN7',
    ['ed0400a1020500', 'ab0200aabbed0100a1ad0200aabbfd00000000000000000000000000'].map(fromHex),
    (bytes) => takeSspi(Buffer.from(bytes)),
  ),
]
