import { Readable } from 'node:stream'
import { FileError } from '../errors.js'

/**
 * Returns a stream of as many octets as were promised, which fails where there are fewer: the file
 * was cut meanwhile, and a response that ended early would be taken for whole, or wait for ever.
 */
export function wholeBody(source: Readable, length: number, path: string): Readable {
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    let missing = length
    for await (const part of source) {
      missing -= part.length
      yield part
    }
    if (missing > 0) throw cut(path)
  }
  return Readable.from(parts(), { objectMode: false })
}

const END_OF_FILE = 0xc000_0011

function cut(path: string): FileError {
  return new FileError(
    'EIO',
    { ntStatus: 'STATUS_END_OF_FILE', ntStatusCode: END_OF_FILE, syscall: 'read', path },
    { hint: 'The file became shorter while it was sent. The connection was closed, so that the client asks again.' },
  )
}
