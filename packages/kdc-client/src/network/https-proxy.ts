/** Asks a KDC through an HTTPS proxy, for networks where only the web is open. Source: MS-KKDCP. */

import {
  decode,
  encode,
  field,
  Int32,
  KerberosString,
  MalformedTokenError,
  OctetString,
  optional,
  sequence,
} from '@s4u/krb5'
import { request as httpsRequest } from 'node:https'
import { formatKdcAddress } from '../configuration/kdc-address.js'
import type { KdcServer } from './kdc-servers.js'
import { framed } from './tcp-exchange.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'

/**
 * Source: MS-KKDCP section 2.2.2.
 *
 *     KDC-PROXY-MESSAGE ::= SEQUENCE {
 *         kerb-message   [0] OCTET STRING, -- with the four octets of its length in front
 *         target-domain  [1] KerberosString OPTIONAL,
 *         dclocator-hint [2] INTEGER OPTIONAL
 *     }
 */
interface KdcProxyMessage {
  readonly kerbMessage: Uint8Array
  readonly targetDomain?: string
  readonly dclocatorHint?: number
}

const KdcProxyMessage = sequence<KdcProxyMessage>('KDC-PROXY-MESSAGE', {
  kerbMessage: field(0, OctetString),
  targetDomain: optional(1, KerberosString),
  dclocatorHint: optional(2, Int32),
})

/** The most octets of an answer, as for TCP. */
const MAX_REPLY = 1 << 20

export async function exchangeOverHttps(
  address: KdcServer,
  realm: string,
  request: Uint8Array,
  signal: AbortSignal,
  trust: ProxyTrust | undefined,
): Promise<Uint8Array> {
  return readProxyMessage(await post(address, encodeProxyMessage(request, realm), signal, trust))
}

export function encodeProxyMessage(message: Uint8Array, realm: string): Uint8Array {
  return encode(KdcProxyMessage, { kerbMessage: framed(message), targetDomain: realm })
}

/**
 * Returns the KDC's message in the answer of a proxy.
 *
 * @throws MalformedTokenError
 */
export function readProxyMessage(bytes: Uint8Array): Uint8Array {
  const { kerbMessage } = decode(KdcProxyMessage, bytes)
  const length = kerbMessage.length < 4 ? -1 : new DataView(kerbMessage.buffer, kerbMessage.byteOffset).getUint32(0)
  if (length !== kerbMessage.length - 4) {
    const path = 'KDC-PROXY-MESSAGE.kerb-message'
    throw new MalformedTokenError({ path, expected: 'its length before the message', found: `${length}` })
  }
  return kerbMessage.subarray(4)
}

function post(
  { host, port, path = '/', name }: KdcServer,
  body: Uint8Array,
  signal: AbortSignal,
  trust: ProxyTrust | undefined,
): Promise<Uint8Array> {
  // The certificate is the one of the host name, whichever of its addresses answers.
  const named = name === undefined ? {} : { servername: name }
  const headers = {
    'Content-Type': 'application/kerberos',
    'Content-Length': body.length,
    Host: formatKdcAddress({ host: name ?? host, port }).replace(/:443$/, ''),
  }
  const ca = trust === undefined ? {} : { ca: certificates(trust) }
  return new Promise<Uint8Array>((resolve, reject) => {
    const sent = httpsRequest({ host, port, path, method: 'POST', headers, signal, ...named, ...ca }, (response) => {
      const { statusCode = 0 } = response
      const chunks: Uint8Array[] = []
      let size = 0
      response.on('error', reject)
      response.on('data', (chunk: Uint8Array) => {
        size += chunk.length
        if (size > MAX_REPLY) sent.destroy(new Error('the proxy sent more than an answer of a KDC'))
        chunks.push(chunk)
      })
      response.on('end', () => {
        if (statusCode === 200) resolve(Buffer.concat(chunks))
        else reject(new Error(`the proxy answered with HTTP status ${statusCode}`))
      })
    })
    sent.on('error', (error) => reject(signal.aborted ? signal.reason : error))
    sent.end(body)
  })
}

function certificates(trust: ProxyTrust): (string | Buffer)[] {
  const list = typeof trust === 'string' || trust instanceof Uint8Array ? [trust] : trust
  return list.map((one) => (typeof one === 'string' ? one : Buffer.from(one)))
}
