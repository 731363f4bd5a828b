import type { Initiator, ServiceCredential } from '@s4u/gssapi'
import { ConfigurationError, Key, kerberosFlags, parsePrincipal } from '@s4u/krb5'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ContextSource } from '../caller.js'
import { ConnectionsPerIdentity, type ConnectionsPerIdentityOptions } from './connections-per-identity.js'

const SERVICE = 'postgres/db.ad.test'
const HOUR = 3_600_000

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

function ticketOf(user: string, expiresAt = 10 * HOUR): ServiceCredential {
  const service = parsePrincipal(`${SERVICE}@AD.TEST`)
  const encPart = { etype: 18, cipher: new Uint8Array(0) }
  return {
    client: parsePrincipal(`${user}@AD.TEST`),
    service,
    ticket: { realm: service.realm, sname: service.name, encPart },
    sessionKey: Key.random(18),
    flags: kerberosFlags(),
    expiresAt,
  }
}

/** A caller, as an impersonation is one: after its end it gives nothing. */
function callerWith(ticket: ServiceCredential) {
  let ended = false
  const check = (): void => {
    if (ended) throw new ConfigurationError('the impersonation has ended', { code: 'GSS_S_NO_CONTEXT' })
  }
  const contextFor = vi.fn(async (): Promise<Initiator> => {
    check()
    return Object({ of: ticket })
  })
  const ticketFor = async (): Promise<ServiceCredential> => {
    check()
    return ticket
  }
  const end = (): void => void (ended = true)
  return { principal: 'alice@AD.TEST', ticketFor, contextFor, end }
}

interface Connection {
  readonly as: ContextSource
  isClosed: boolean
}

function connections(options: Partial<ConnectionsPerIdentityOptions<Connection>> = {}) {
  const opened: Connection[] = []
  const pool = new ConnectionsPerIdentity<Connection>({
    service: SERVICE,
    open: (as) => {
      opened.push({ as, isClosed: false })
      return opened[opened.length - 1]
    },
    close: (connection) => void (connection.isClosed = true),
    ...options,
  })
  return { pool, opened }
}

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

test('one user gets the same connections, and another user others', async () => {
  const { pool, opened } = connections()
  const [alice, bob] = [callerWith(ticketOf('alice')), callerWith(ticketOf('bob'))]
  const first = await pool.use(alice, (connection) => connection)
  expect(await pool.use(alice, (connection) => connection)).toBe(first)
  const other = await pool.use(bob, (connection) => connection)
  expect(other).not.toBe(first)
  expect(opened.map(({ as }) => as.principal)).toEqual(['alice@AD.TEST', 'bob@AD.TEST'])
  expect(pool.size).toBe(2)
})

test('two tickets of one name share nothing: the rights in them may differ', async () => {
  const { pool, opened } = connections()
  await Promise.all([ticketOf('alice'), ticketOf('alice')].map((ticket) => pool.use(callerWith(ticket), () => {})))
  expect(opened).toHaveLength(2)
})

test('several uses at the same time open one connection', async () => {
  const { pool, opened } = connections()
  const ticket = ticketOf('alice')
  await Promise.all([1, 2, 3].map(() => pool.use(callerWith(ticket), () => {})))
  expect(opened).toHaveLength(1)
})

test('a caller that has ended gets nothing, whatever is open', async () => {
  const { pool } = connections()
  const alice = callerWith(ticketOf('alice'))
  await pool.use(alice, () => {})
  alice.end()
  await expect(pool.use(alice, () => 'reached')).rejects.toMatchObject({ code: 'GSS_S_NO_CONTEXT' })
})

