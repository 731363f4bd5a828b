import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Conversation, converse } from '../sign-on/conversation.js'

/**
 * A broker as far as a client sees it up to a list of topics: frames and requests of Kafka, with
 * MIT's library behind SaslAuthenticate. The one topic is named after the caller.
 */
export interface KafkaBroker extends AsyncDisposable {
  readonly port: number
  /** What MIT's library said of each sign-in: `done alice@AD.TEST 1 0`. */
  readonly verdicts: string[]
  /** The tokens that came, over all connections. */
  readonly tokens: Buffer[]
  /** What else came: keys of requests, before anybody had signed in. */
  readonly unauthenticated: number[]
}

export interface BrokerFaults {
  readonly mechanisms?: readonly string[]
  /** The bits of the layers that are offered. */
  readonly offer?: number
  /** Changes the answer to a leg; `undefined` ends the connection. Legs count from 0. */
  readonly answer?: (leg: number, token: Buffer) => Buffer | undefined
  /** After how many milliseconds the client is to sign in again. */
  readonly lifetime?: bigint
}

const Key = { METADATA: 3, SASL_HANDSHAKE: 17, API_VERSIONS: 18, SASL_AUTHENTICATE: 36 } as const
const VERSIONS: readonly (readonly [key: number, highest: number])[] = [
  [Key.METADATA, 1],
  [Key.SASL_HANDSHAKE, 1],
  [Key.API_VERSIONS, 0],
  [Key.SASL_AUTHENTICATE, 1],
]
const UNSUPPORTED_MECHANISM = 33
const AUTHENTICATION_FAILED = 58

export async function startKafkaBroker(
  address: string,
  environment: Record<string, string>,
  faults: BrokerFaults = {},
): Promise<KafkaBroker> {
  const broker: Serving['broker'] = { verdicts: [], tokens: [], unauthenticated: [] }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    void serve(socket, { environment, faults, broker, address }).catch(() => socket.destroy())
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port }: AddressInfo = Object(server.address())
  return {
    ...broker,
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Serving {
  readonly environment: Record<string, string>
  readonly faults: BrokerFaults
  readonly broker: Pick<KafkaBroker, 'verdicts' | 'tokens' | 'unauthenticated'>
  readonly address: string
}

async function serve(socket: Socket, serving: Serving): Promise<void> {
  const session = new Session(serving)
  try {
    for await (const frame of framesOf(socket)) {
      const [key, version, correlation] = [frame.readInt16BE(0), frame.readInt16BE(2), frame.readInt32BE(4)]
      // The name of the client, and the tags of newer requests.
      const isFlexible = key === Key.SASL_AUTHENTICATE && version >= 2
      const body = frame.subarray(10 + Math.max(0, frame.readInt16BE(8)) + (isFlexible ? 1 : 0))
      const answer = await session.answerTo(key, version, body, socket.localPort ?? 0)
      if (answer === undefined) break
      socket.write(framed(int32(correlation), isFlexible ? Buffer.of(0) : Buffer.of(), answer))
    }
  } finally {
    await session.end()
    socket.destroy()
  }
}

class Session {
  readonly #serving: Serving
  #peer: Conversation | undefined
  #leg = 0
  #principal: string | undefined

  constructor(serving: Serving) {
    this.#serving = serving
  }

  async answerTo(key: number, version: number, body: Buffer, port: number): Promise<Buffer | undefined> {
    if (key === Key.API_VERSIONS) return apiVersions()
    if (key === Key.SASL_HANDSHAKE) return this.#handshake(body)
    if (key === Key.SASL_AUTHENTICATE) return this.#authenticate(version, body)
    if (this.#principal === undefined) {
      this.#serving.broker.unauthenticated.push(key)
      return undefined
    }
    return key === Key.METADATA ? metadata(this.#serving.address, port, this.#principal) : undefined
  }

  async end(): Promise<void> {
    await this.#peer?.[Symbol.asyncDispose]()
  }

  async #handshake(body: Buffer): Promise<Buffer> {
    const { mechanisms = ['GSSAPI'], offer = 1 } = this.#serving.faults
    const mechanism = body.toString('utf8', 2, 2 + body.readInt16BE(0))
    await this.end()
    this.#leg = 0
    const script = fileURLToPath(new URL('sasl-server.py', import.meta.url))
    const args = [script, 'GSSAPI', `${offer}`, '65536']
    this.#peer = converse('/usr/bin/python3', args, this.#serving.environment)
    const code = mechanisms.includes(mechanism) ? 0 : UNSUPPORTED_MECHANISM
    return Buffer.concat([int16(code), int32(mechanisms.length), ...mechanisms.map(text)])
  }

  async #authenticate(version: number, body: Buffer): Promise<Buffer | undefined> {
    const { broker, faults } = this.#serving
    const token = version < 2 ? body.subarray(4, 4 + body.readInt32BE(0)) : compactBytes(body)
    broker.tokens.push(token)
    const leg = this.#leg++
    const said = await this.#ask(token)
    if (said === undefined) return authenticated(version, AUTHENTICATION_FAILED, Buffer.of(), faults.lifetime)
    const answer = faults.answer === undefined ? said : faults.answer(leg, said)
    return answer === undefined ? undefined : authenticated(version, 0, answer, faults.lifetime)
  }

  /** What MIT's library answers; undefined where it refuses. */
  async #ask(token: Buffer): Promise<Buffer | undefined> {
    const peer = this.#peer
    if (peer === undefined) return undefined
    peer.send(token.length === 0 ? undefined : token)
    const line = await peer.receiveLine().catch(() => 'refused')
    if (line === 'refused') return undefined
    if (!line.startsWith('done ')) return line === '-' ? Buffer.of() : Buffer.from(line, 'base64')
    this.#serving.broker.verdicts.push(line.trim())
    this.#principal = line.split(' ')[1]
    return Buffer.of()
  }
}

