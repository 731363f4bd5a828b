/**
 * A PostgreSQL client that has no password: whoever `contextFor` acts as signs in, and GSS-API
 * encrypts the connection.
 */
import { once } from 'node:events'
import { connect } from 'node:net'

/**
 * One query: `using alice = req.identity.impersonate()`, then
 * `query({ contextFor: alice.contextFor.bind(alice), … }, 'select 1')`.
 * @returns {Promise<(string | null)[][]>} rows, as text
 */
export async function query({ contextFor, host, address = host, port = 5432, user, database, encrypt = true }, sql) {
  const initiator = await contextFor(`postgres/${host}`, { framing: 'krb5' })
  const socket = connect({ host: address, port })
  try {
    await once(socket, 'connect')
    const chunks = socket[Symbol.asyncIterator]()
    const receive = reader(async () => (await chunks.next()).value ?? fail('the server closed the connection'))
    const receiveToken = async () => receive((await receive(4)).readUInt32BE())
    let context
    if (encrypt) {
      socket.write(sized(4, uint32(80877104))) // GSSENCRequest
      if (String(await receive(1)) !== 'G') fail('the server does not encrypt with GSS-API')
      socket.write(sized(0, initiator.token))
      context = initiator.step(await receiveToken()).context
    }
    const send = (bytes) => socket.write(encrypt ? sized(0, context.wrap(bytes)) : bytes)
    const read = encrypt ? reader(async () => context.unwrap(await receiveToken(), { confidential: true })) : receive
    const rows = []
    send(sized(4, uint32(196608), Buffer.from(`user\0${user}\0database\0${database}\0\0`))) // protocol 3.0
    for (let ready = 0; ;) {
      const type = String(await read(1))
      const body = await read((await read(4)).readInt32BE() - 4)
      const request = type === 'R' ? body.readInt32BE() : undefined // AuthenticationOk, GSS or GSSContinue
      if (type === 'E') fail(/\0M([^\0]*)/.exec(`\0${body}`)?.[1])
      if (request === 7) send(Buffer.concat([Buffer.from('p'), sized(4, initiator.token)]))
      if (request === 8) context = initiator.step(body.subarray(4)).context
      if (request === 0 && !context) fail('the server did not ask who comes')
      if (type === 'D') rows.push([...columns(body)])
      if (type === 'Z' && ready++ > 0) return rows
      if (type === 'Z') send(Buffer.concat([Buffer.from('Q'), sized(4, Buffer.from(`${sql}\0`))]))
    }
  } finally {
    socket.destroy()
  }
}

const uint32 = (value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])
function fail(reason) {
  throw new Error(reason)
}

/** The parts behind their length, which counts itself in most of the protocol. */
function sized(own, ...parts) {
  const body = Buffer.concat(parts)
  return Buffer.concat([uint32(body.length + own), body])
}

function reader(next, held = Buffer.alloc(0)) {
  return async (count) => {
    while (held.length < count) held = Buffer.concat([held, await next()])
    const part = held.subarray(0, count)
    held = held.subarray(count)
    return part
  }
}

function* columns(body) {
  for (let at = 2; at < body.length;) {
    const length = body.readInt32BE(at)
    yield length < 0 ? null : String(body.subarray(at + 4, (at += length) + 4))
    at += 4
  }
}
