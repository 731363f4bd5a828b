/**
 * Asks for URI records, which Node's resolver does not know: one question by UDP. Source: RFC 7553,
 * RFC 1035 section 4.
 */

import { getServers } from 'node:dns'
import { createSocket } from 'node:dgram'
import { randomInt } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { withTimeLimit } from '../async/time-limit.js'

export interface UriRecord {
  readonly priority: number
  readonly weight: number
  readonly target: string
}

const TYPE_URI = 256
const CLASS_INTERNET = 1
/** The octets of priority and weight. */
const URI_HEAD = 4

/**
 * The wait for one name server; milliseconds. Name servers are near. If all are slower, the
 * system's resolver, which is more patient, still finds SRV records.
 */
const WAIT = 1_000

/**
 * Returns the URI records of a name. The list is empty if there are none, or if no name server
 * answers.
 */
export async function resolveUri(
  name: string,
  signal?: AbortSignal,
  servers: readonly string[] = getServers(),
): Promise<readonly UriRecord[]> {
  for (const server of servers.slice(0, 3)) {
    try {
      return await withTimeLimit(WAIT, signal, (ended) => ask(server, name, ended))
    } catch {
      signal?.throwIfAborted()
    }
  }
  return []
}

function ask(server: string, name: string, signal: AbortSignal): Promise<readonly UriRecord[]> {
  const { host, port } = serverAddress(server)
  const id = randomInt(0x1_0000)
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  return new Promise<readonly UriRecord[]>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    socket.on('error', reject)
    socket.on('message', (answer) => {
      try {
        const records = readAnswer(answer, id)
        if (records !== undefined) resolve(records)
      } catch {
        reject(new Error('the answer of the name server is damaged'))
      }
    })
    socket.connect(port, host, (failure?: Error) => {
      if (failure) reject(failure)
      else if (!signal.aborted) socket.send(question(id, name))
    })
  }).finally(() => socket.close())
}

function serverAddress(text: string): { host: string; port: number } {
  const match = /^\[([^\]]+)\]:(\d+)$/.exec(text) ?? /^([^:]+):(\d+)$/.exec(text)
  return match ? { host: match[1], port: Number(match[2]) } : { host: text, port: 53 }
}

export function question(id: number, name: string): Uint8Array {
  const labels = name.replace(/\.$/, '').split('.')
  const parts = labels.flatMap((label) => [Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)])
  const head = Buffer.from([id >> 8, id & 0xff, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([head, ...parts, Buffer.from([0, TYPE_URI >> 8, TYPE_URI & 0xff, 0, CLASS_INTERNET])])
}

/**
 * Decodes an answer. Returns undefined for the answer to another question.
 *
 * @throws RangeError for damaged octets
 */
export function readAnswer(bytes: Uint8Array, id: number): readonly UriRecord[] | undefined {
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (message.length < 12 || message.readUInt16BE(0) !== id || (message[2] & 0x80) === 0) return undefined
  let at = 12
  for (let count = message.readUInt16BE(4); count > 0; count--) at = afterName(message, at) + 4
  const records: UriRecord[] = []
  for (let count = message.readUInt16BE(6); count > 0; count--) {
    at = afterName(message, at)
    const [type, length] = [message.readUInt16BE(at), message.readUInt16BE(at + 8)]
    const data = message.subarray(at + 10, at + 10 + length)
    at += 10 + length
    if (at > message.length) throw new RangeError('the record is cut short')
    // A record that is too short for a target says nothing.
    if (type !== TYPE_URI || data.length < URI_HEAD) continue
    records.push({
      priority: data.readUInt16BE(0),
      weight: data.readUInt16BE(2),
      target: data.subarray(URI_HEAD).toString('utf8'),
    })
  }
  return records
}

function afterName(message: Buffer, start: number): number {
  let at = start
  for (let length = message.readUInt8(at); length !== 0; length = message.readUInt8(at)) {
    // A pointer to a name elsewhere ends this name.
    if (length >= 0xc0) return at + 2
    at += 1 + length
  }
  return at + 1
}
