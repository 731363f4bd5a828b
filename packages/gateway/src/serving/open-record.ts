import { randomUUID } from 'node:crypto'
import type { S4uError } from '@s4u/krb5'
import type { FarmMember } from '../farm/farm.js'
import type { AccessRecord, Operation } from '../operation/operation.js'
import type { ReceivedOn } from '../requests/receive.js'
import type { ClientRequest, ReceivedRequest, ReplyTo } from '../requests/steps.js'
import { writePage } from './replies.js'

/** What is known of one request so far; told when it has ended, however it ends. */
export interface OpenRecord {
  /** Notes what the request is now, and returns it. */
  is<T extends ReceivedRequest>(request: T): T
  readonly member: (member: FarmMember) => void
  /** Notes why the caller was not let in, where the answer is written elsewhere. */
  refused(error: S4uError | undefined): void
  /** Answers with the page of an error. */
  failed(error: S4uError): void
}

export function openRecord(
  request: ClientRequest,
  replyTo: ReplyTo,
  on: ReceivedOn,
  { operation, now }: { readonly operation: Operation; readonly now: () => number },
): OpenRecord {
  const begun = now()
  let known: AccessRecord['request'] | undefined
  // Most requests can be read: what is said of others is made where it is needed.
  const shown = (): AccessRecord['request'] => (known ??= unread(request, replyTo, on, begun))
  let member: FarmMember | undefined
  let error: S4uError | undefined
  const stream = replyTo.kind === 'response' ? replyTo.response : replyTo.socket
  const before = sentOn(request)
  stream.once('close', () => {
    const statusCode = replyTo.kind === 'response' ? replyTo.response.statusCode : (error?.status ?? 101)
    const took = now() - begun
    operation.ended({ request: shown(), statusCode, sent: sentOn(request) - before, took, member: member?.name, error })
  })
  return {
    is: (next) => ((known = next), next),
    member: (chosen) => void (member = chosen),
    refused: (reason) => void (error = reason),
    failed(reason) {
      error = reason
      // What the client did is no matter for those who run the gateway.
      if (reason.status >= 500) operation.alert(reason, shown())
      writePage(replyTo, request, operation.refusalPage(reason, shown()))
    },
  }
}

function sentOn({ socket }: ClientRequest): number {
  return socket.bytesWritten ?? 0
}

/** What is known of a request that cannot be read. */
function unread(
  request: ClientRequest,
  replyTo: ReplyTo,
  { listener }: ReceivedOn,
  receivedAt: number,
): ReceivedRequest {
  const { method = '', socket } = request
  return {
    ...{ id: randomUUID(), request, replyTo, listener, receivedAt, method },
    ...{ scheme: 'http', host: '', port: 0, path: '', query: '', clientAddress: socket.remoteAddress },
  }
}
