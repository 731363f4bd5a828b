import type { Initiator, SecurityContext } from '@s4u/gssapi'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * Just enough LDAP for SASL: a bind in legs, searches, and the security layer of whoever signed in.
 * Source: RFC 4511.
 */
export interface LdapClient extends Disposable {
  /** Sends everything from now on through the context: `seal`, or `sign` alone. */
  protect(context: SecurityContext, how: 'seal' | 'sign'): void
  bind(mechanism: string, credentials: Uint8Array | undefined): Promise<BindAnswer>
  /**
   * The values of the attributes of the entries that a filter `(attribute=value)` finds; without a
   * filter of the base itself.
   */
  search(base: string, attributes: readonly string[], filter?: readonly [string, string]): Promise<Attributes[]>
}

export interface BindAnswer {
  readonly code: number
  readonly message: string
  readonly credentials: Uint8Array | undefined
}

export type Attributes = ReadonlyMap<string, readonly Uint8Array[]>

const SASL_BIND_IN_PROGRESS = 14

export async function openLdap(host: string, port: number): Promise<LdapClient> {
  const socket = connect({ host, port })
  await once(socket, 'connect')
  return new Client(socket)
}

/**
 * SPNEGO carries the negotiation, and the flags of the context say what protects the rest. Source:
 * MS-ADTS section 5.1.1.1.2.
 */
export async function bindSpnego(client: LdapClient, initiator: Initiator): Promise<SecurityContext> {
  const first = await client.bind('GSS-SPNEGO', initiator.token)
  const step = initiator.step(first.credentials)
  if (step.token !== undefined) required(await client.bind('GSS-SPNEGO', step.token))
  else required(first)
  if (step.status !== 'established') throw new Error('the negotiation did not end')
  return step.context
}

/** Kerberos, then a choice of protection that is itself signed. Source: RFC 4752 section 3.1. */
export async function bindGssapi(client: LdapClient, initiator: Initiator, layer: number): Promise<SecurityContext> {
  const first = await client.bind('GSSAPI', initiator.token)
  const step = initiator.step(first.credentials)
  if (step.status !== 'established') throw new Error('the negotiation did not end')
  const { context } = step
  const offer = context.unwrap((await client.bind('GSSAPI', new Uint8Array(0))).credentials ?? new Uint8Array(0))
  if ((offer[0] & layer) === 0) throw new Error(`the server offers ${offer[0]}`)
  const choice = Uint8Array.of(layer, 0xff, 0xff, 0xff)
  required(await client.bind('GSSAPI', context.wrap(choice, { confidential: false })))
  return context
}

function required({ code, message }: BindAnswer): void {
  if (code !== 0) throw new Error(`the bind ended with ${code}: ${message}`)
}

class Client implements LdapClient {
  readonly #socket: Socket
  readonly #chunks: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)
  #plain: Uint8Array = new Uint8Array(0)
  #layer: { readonly context: SecurityContext; readonly confidential: boolean } | undefined
  #messageId = 0

  constructor(socket: Socket) {
    this.#socket = socket
    this.#chunks = socket[Symbol.asyncIterator]()
  }

  protect(context: SecurityContext, how: 'seal' | 'sign'): void {
    this.#layer = { context, confidential: how === 'seal' }
  }

  async bind(mechanism: string, credentials: Uint8Array | undefined): Promise<BindAnswer> {
    const sasl = [octets(mechanism), ...(credentials === undefined ? [] : [octets(credentials)])]
    const id = this.#send(element(0x60, integer(3), octets(''), element(0xa3, ...sasl)))
    const { body } = await this.#receive(id)
    const [code, , message, ...rest] = elements(body)
    const result = { code: code.value[0], message: text(message.value) }
    if (result.code !== 0 && result.code !== SASL_BIND_IN_PROGRESS) required({ ...result, credentials: undefined })
    return { ...result, credentials: rest.find(({ tag }) => tag === 0x87)?.value }
  }

