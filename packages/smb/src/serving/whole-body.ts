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
  const body = Readable.from(parts(), { objectMode: false })
  // The client may be gone before the first part is asked for: nobody listens to the source then,
  // and its error would end the process.
  source.on('error', () => {})
  body.once('close', () => source.destroy())
  return body
}

const END_OF_FILE = 0xc000_0011

function cut(path: string): FileError {
  return new FileError(
    'EIO',
    { ntStatus: 'STATUS_END_OF_FILE', ntStatusCode: END_OF_FILE, syscall: 'read', path },
    { hint: 'The file became shorter while it was sent. The connection was closed, so that the client asks again.' },
  )
}
