import { type Acceptor, createAcceptor } from '@s4u/acceptor'
import type { SecurityContext } from '@s4u/gssapi'
import { createKdcClient, type KdcClient } from '@s4u/kdc-client'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export const REALM = 'CORP.TEST'
export const DOMAIN_DN = 'DC=corp,DC=test'

/** A search, as far as lies depend on it. */
export interface Asked {
  readonly id: number
  /** The identifier octet: 0x63 is a search, 0x66 a modification. */
  readonly operation: number
  readonly base: string
  readonly octets: Uint8Array
}

/** What one that has turned bad does. Each is asked first; false leaves the honest answer. */
export interface Lies {
  /** Right after the connection. */
  connected?(socket: Socket): boolean
  /** In place of the answer to a bind. */
  bind?(asked: Asked, fake: Line): boolean
  /** In place of the answer to anything that is sealed. */
  asked?(asked: Asked, fake: Line): boolean
}

/** One connection, seen from the server. */
export interface Line {
  readonly socket: Socket
  /** Sends messages, sealed after the bind. */
  send(...messages: readonly Uint8Array[]): void
  /** Sends octets as they are. */
  raw(octets: Uint8Array): void
  readonly context: SecurityContext | undefined
}

/** A realm in this process, with a directory that speaks just enough LDAP to lie in it. */
export class FakeController implements AsyncDisposable {
  lies: Lies = {}
  /** How often somebody has connected, and what was asked. */
  connections = 0
  readonly asked: Asked[] = []
  readonly client: KdcClient
  readonly #realm: TestRealm
  readonly #acceptor: Acceptor
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(realm: TestRealm, host: string) {
    this.#realm = realm
    this.client = createKdcClient({
      realm: REALM,
      kdc: realm.transport,
      credentials: { principal: 'alice', password: 'pw-alice' },
    })
    this.#acceptor = createAcceptor({
      keytab: realm.keytabFor(`ldap/${host}`),
      service: [`ldap/${host}`, `ldap/${host}/corp.test`],
    })
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(host = 'dc1.corp.test', lies: Lies = {}): Promise<FakeController> {
    const realm = await createTestRealm({
      realm: REALM,
      users: { alice: { password: 'pw-alice' } },
      services: { dc1: { spns: [`ldap/${host}`, `ldap/${host}/corp.test`] } },
    })
    const fake = new FakeController(realm, host)
    fake.lies = lies
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  /** As the option `servers` wants it. */
  get server(): { host: string; address: string; port: number } {
    const address = this.#server.address()
    return { host: 'dc1.corp.test', address: '127.0.0.1', port: isAddressInfo(address) ? address.port : 0 }
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    this.#acceptor.close()
    await this.#realm[Symbol.asyncDispose]()
  }

  #serve(socket: Socket): void {
    this.connections++
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    if (this.lies.connected?.(socket) === true) return
    const line = new ServerLine(socket)
    let held: Uint8Array = new Uint8Array(0)
    let turn = Promise.resolve()
    socket.on('data', (chunk: Uint8Array) => {
      held = Buffer.concat([held, chunk])
      turn = turn.then(async () => {
        for (let next = line.take(held); next !== undefined; next = line.take(held)) {
          held = next.rest
          for (const message of next.messages) await this.#answer(readRequest(message), line)
        }
      })
    })
  }

  async #answer(asked: Asked, line: ServerLine): Promise<void> {
    this.asked.push(asked)
    if (asked.operation === BIND) return this.#bind(asked, line)
    if (this.lies.asked?.(asked, line) === true) return
    if (asked.operation === SEARCH && asked.base === '') line.send(entry(asked.id, '', ROOT_DSE))
    if (asked.operation === SEARCH) line.send(done(asked.id))
    else if (asked.operation !== ABANDON) line.send(done(asked.id, 0, asked.operation + 1))
  }

  async #bind(asked: Asked, line: ServerLine): Promise<void> {
    if (this.lies.bind?.(asked, line) === true) return
    const outcome = await this.#acceptor.accept(credentialsOf(asked.octets))
    if (outcome.status !== 'accepted') return line.send(done(asked.id, 49, BIND_RESPONSE))
    line.send(bindDone(asked.id, outcome.reply ?? new Uint8Array(0)))
    line.context = outcome.context
  }
}

function isAddressInfo(value: unknown): value is AddressInfo {
  return typeof value === 'object' && value !== null && 'port' in value
}

class ServerLine implements Line {
  readonly socket: Socket
  context: SecurityContext | undefined

  constructor(socket: Socket) {
    this.socket = socket
  }

  send(...messages: readonly Uint8Array[]): void {
    const octets = Buffer.concat(messages)
    this.raw(this.context === undefined ? octets : sized(this.context.wrap(octets)))
  }

  raw(octets: Uint8Array): void {
    this.socket.write(octets)
  }