test('a connection begins contexts through a caller that uses it now, and never through an earlier one', async () => {
  const { pool } = connections()
  const ticket = ticketOf('alice')
  const [first, second] = [callerWith(ticket), callerWith(ticket)]
  const as = await pool.use(first, (connection) => connection.as)
  await expect(as.contextFor(SERVICE)).rejects.toMatchObject({ name: 'RejectedTokenError', code: 'GSS_S_NO_CONTEXT' })
  await pool.use(second, (connection) => connection.as.contextFor(SERVICE, { framing: 'krb5' }))
  expect(first.contextFor).not.toHaveBeenCalled()
  expect(second.contextFor).toHaveBeenCalledWith(SERVICE, { framing: 'krb5' })
})

test('when one impersonation of a user ends, another one of the same user goes on working', async () => {
  const { pool } = connections()
  const ticket = ticketOf('alice')
  const [first, second] = [callerWith(ticket), callerWith(ticket)]
  await pool.use(first, () =>
    pool.use(second, async (connection) => {
      second.end()
      await connection.as.contextFor(SERVICE)
    }),
  )
  expect(first.contextFor).toHaveBeenCalledTimes(1)
})

test('contexts are for the service of the connections alone', async () => {
  const { pool } = connections()
  const context = pool.use(callerWith(ticketOf('alice')), ({ as }) => as.contextFor('postgres/other.ad.test'))
  await expect(context).rejects.toMatchObject({ name: 'ConfigurationError' })
})

test('contexts are for other services as far as the options permit them', async () => {
  const { pool } = connections({ alsoServices: (spn) => spn.startsWith('kafka/') })
  const alice = callerWith(ticketOf('alice'))
  await pool.use(alice, ({ as }) => as.contextFor('kafka/b2.ad.test'))
  expect(alice.contextFor).toHaveBeenCalledWith('kafka/b2.ad.test', undefined)
  await expect(pool.use(alice, ({ as }) => as.contextFor('HTTP/b2.ad.test'))).rejects.toMatchObject({
    name: 'ConfigurationError',
  })
})

test('what is idle is closed after the time for it, and not while it is used', async () => {
  const { pool, opened } = connections({ idleTimeout: 1_000 })
  const alice = callerWith(ticketOf('alice'))
  await pool.use(alice, () => vi.advanceTimersByTimeAsync(5_000))
  await vi.advanceTimersByTimeAsync(999)
  expect(opened[0].isClosed).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(opened[0].isClosed).toBe(true)
  expect(pool.size).toBe(0)
})

test('what is idle is closed with its ticket', async () => {
  const { pool, opened } = connections({ idleTimeout: 100 * HOUR })
  await pool.use(callerWith(ticketOf('alice', HOUR)), () => {})
  await vi.advanceTimersByTimeAsync(HOUR - 1)
  expect(opened[0].isClosed).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(opened[0].isClosed).toBe(true)
})

test('the one that was unused for the longest time makes room', async () => {
  const { pool, opened } = connections({ maxIdentities: 2 })
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => callerWith(ticketOf(name)))
  for (const caller of [alice, bob, alice, carol]) await pool.use(caller, () => {})
  await settled()
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([false, true, false])
})

test('where all are in use, one more user is refused, and may come later', async () => {
  const { pool, opened } = connections({ maxIdentities: 1 })
  const [alice, bob] = [callerWith(ticketOf('alice')), callerWith(ticketOf('bob'))]
  await pool.use(alice, async () => {
    await expect(pool.use(bob, () => {})).rejects.toMatchObject({ code: 'S4U_TOO_MANY_IDENTITIES', status: 503 })
  })
  await pool.use(bob, () => {})
  expect(opened.map(({ as }) => as.principal)).toEqual(['alice@AD.TEST', 'bob@AD.TEST'])
})

test('what could not be opened is tried again', async () => {
  const open = vi.fn<() => Promise<Connection>>().mockRejectedValueOnce(new Error('the server is down'))
  const { pool } = connections({ open })
  const alice = callerWith(ticketOf('alice'))
  await expect(pool.use(alice, () => {})).rejects.toThrow('the server is down')
  open.mockResolvedValueOnce({ as: alice, isClosed: false })
  await pool.use(alice, () => {})
  expect(open).toHaveBeenCalledTimes(2)
})

