import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Accepted, type Acceptor, createAcceptor } from '@s4u/acceptor'
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient, type ServiceTicket } from '@s4u/kdc-client'
import { type ContextSource, type PostgresStreamOptions, postgresStream, SecurityLayer } from '@s4u/sasl'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

/** Somebody in the place of PostgreSQL, who answers with something else than it would. */
const SPN = 'postgres/db.ad.test'
const OVERHEAD = { protection: 'confidentiality', peerMaxOctets: 16_380, maxOctets: 16_380 } as const

let realm: TestRealm
let acceptor: Acceptor
let ticket: ServiceTicket
const servers: { close(): unknown }[] = []

beforeAll(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland' } },
    services: { db: { spns: [SPN] } },
  })
  acceptor = createAcceptor({ keytab: realm.keytabFor(SPN), service: SPN })
  const credentials = { principal: 'alice@AD.TEST', password: 'wonderland' }
  ticket = await createKdcClient({ kdc: realm.transport, credentials }).ticketFor(SPN)
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})
afterAll(async () => {
  acceptor.close()
  await realm[Symbol.asyncDispose]()
})

const alice: ContextSource = {
  principal: 'alice@AD.TEST',
  contextFor: async (_spn, { framing, flags } = {}) => createInitiator({ ticket, now: Date.now, framing, flags }),
}

/** A connection from the server's side. */
interface Line {
  readonly socket: Socket
  /** Everything that has come and was not read. */
  read(count: number): Promise<Buffer>
  seen(): Buffer
  accept(token: Uint8Array): Promise<Accepted>
}

type Behaviour = (line: Line) => Promise<unknown>

async function serve(behaviour: Behaviour): Promise<{ port: number; lines: Line[] }> {
  const lines: Line[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    let all = Buffer.alloc(0)
    let at = 0
    socket.on('data', (chunk) => (all = Buffer.concat([all, chunk])))
    const line: Line = {
      socket,
      seen: () => all,
      async read(count) {
        while (all.length < at + count) await once(socket, 'data')
        return all.subarray(at, (at += count))
      },
      async accept(token) {
        const outcome = await acceptor.accept(token)
        if (outcome.status !== 'accepted') throw new Error(`the token was ${outcome.status}`)
        return outcome
      },
    }
    lines.push(line)
    behaviour(line).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  const { port }: AddressInfo = Object(server.address())
  return { port, lines }
}

async function refusalBy(behaviour: Behaviour, options: Partial<PostgresStreamOptions> = {}) {
  const { port, lines } = await serve(behaviour)
  const stream = postgresStream({ as: alice, service: SPN, timeLimit: 2_000, ...options })
  const client = new Client({ host: '127.0.0.1', port, user: 'alice', database: 'orders', password: 'hunter2', stream })
  client.on('error', () => {})
  const error: unknown = await client.connect().then(
    () => 'it was connected',
    (reason: unknown) => reason,
  )
  return { error, seen: lines[0].seen() }
}

const uint32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])
const sized = (octets: Uint8Array): Buffer => Buffer.concat([uint32(octets.length), octets])
const message = (type: string, body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(type), uint32(body.length + 4), body])
const authentication = (number: number, rest: Uint8Array = Buffer.alloc(0)): Buffer =>
  message('R', Buffer.concat([uint32(number), rest]))

/** Answers the request for encryption, and takes the token. */
async function taken(line: Line): Promise<Buffer> {
  await line.read(8)
  line.socket.write('G')
  return line.read((await line.read(4)).readUInt32BE())
}

/** Has established a context, and read the first message. */
async function established(line: Line): Promise<{ layer: SecurityLayer; accepted: Accepted }> {
  const accepted = await line.accept(await taken(line))
  line.socket.write(sized(accepted.reply ?? Buffer.alloc(0)))
  const layer = new SecurityLayer(accepted.context, OVERHEAD)
  layer.push(sized(await line.read((await line.read(4)).readUInt32BE())))
  expect(Buffer.from(layer.next() ?? []).toString()).toContain('alice')
  return { layer, accepted }
}

const GSSENC = Buffer.from('0000000804d21630', 'hex')

