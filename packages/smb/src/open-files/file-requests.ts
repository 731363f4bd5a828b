/** Requests for an open file, and what is in their answers. */

import { type Attempt, requireSuccess } from '../connection/attempt.js'
import type { Reply, Request } from '../connection/request.js'
import { type FileFacts, readAllInformation } from '../formats/file-information.js'
import {
  closeRequest,
  createRequest,
  type CreateRequest,
  readRequest,
  RELATED_FILE,
  writeRequest,
} from '../wire/file-messages.js'
import { Command } from '../wire/header.js'
import { FileClass, InfoType, queryInfoRequest, readOutput, setInfoRequest } from '../wire/query-messages.js'
import { Status } from '../wire/status.js'

/** A request of a chain for the file that its first request opens, or for an open one. */
export const closing = (fileId: Uint8Array = RELATED_FILE): Request => ({
  command: Command.CLOSE,
  body: closeRequest(fileId),
})

export const creating = (request: CreateRequest): Request => ({ command: Command.CREATE, body: createRequest(request) })

export const reading = (fileId: Uint8Array, offset: number, length: number): Request => ({
  command: Command.READ,
  body: readRequest({ fileId, offset, length }),
  payload: length,
})

export const writing = (fileId: Uint8Array, offset: number, data: Uint8Array): Request => ({
  command: Command.WRITE,
  body: writeRequest({ fileId, offset, length: data.length }),
  data,
  payload: data.length,
})

export const changing = (fileId: Uint8Array, fileClass: number, value: Uint8Array): Request => ({
  command: Command.SET_INFO,
  body: setInfoRequest({ fileId, fileClass, value }),
})

/** The name at the end of FileAllInformation is not read, but the server wants to write it. */
const ALL_OCTETS = 65_536

export const describing = (fileId: Uint8Array): Request => ({
  command: Command.QUERY_INFO,
  body: queryInfoRequest({ fileId, type: InfoType.FILE, fileClass: FileClass.ALL, maxOutput: ALL_OCTETS }),
  payload: ALL_OCTETS,
})

/** What `describing` is answered with. @throws FileError, MalformedTokenError */
export function factsOf(reply: Reply, attempt: Attempt): FileFacts {
  requireSuccess(reply, attempt, [Status.BUFFER_OVERFLOW])
  return readAllInformation(readOutput(reply.message, ALL_OCTETS, 'QUERY_INFO'))
}