test('what does not work any more is opened again', async () => {
  let works = true
  const { pool, opened } = connections({ isOpen: () => works })
  const alice = callerWith(ticketOf('alice'))
  await pool.use(alice, () => {})
  works = false
  await pool.use(alice, () => {})
  await settled()
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false])
})

test('an end closes everything, waits for what is used, and opens nothing any more', async () => {
  const { pool, opened } = connections()
  const [alice, bob] = [callerWith(ticketOf('alice')), callerWith(ticketOf('bob'))]
  await pool.use(bob, () => {})
  await pool.use(alice, async () => {
    await pool[Symbol.asyncDispose]()
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false])
  })
  await settled()
  expect(opened[1].isClosed).toBe(true)
  await expect(pool.use(alice, () => {})).rejects.toMatchObject({ code: 'S4U_CLOSED' })
})

test.each([
  [
    'at once',
    (failure: Error) => {
      throw failure
    },
  ],
  ['later', (failure: Error) => Promise.reject(failure)],
])('a close that fails %s is told', async (_when, fail) => {
  const onCloseError = vi.fn()
  const failure = new Error('too late')
  const { pool } = connections({ close: () => fail(failure), onCloseError })
  await pool.use(callerWith(ticketOf('alice')), () => {})
  await pool[Symbol.asyncDispose]()
  expect(onCloseError).toHaveBeenCalledExactlyOnceWith(failure)
})

test.each([{ maxIdentities: 0 }, { idleTimeout: -1 }, { maxIdentities: Number.NaN }])('%j is refused', (options) => {
  expect(() => connections(options)).toThrow('must be a number above 0')
})

test.each([
  ['', {}],
  [', also while it is looked at', { isOpen: ({ isClosed }: Connection) => !isClosed }],
] as const)('what a user has just been given is not closed to make room for another one%s', async (_when, options) => {
  const { pool, opened } = connections({ maxIdentities: 1, ...options })
  const [alice, bob] = [callerWith(ticketOf('alice')), callerWith(ticketOf('bob'))]
  await pool.use(alice, () => {})
  const state = pool.use(alice, (connection) => {
    const { isClosed } = connection
    return isClosed
  })
  const others = pool.use(bob, () => {}).catch((error: unknown) => error)
  expect(await state).toBe(false)
  expect(await others).toMatchObject({ code: 'S4U_TOO_MANY_IDENTITIES' })
  expect(opened).toHaveLength(1)
})

test('a user who comes with ever new tickets keeps out no other', async () => {
  const { pool, opened } = connections({ maxIdentities: 40 })
  const end: (() => void)[] = []
  const hold = (user: string) =>
    pool.use(callerWith(ticketOf(user)), () => new Promise<void>((resolve) => void end.push(resolve)))
  const held = Array.from({ length: 10 }, () => hold('alice'))
  await settled()
  await expect(hold('alice')).rejects.toMatchObject({
    code: 'S4U_TOO_MANY_IDENTITIES',
    message: `alice@AD.TEST uses connections to ${SERVICE} with 10 tickets at once, which is as many as one user may`,
  })
  expect(await pool.use(callerWith(ticketOf('bob')), () => 'bob')).toBe('bob')
  end[0]()
  await held[0]
  // Her own that is idle makes room for her.
  held.push(hold('alice'))
  await settled()
  expect([opened[0].isClosed, opened.at(-1)?.as.principal, pool.size]).toEqual([true, 'alice@AD.TEST', 11])
  for (const each of end) each()
  await Promise.all(held)
})

test('a small number of places is not divided', async () => {
  const { pool } = connections({ maxIdentities: 8 })
  const held = Array.from({ length: 8 }, () => pool.use(callerWith(ticketOf('alice')), () => settled()))
  await Promise.all(held)
  expect(pool.size).toBe(8)
})
