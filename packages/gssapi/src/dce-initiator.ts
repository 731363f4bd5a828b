import {
  ApReq,
  ApRep,
  ConfigurationError,
  decode,
  EncApRepPart,
  encode,
  encryptionTypeName,
  KeyUsage,
  KrbError,
  krbErrorName,
  MalformedTokenError,
  type OptionTableOf,
  platformRandom,
  RejectedTokenError,
  requireKnownOptions,
  sealMessage,
} from '@s4u/krb5'
import { openApRep } from './context-tokens/ap-rep.js'
import { ContextFlag } from './context-tokens/context-flags.js'
import { type ContextRequest, makeApReq, type SentApReq } from './context-tokens/sent-ap-req.js'
import { DceContext } from './per-message/dce-messages.js'

/** Options of `createDceInitiator`: the ticket, and the clock. */
export type DceInitiatorOptions = Pick<ContextRequest, 'ticket' | 'now' | 'random'>

/** Every name in DceInitiatorOptions; others are refused. */
export const DCE_INITIATOR_OPTIONS = {
  ticket: 'value',
  now: 'value',
  random: 'value',
} as const satisfies OptionTableOf<DceInitiatorOptions>

/** A context of three legs that has begun: `token` goes with the bind of an RPC association. */
export interface DceInitiator {
  /** The AP-REQ, without framing. */
  readonly token: Uint8Array
  /**
   * Takes the AP-REP of the server. `token` of the result is the third leg, by which the server
   * knows that its answer has arrived.
   * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL, or the name of the server's KRB-ERROR
   * @throws ConfigurationError KDC_ERR_ETYPE_NOSUPP; MalformedTokenError
   */
  step(reply: Uint8Array): { readonly token: Uint8Array; readonly context: DceContext }
}

/**
 * Starts a context for DCE/RPC, whose messages are sealed with their headers signed. Source:
 * MS-KILE section 3.4.5.1 (three legs), RFC 4121.
 *
 * @throws RejectedTokenError KRB_AP_ERR_TKT_EXPIRED; ConfigurationError S4U_UNKNOWN_OPTION
 *
 * @example
 * ```ts
 * import { createDceInitiator } from '@s4u/gssapi'
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const credentials = { principal: 'WEB01$@AD.TEST', keytab: '/etc/krb5.keytab' }
 * const ticket = await createKdcClient({ credentials }).ticketFor('host/dc1.ad.test')
 * const { token } = createDceInitiator({ ticket, now: Date.now })
 * ```
 */
export function createDceInitiator(given: DceInitiatorOptions): DceInitiator {
  const options = requireKnownOptions('createDceInitiator', given, DCE_INITIATOR_OPTIONS)
  const sent = makeApReq({ ...options, mutual: true }, ContextFlag.DCE_STYLE)
  let isUsed = false
  return {
    token: encode(ApReq, sent.apReq),
    step(reply) {
      if (isUsed) throw new ConfigurationError('an initiator takes one reply; make another for the next association')
      isUsed = true
      try {
        return finish(sent, options, reply)
      } catch (error) {
        // The octets are those of the server that is asked, and not of the caller of ours.
        if (error instanceof RejectedTokenError || error instanceof MalformedTokenError) error.status = 502
        throw error
      }
    },
  }
}

function finish(sent: SentApReq, { now, random = platformRandom }: DceInitiatorOptions, reply: Uint8Array) {
  if (reply[0] === KRB_ERROR_TAG) throw refusedByPeer(reply)
  const { credential, authenticator, subkey, seqNumber } = sent
  const part = openApRep(reply, credential.sessionKey, authenticator)
  const key = part.subkey ?? subkey
  if (key.encryptionType.coversMore !== true)
    throw new ConfigurationError(`the server chose a key of ${encryptionTypeName(key.etype)}`, {
      code: 'KDC_ERR_ETYPE_NOSUPP',
      hint: 'Give the account of the server keys of AES.',
    })
  const { seqNumber: receiveSequence = 0 } = part
  const third = thirdLeg(typeof now === 'number' ? now : now(), receiveSequence)
  const encPart = sealMessage(EncApRepPart, third, credential.sessionKey, KeyUsage.AP_REP, random)
  const acceptorSubkey = part.subkey !== undefined
  const context = new DceContext({ key, acceptorSubkey, sendSequence: seqNumber, receiveSequence, random })
  return { token: encode(ApRep, { encPart }), context }
}

/** The proof that the server's AP-REP has arrived: its sequence number, and the time of now. */
function thirdLeg(now: number, seqNumber: number): EncApRepPart {
  const milliseconds = Math.floor(now)
  const fraction = ((milliseconds % 1000) + 1000) % 1000
  return { ctime: milliseconds - fraction, cusec: fraction * 1000, subkey: undefined, seqNumber }
}

function refusedByPeer(message: Uint8Array): RejectedTokenError {
  const code = krbErrorName(decode(KrbError, message).errorCode)
  return new RejectedTokenError(`the server refused the ticket: ${code}`, { code, status: 502 })
}

/** APPLICATION 30. */
const KRB_ERROR_TAG = 0x7e