  async search(base: string, attributes: readonly string[], filter?: readonly [string, string]): Promise<Attributes[]> {
    const scope = filter === undefined ? 0 : 2
    const condition = filter === undefined ? element(0x87, bytes('objectClass')) : element(0xa3, ...filter.map(octets))
    const wanted = element(0x30, ...attributes.map(octets))
    const limits = [enumerated(scope), enumerated(0), integer(0), integer(0), element(0x01, Uint8Array.of(0))]
    const id = this.#send(element(0x63, octets(base), ...limits, condition, wanted))
    const found: Attributes[] = []
    for (;;) {
      const { tag, body } = await this.#receive(id)
      if (tag === 0x64) found.push(attributesOf(body))
      if (tag !== 0x65) continue
      const [code, , message] = elements(body)
      if (code.value[0] !== 0) throw new Error(`the search ended with ${code.value[0]}: ${text(message.value)}`)
      return found
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #send(operation: Uint8Array): number {
    const message = element(0x30, integer(++this.#messageId), operation)
    const { context, confidential } = this.#layer ?? {}
    this.#socket.write(context === undefined ? message : sized(context.wrap(message, { confidential })))
    return this.#messageId
  }

  async #receive(id: number): Promise<{ tag: number; body: Uint8Array }> {
    for (;;) {
      const whole = elementIn(this.#plain, 0)
      if (whole === undefined) {
        this.#plain = join(this.#plain, await this.#nextPlain())
        continue
      }
      this.#plain = this.#plain.subarray(whole.end)
      const [messageId, operation] = elements(whole.value)
      if (messageId.value.reduce((sum, octet) => sum * 256 + octet, 0) === id)
        return { tag: operation.tag, body: operation.value }
    }
  }

  async #nextPlain(): Promise<Uint8Array> {
    if (this.#layer === undefined) return this.#nextChunk()
    const { context, confidential } = this.#layer
    for (;;) {
      const length = this.#held.length < 4 ? undefined : new DataView(this.#held.slice().buffer).getUint32(0)
      if (length === undefined || this.#held.length < 4 + length) {
        this.#held = join(this.#held, await this.#nextChunk())
        continue
      }
      const token = this.#held.slice(4, 4 + length)
      this.#held = this.#held.subarray(4 + length)
      return context.unwrap(token, { confidential })
    }
  }

  async #nextChunk(): Promise<Uint8Array> {
    const { value, done } = await this.#chunks.next()
    if (done === true) throw new Error('the server closed the connection')
    return value
  }
}

function attributesOf(entry: Uint8Array): Attributes {
  const [, list] = elements(entry)
  const pairs = elements(list.value).map(({ value }) => {
    const [name, values] = elements(value)
    return [text(name.value), elements(values.value).map((one) => one.value)] as const
  })
  return new Map(pairs)
}

interface Element {
  readonly tag: number
  readonly value: Uint8Array
  readonly end: number
}

/** BER, definite lengths; undefined until all of it is there. */
function elementIn(octetsOf: Uint8Array, at: number): Element | undefined {
  if (octetsOf.length < at + 2) return undefined
  const short = octetsOf[at + 1]
  const count = short < 0x80 ? 0 : short & 0x7f
  const start = at + 2 + count
  if (octetsOf.length < start) return undefined
  const length = count === 0 ? short : octetsOf.subarray(at + 2, start).reduce((sum, octet) => sum * 256 + octet, 0)
  if (octetsOf.length < start + length) return undefined
  return { tag: octetsOf[at], value: octetsOf.subarray(start, start + length), end: start + length }
}

function elements(body: Uint8Array): Element[] {
  const found: Element[] = []
  for (let at = 0; at < body.length;) {
    const next = elementIn(body, at)
    if (next === undefined) throw new Error('an element ends too early')
    found.push(next)
    at = next.end
  }
  return found
}

function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = join(...parts)
  const { length } = body
  const size =
    length < 0x80 ? [length] : [0x84, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255]
  return join(Uint8Array.from([tag, ...size]), body)
}

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
const text = (value: Uint8Array): string => new TextDecoder().decode(value)
const octets = (value: string | Uint8Array): Uint8Array =>
  element(0x04, typeof value === 'string' ? bytes(value) : value)
const integer = (value: number): Uint8Array => element(0x02, Uint8Array.of(value))
const enumerated = (value: number): Uint8Array => element(0x0a, Uint8Array.of(value))

function sized(token: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, token.length)
  return join(length, token)
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