  /** One frame of the layer, or one message of clear text. */
  take(held: Uint8Array): { readonly messages: readonly Uint8Array[]; readonly rest: Uint8Array } | undefined {
    if (this.context === undefined) {
      const end = endOf(held)
      return end === undefined ? undefined : { messages: [held.slice(0, end)], rest: held.slice(end) }
    }
    if (held.length < 4) return undefined
    const length = Buffer.from(held).readUInt32BE(0)
    if (held.length < 4 + length) return undefined
    const data = this.context.unwrap(held.slice(4, 4 + length))
    const messages: Uint8Array[] = []
    for (let at = 0; at < data.length;) {
      const end = endOf(data.subarray(at)) ?? data.length
      messages.push(data.slice(at, at + end))
      at += end
    }
    return { messages, rest: held.slice(4 + length) }
  }
}

const BIND = 0x60
const BIND_RESPONSE = 0x61
const SEARCH = 0x63
const ABANDON = 0x50

const ROOT_DSE: Readonly<Record<string, readonly string[]>> = {
  defaultNamingContext: [DOMAIN_DN],
  configurationNamingContext: [`CN=Configuration,${DOMAIN_DN}`],
  rootDomainNamingContext: [DOMAIN_DN],
  dnsHostName: ['dc1.corp.test'],
  supportedControl: ['1.2.840.113556.1.4.319'],
  supportedCapabilities: ['1.2.840.113556.1.4.800'],
}

/** An element with its length in four octets, as Active Directory writes it. */
export function element(tag: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.alloc(6)
  head[0] = tag
  head[1] = 0x84
  head.writeUInt32BE(body.length, 2)
  return Buffer.concat([head, body])
}

const text = (value: string | Uint8Array): Uint8Array => element(4, value)
const integer = (value: number, tag = 2): Uint8Array => {
  const octets = Buffer.alloc(4)
  octets.writeInt32BE(value)
  return element(tag, octets)
}

export function message(id: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x30, integer(id), ...parts)
}

export function entry(
  id: number,
  dn: string,
  attributes: Readonly<Record<string, readonly (string | Uint8Array)[]>>,
): Uint8Array {
  const list = Object.entries(attributes).map(([name, values]) =>
    element(0x30, text(name), element(0x31, ...values.map(text))),
  )
  return message(id, element(0x64, text(dn), element(0x30, ...list)))
}

export function reference(id: number, ...uris: readonly string[]): Uint8Array {
  return message(id, element(0x73, ...uris.map(text)))
}

/** The end of an operation; `cookie` says that there is another page. */
export function done(id: number, code = 0, operation = 0x65, cookie?: string, words = ''): Uint8Array {
  const result = element(operation, element(0x0a, Uint8Array.of(code)), text(''), text(words))
  if (cookie === undefined) return message(id, result)
  const value = element(0x30, integer(0), text(cookie))
  return message(id, result, element(0xa0, element(0x30, text('1.2.840.113556.1.4.319'), text(value))))
}

export function bindDone(id: number, token: Uint8Array): Uint8Array {
  return message(id, element(BIND_RESPONSE, element(0x0a, Uint8Array.of(0)), text(''), text(''), element(0x87, token)))
}

export function sized(token: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(token.length)
  return Buffer.concat([length, token])
}

interface Head {
  readonly tag: number
  readonly start: number
  readonly end: number
}

function headAt(octets: Uint8Array, at: number): Head | undefined {
  if (octets.length < at + 2) return undefined
  const first = octets[at + 1]
  const count = first < 0x80 ? 0 : first & 0x7f
  const start = at + 2 + count
  if (octets.length < start) return undefined
  const length = count === 0 ? first : octets.subarray(at + 2, start).reduce((sum, octet) => sum * 256 + octet, 0)
  return { tag: octets[at], start, end: start + length }
}

function endOf(octets: Uint8Array): number | undefined {
  const head = headAt(octets, 0)
  return head !== undefined && head.end <= octets.length ? head.end : undefined
}

function required(octets: Uint8Array, at: number): Head {
  const head = headAt(octets, at)
  if (head === undefined) throw new Error('the client sent half an element')
  return head
}

function readRequest(octets: Uint8Array): Asked {
  const whole = required(octets, 0)
  const id = required(octets, whole.start)
  const operation = required(octets, id.end)
  const number = octets.subarray(id.start, id.end).reduce((sum, octet) => sum * 256 + octet, 0)
  const first = operation.tag === ABANDON ? undefined : headAt(octets, operation.start)
  const base = first?.tag === 4 ? Buffer.from(octets.subarray(first.start, first.end)).toString() : ''
  return { id: number, operation: operation.tag, base, octets }
}

/** The octets of the second OCTET STRING of `[3]`. */
function credentialsOf(octets: Uint8Array): Uint8Array {
  const id = required(octets, required(octets, 0).start)
  const version = required(octets, required(octets, id.end).start)
  const name = required(octets, version.end)
  const mechanism = required(octets, required(octets, name.end).start)
  const credentials = required(octets, mechanism.end)
  return octets.slice(credentials.start, credentials.end)
}
