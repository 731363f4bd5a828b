import { createDceInitiator, DceContext } from '@s4u/gssapi'
import { ApReq, decode, Key, KeyUsage, MalformedTokenError, openApReq, RejectedTokenError } from '@s4u/krb5'
import { sealApRep } from '../../../packages/gssapi/src/context-tokens/ap-rep.js'
import { issueTicket, NOW } from '../../../packages/gssapi/src/fixtures/issued-ticket.js'
import { type Decoder, decoder } from '../decoder.js'

const random = (length: number): Uint8Array => new Uint8Array(length).fill(7)
const { credential, serviceKey } = issueTicket()
const begin = () => createDceInitiator({ ticket: credential, now: NOW, random })
const apRep = sealApRep({ opened: openApReq(decode(ApReq, begin().token), serviceKey), seqNumber: 1 }).apRep

const key = new Key(18, new Uint8Array(32).fill(7))
const PARTS = { before: new Uint8Array(24), after: new Uint8Array(8) }
const contextOf = () => new DceContext({ key, acceptorSubkey: false, sendSequence: 0, receiveSequence: 0 })

/** What a server sends in a context of three legs: its AP-REP, and sealed messages. */
export const dceDecoders: readonly Decoder[] = [
  decoder('DCE AP-REP', [apRep], (bytes) => begin().step(bytes), [MalformedTokenError, RejectedTokenError]),
  decoder(
    'DCE message',
    [message()],
    (bytes) => {
      const at = Math.max(0, bytes.length - 76)
      return contextOf().open({ ...PARTS, message: bytes.subarray(0, at) }, bytes.subarray(at))
    },
    [MalformedTokenError, RejectedTokenError],
  ),
]

/** A message of the server: sealed, and rotated by EC and RRC. */
function message(): Uint8Array {
  const text = new Uint8Array(32).fill(2)
  const header = Uint8Array.of(5, 4, 3, 0xff, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  const plaintext = new Uint8Array([...text, ...new Uint8Array(16), ...header])
  const ciphertext = key.seal(
    KeyUsage.ACCEPTOR_SEAL,
    plaintext,
    undefined,
    (octets) => new Uint8Array([...PARTS.before, ...octets.subarray(0, 32), ...PARTS.after, ...octets.subarray(32)]),
  )
  header[7] = 28
  const token = [...header, ...ciphertext.subarray(48), ...ciphertext.subarray(0, 16)]
  return new Uint8Array([...ciphertext.subarray(16, 48), ...token])
}
