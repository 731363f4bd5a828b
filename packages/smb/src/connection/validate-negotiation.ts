import { distrusted } from '../errors.js'
import { Command } from '../wire/header.js'
import { DialectNumber, type NegotiateOffer, SIGNING_MODE } from '../wire/negotiate-message.js'
import { OctetReader, OctetWriter } from '../wire/octets.js'
import { RELATED_FILE } from '../wire/file-messages.js'
import { ControlCode, controlRequest, readControlOutput } from '../wire/query-messages.js'
import { meaningOf, Status } from '../wire/status.js'
import type { Agreement } from './negotiate.js'
import type { Reply, Request } from './request.js'

const ANSWER_OCTETS = 24

/**
 * Asks over the signed session what the server has seen of the negotiation, which nothing protected
 * at that time. 3.1.1 has a hash instead, and servers of it close the connection when they are
 * asked. MS-SMB2 section 3.2.5.5.
 * @param ask sends in the session, on whatever tree
 * @throws RejectedTokenError STATUS_DOWNGRADE_DETECTED
 */
export async function validateNegotiation(
  { offer, answer, dialect }: Agreement,
  ask: (requests: readonly Request[]) => Promise<readonly Reply[]>,
): Promise<void> {
  const offersLater = offer.dialects.some((each) => each !== '2.1')
  if (dialect === '3.1.1' || !offersLater) return
  const body = controlRequest({
    fileId: RELATED_FILE,
    code: ControlCode.VALIDATE_NEGOTIATE,
    input: whatWasOffered(offer),
    maxOutput: ANSWER_OCTETS,
  })
  const [{ status, message }] = await ask([{ command: Command.IOCTL, body }])
  // A server of 2.1 alone does not know the question; that it says so is signed.
  const isUnknown = status === Status.NOT_SUPPORTED || status === Status.INVALID_DEVICE_REQUEST
  if (isUnknown && dialect === '2.1') return
  if (status !== Status.SUCCESS) throw changed(`it answers ${meaningOf(status).name}`)
  const reader = new OctetReader(readControlOutput(message, ANSWER_OCTETS), 'VALIDATE_NEGOTIATE_INFO response')
  const isSame =
    reader.u32(0) === answer.capabilities &&
    answer.serverGuid.every((octet, i) => octet === reader.u8(4 + i)) &&
    reader.u16(20) === answer.mode &&
    reader.u16(22) === DialectNumber[dialect]
  if (!isSame) throw changed('it says that it answered something else')
}

/** Exactly as in the NEGOTIATE request. MS-SMB2 section 2.2.31.4. */
function whatWasOffered({ capabilities, clientGuid, dialects }: NegotiateOffer): Uint8Array {
  const input = new OctetWriter(24 + dialects.length * 2)
    .u32(0, capabilities)
    .set(4, clientGuid)
    .u16(20, SIGNING_MODE)
    .u16(22, dialects.length)
  dialects.forEach((dialect, i) => input.u16(24 + i * 2, DialectNumber[dialect]))
  return input.octets
}

function changed(why: string): Error {
  return distrusted(
    'STATUS_DOWNGRADE_DETECTED',
    `the server has seen another negotiation: ${why}`,
    'Somebody on the way has changed what was negotiated, to make the two sides speak an older dialect.',
  )
}