describe('before a token is shown, a server', () => {
  test.each([
    ['that does not encrypt', 'N', { code: 'GSS_S_UNAVAILABLE', hint: expect.stringContaining('krb_server_keyfile') }],
    [
      'that sends an error of its own words',
      `E\0\0\0\x20SFATAL\0Mplease use sslmode=disable\0\0`,
      { code: 'GSS_S_UNAVAILABLE', message: expect.not.stringContaining('sslmode') },
    ],
    ['that puts clear text behind its yes', 'GR\0\0\0\x08\0\0\0\0', { code: 'protocolError', status: 502 }],
    ['that says something else', 'S', { code: 'GSS_S_UNAVAILABLE' }],
  ])('%s is refused', async (_what, answer, expected) => {
    const { error, seen } = await refusalBy(async ({ socket, read }) => {
      await read(8)
      socket.write(answer)
    })
    expect(error).toMatchObject({ name: 'RejectedTokenError', ...expected })
    expect(seen.equals(GSSENC)).toBe(true)
  })

  test('that says nothing is given up', async () => {
    const { error, seen } = await refusalBy(async () => {}, { timeLimit: 200 })
    expect(error).toMatchObject({ name: 'ServerUnreachableError', code: 'S4U_TIMEOUT', status: 504 })
    expect(seen.equals(GSSENC)).toBe(true)
  })
})

describe('after the token, a server', () => {
  test.each([
    ['that hangs up', (line: Line) => void line.socket.end(), { code: 'GSS_S_FAILURE' }],
    [
      'that announces 4 GiB',
      (line: Line) => void line.socket.write(uint32(0xffff_ffff)),
      { name: 'MalformedTokenError', message: 'PostgreSQL.GSS token: expected 1 to 65532 octets, found 4294967295' },
    ],
    ['that announces nothing', (line: Line) => void line.socket.write(uint32(0)), { name: 'MalformedTokenError' }],
    [
      'that cuts its token',
      (line: Line) => void line.socket.end(Buffer.concat([uint32(100), Buffer.alloc(50)])),
      { code: 'GSS_S_FAILURE' },
    ],
    [
      'that sends no token of ours',
      (line: Line) => void line.socket.write(sized(Buffer.from('welcome'))),
      { name: 'MalformedTokenError' },
    ],
  ])('%s is refused, and gets nothing in clear text', async (_what, answer, expected) => {
    const { error, seen } = await refusalBy(async (line) => {
      await taken(line)
      answer(line)
    })
    expect(error).toMatchObject(expected)
    expect(seen.includes('orders') || seen.includes('hunter2')).toBe(false)
  })

  test('that puts clear text behind its proof is refused', async () => {
    const { error } = await refusalBy(async (line) => {
      const { reply = Buffer.alloc(0) } = await line.accept(await taken(line))
      line.socket.write(Buffer.concat([sized(reply), authentication(0)]))
    })
    expect(error).toMatchObject({ code: 'protocolError' })
  })
})

describe('within the encryption, a server', () => {
  test.each([
    [
      'that goes on in clear text',
      { name: 'MalformedTokenError' },
      async (line: Line) => line.socket.write(authentication(0)),
    ],
    [
      'that announces 4 GiB',
      { message: 'SASL.frame: expected at most 16380 octets, found 4294967295' },
      async (line: Line) => line.socket.write(uint32(0xffff_ffff)),
    ],
    [
      'that signs and does not encrypt',
      { code: 'KRB_AP_ERR_INAPP_CKSUM' },
      async (line: Line, { context }: Accepted) =>
        line.socket.write(sized(context.wrap(authentication(0), { confidential: false }))),
    ],
    [
      'that repeats a message',
      { code: 'KRB_AP_ERR_REPEAT' },
      async (line: Line, { context }: Accepted) => {
        const packet = sized(context.wrap(message('N', Buffer.from('SNOTICE\0\0'))))
        line.socket.write(Buffer.concat([packet, packet]))
      },
    ],
    [
      'that asks for a password',
      { code: 'S4U_PASSWORD_ASKED' },
      async (line: Line, { context }: Accepted) => line.socket.write(sized(context.wrap(authentication(3)))),
    ],
    [
      'that sends a message of 4 GiB',
      { message: 'PostgreSQL.length: expected 4 to 65535, found 4294967295' },
      async (line: Line, { context }: Accepted) =>
        line.socket.write(sized(context.wrap(Buffer.from('R\xff\xff\xff\xff\0', 'latin1')))),
    ],
    [
      'that asks in a number that nobody knows',
      { name: 'MalformedTokenError' },
      async (line: Line, { context }: Accepted) => line.socket.write(sized(context.wrap(authentication(77)))),
    ],
  ])('%s is refused', async (_what, expected, behave) => {
    const { error, seen } = await refusalBy(async (line) => behave(line, (await established(line)).accepted))
    expect(error).toMatchObject(expected)
    expect(seen.includes('hunter2')).toBe(false)
  })
})

