import type { Page } from '../operation/operation.js'
import type { ReceivedRequest } from '../requests/steps.js'

/**
 * The same over TLS. 308 keeps method and body; a client may have sent them in the clear by then.
 */
export function redirectToTls({ listener, host, path, query }: ReceivedRequest): Page {
  const port = listener.redirect?.split(':')[1]
  const authority = port === undefined || port === '443' ? host : `${host}:${port}`
  return {
    statusCode: 308,
    headers: { Location: `https://${authority}${path}${query}`, 'Content-Type': 'text/plain; charset=utf-8' },
    body: 'This site is at https: only.\n',
  }
}
