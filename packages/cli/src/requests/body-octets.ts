/**
 * The whole body of an answer. Bodies are kept in memory: more than this is no answer to look at.
 */
export const MAX_BODY_OCTETS = 256 * 1024 * 1024

/** @throws RangeError for a body that is larger */
export async function bodyOctets(response: Response): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > MAX_BODY_OCTETS) throw new RangeError(`the body has more than ${MAX_BODY_OCTETS} octets`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
