import { nameOfSite } from '../requests/name-of-site.js'
import { cut } from './json-line.js'
import type { AccessRecord } from './operation.js'

/**
 * Returns what the access log says of a request. The query is left out: people put secrets there.
 */
export function accessLine({ request, statusCode, sent, took, member, error }: AccessRecord) {
  const { id, receivedAt, method, scheme, host, path, clientAddress } = request
  return {
    time: new Date(receivedAt).toISOString(),
    id,
    site: 'site' in request ? nameOfSite(request.site) : undefined,
    client: clientAddress,
    user: 'caller' in request ? request.caller?.principal : undefined,
    way: 'way' in request ? request.way : undefined,
    method: cut(method, MAX_METHOD),
    scheme,
    host: cut(host, MAX_HOST),
    path: cut(path, MAX_PATH),
    status: statusCode,
    sent,
    took: Math.round(took),
    member,
    code: error?.code,
  }
}

/** How many characters of a method a line of the access log has: a client may send any word. */
const MAX_METHOD = 32
/** How many characters of a host it has: names in DNS are no longer. RFC 1035 section 2.3.4. */
const MAX_HOST = 253
/** Longer ones are attacks, or say nothing more. */
const MAX_PATH = 2_048