async function* framesOf(socket: Socket): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0)
  for await (const chunk of socket) {
    held = Buffer.concat([held, chunk])
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0)
      yield held.subarray(4, end)
      held = held.subarray(end)
    }
  }
}

function apiVersions(): Buffer {
  const entries = VERSIONS.map(([key, highest]) => Buffer.concat([int16(key), int16(0), int16(highest)]))
  return Buffer.concat([int16(0), int32(entries.length), ...entries])
}

/** One broker, and one topic that only the caller has. */
function metadata(host: string, port: number, principal: string): Buffer {
  const broker = Buffer.concat([int32(1), int32(1), text(host), int32(port), int16(-1)])
  const topic = Buffer.concat([int16(0), text(`orders-of-${principal.replace('@', '.')}`), Buffer.of(0), int32(0)])
  return Buffer.concat([broker, int32(1), int32(1), topic])
}

function authenticated(version: number, code: number, token: Buffer, lifetime = 0n): Buffer {
  const life = Buffer.alloc(8)
  life.writeBigInt64BE(lifetime)
  if (version >= 2) return Buffer.concat([int16(code), Buffer.of(0), compact(token), life, Buffer.of(0)])
  return Buffer.concat([int16(code), int16(-1), int32(token.length), token, ...(version === 1 ? [life] : [])])
}

function compactBytes(body: Buffer): Buffer {
  let [length, shift, at] = [0, 0, 0]
  do {
    length |= (body[at] & 0x7f) << shift
    shift += 7
  } while ((body[at++] & 0x80) !== 0)
  return body.subarray(at, at + length - 1)
}

function compact(octets: Buffer): Buffer {
  const length: number[] = []
  for (let rest = octets.length + 1; ; rest >>>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
    if (rest <= 0x7f) return Buffer.concat([Buffer.from(length), octets])
  }
}

const int16 = (value: number): Buffer => Buffer.of((value >> 8) & 0xff, value & 0xff)
const int32 = (value: number): Buffer =>
  Buffer.of(value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff)
const text = (value: string): Buffer => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
const framed = (...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([int32(body.length), body])
}
