import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'

/**
 * So many requests of a connection may be reset within the time. A browser resets those of a page
 * that is left; nghttp2 itself bears 1,000 at once, and leaves the connection open after that.
 */
const MAX_RESETS = 300
/** Milliseconds. */
const RESETS_WITHIN = 10_000

/**
 * Ends a connection whose client resets its requests as fast as it sends them (CVE-2023-44487):
 * each costs the gateway more than the client.
 */
export function limitResets(session: ServerHttp2Session): void {
  let resets = 0
  let since = performance.now()
  const count = (): void => {
    const now = performance.now()
    if (now - since > RESETS_WITHIN) [since, resets] = [now, 0]
    if (++resets > MAX_RESETS && !session.destroyed) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
  session.on('stream', (stream: ServerHttp2Stream) => {
    // One that was reset in the same octets is closed already.
    if (stream.closed || stream.destroyed) return count()
    stream.once('close', () => {
      // A client may reset with NO_ERROR too: then the answer has not ended.
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.aborted) count()
    })
  })
}
