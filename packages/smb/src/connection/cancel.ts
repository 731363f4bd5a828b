import { Command, HEADER_OCTETS, HeaderFlag, writeHeader } from '../wire/header.js'
import type { RequestContext } from './request.js'

/**
 * Writes a CANCEL: it has the message id of the request that it ends, and the async id where the
 * server has given one. MS-SMB2 sections 2.2.30 and 3.2.4.24.
 */
export function cancelMessage(
  messageId: bigint,
  asyncId: bigint | undefined,
  { protection, treeId = 0, isSealed = false }: RequestContext,
  body: Uint8Array,
): Uint8Array {
  const message = new Uint8Array(HEADER_OCTETS + body.length)
  writeHeader(message, {
    command: Command.CANCEL,
    creditCharge: 0,
    credits: 0,
    flags: asyncId === undefined ? 0 : HeaderFlag.ASYNC,
    nextCommand: 0,
    messageId,
    treeId,
    asyncId,
    sessionId: protection?.sessionId ?? 0n,
  })
  message.set(body, HEADER_OCTETS)
  if (protection && !isSealed) protection.signer.sign(message)
  return message
}