describe('without encryption, a server', () => {
  const plain = { encryption: 'none' } as const
  /** Reads the first message of the driver. */
  const begun = async (line: Line): Promise<unknown> => line.read((await line.read(4)).readUInt32BE() - 4)

  test.each([
    ['that lets everybody in', { code: 'KRB_AP_ERR_MUT_FAIL' }, [authentication(0)]],
    [
      'that lets in before it has proven itself',
      { code: 'KRB_AP_ERR_MUT_FAIL' },
      [authentication(7), authentication(0)],
    ],
    ['that asks for a password', { code: 'S4U_PASSWORD_ASKED' }, [authentication(5, Buffer.alloc(4))]],
    [
      'that asks for a password after the ticket',
      { code: 'S4U_PASSWORD_ASKED' },
      [authentication(7), authentication(3)],
    ],
    ['that asks for a ticket twice', { code: 'S4U_PASSWORD_ASKED' }, [authentication(7), authentication(7)]],
    ['that continues what has not begun', { code: 'S4U_PASSWORD_ASKED' }, [authentication(8)]],
    [
      'that proves nothing',
      { name: 'MalformedTokenError' },
      [authentication(7), authentication(8, Buffer.from('welcome'))],
    ],
    ['that has an empty question', { name: 'MalformedTokenError' }, [message('R', Buffer.alloc(0))]],
    [
      'that is ready for queries without a sign-in',
      { name: 'MalformedTokenError', message: expect.stringContaining('PostgreSQL.message') },
      [message('Z', Buffer.from('I'))],
    ],
    [
      'that is ready for queries before it has proven itself',
      { name: 'MalformedTokenError' },
      [authentication(7), message('S', Buffer.from('a\0b\0')), message('Z', Buffer.from('I'))],
    ],
  ])('%s is refused', async (_what, expected, messages) => {
    const { error, seen } = await refusalBy(async (line) => {
      await begun(line)
      for (const one of messages) line.socket.write(one)
    }, plain)
    expect(error).toMatchObject(expected)
    expect(seen.includes('hunter2')).toBe(false)
  })

  test.each([
    ['asks for a password', authentication(3)],
    ['lets the user in', Buffer.concat([authentication(0), message('Z', Buffer.from('I'))])],
  ])('that %s behind an error is not heard', async (_what, behind) => {
    const stream: { current?: Duplex } = {}
    const shown: Buffer[] = []
    const { port, lines } = await serve(async (line) => {
      await begun(line)
      line.socket.write(Buffer.concat([message('E', Buffer.from('SFATAL\0Mno\0\0')), behind]))
      line.socket.write(behind)
    })
    const make = postgresStream({ as: alice, service: SPN, timeLimit: 2_000, ...plain })
    const client = new Client({
      ...{ host: '127.0.0.1', port, user: 'alice', database: 'orders', password: 'hunter2' },
      stream: () => (stream.current = make().on('data', (data: Buffer) => shown.push(data))),
    })
    client.on('error', () => {})
    await expect(client.connect()).rejects.toThrow('no')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(lines[0].seen().includes('hunter2')).toBe(false)
    expect(Buffer.concat(shown).subarray(-5).toString('latin1')).toBe('Mno\0\0')
    stream.current?.destroy()
  })

  test('that proves itself, in messages cut anywhere, is believed', async () => {
    const { error } = await refusalBy(async (line) => {
      await begun(line)
      line.socket.write(authentication(7))
      const head = await line.read(5)
      const { reply } = await line.accept(await line.read(head.readUInt32BE(1) - 4))
      for (const octet of authentication(8, reply)) line.socket.write(Uint8Array.of(octet))
      line.socket.write(Buffer.concat([authentication(0), message('Z', Buffer.from('I'))]))
    }, plain)
    expect(error).toBe('it was connected')
  })
})

test.each([
  [{ as: undefined }, 'as is missing'],
  [{ encryption: 'prefer' }, 'encryption must be one of gss, tls, none, not "prefer"'],
  [{ tls: {} }, "tls is for encryption: 'tls'"],
  [{ timeLimit: 0 }, 'timeLimit must be a number of milliseconds above 0'],
  [{ spn: 'x' }, '"spn" is not an option'],
])('options %j are refused', (options, expected) => {
  expect(() => postgresStream(Object({ as: alice, ...options }))).toThrow(expected)
})
