import { createInitiator } from '@s4u/gssapi'
import { ConfigurationError } from '@s4u/krb5'
import { openShare, type ShareOptions } from '@s4u/smb'
import { describe, expect, test } from 'vitest'
import { issueTicket } from '../../packages/gssapi/src/fixtures/issued-ticket.js'
import { Disposition } from '../../packages/smb/src/wire/file-messages.js'
import { Command } from '../../packages/smb/src/wire/header.js'
import { type Answer, type Lies, startFakeFileServer } from './fake-file-server.js'

const { NEGOTIATE, SESSION_SETUP, TREE_CONNECT, CREATE, READ, WRITE } = Command

/** What comes of reading a file from a server that lies. */
async function read(lies: Lies, options: Partial<ShareOptions> = {}): Promise<unknown> {
  const { credential, serviceKey } = issueTicket({ now: Date.now() })
  await using server = await startFakeFileServer(serviceKey, lies)
  const user = { contextFor: async () => createInitiator({ ticket: credential, now: Date.now }) }
  const where = { as: user, address: '127.0.0.1', port: server.port, idleTimeout: 1, timeLimit: 2_000 }
  const share = openShare('\\\\files.ad.test\\docs', { ...where, ...options })
  try {
    return await share.readFile('a.txt', 'utf8')
  } catch (error) {
    return error
  } finally {
    await share.close()
  }
}

/** A lie in the answer to one command. */
function at(command: number, change: (message: Uint8Array) => void): (answer: Answer) => void {
  return (answer) => {
    if (answer.command === command) change(answer.message)
  }
}

const set =
  (place: number, ...octets: readonly number[]) =>
  (message: Uint8Array): void =>
    message.set(octets, place)

/** A lie on the way. */
function onTheWay(command: number, change: (message: Uint8Array) => Uint8Array): (answer: Answer) => Uint8Array {
  return (answer) => (answer.command === command ? change(answer.message) : answer.message)
}

const changed =
  (place: number) =>
  (message: Uint8Array): Uint8Array =>
    message.with(place, message[place] ^ 1)

test('a server that does not lie is read from, signed and encrypted', async () => {
  expect(await read({})).toBe('contents')
  expect(await read({}, { encrypt: true })).toBe('contents')
})

test('a session that the server calls expired is signed in to again, once, and the request is made again', async () => {
  const expired = [0x5c, 3, 0, 0xc0]
  let left = 1
  const signIns: number[] = []
  const says =
    (times: number): Lies['unsigned'] =>
    ({ command, message }) => {
      if (command === SESSION_SETUP) signIns.push(command)
      if (command === CREATE && left-- > 0) message.set(expired, 8)
      if (times === Infinity) left = 1
    }
  expect(await read({ unsigned: says(1) })).toBe('contents')
  expect(signIns).toHaveLength(2)
  expect(await read({ unsigned: says(Infinity) })).toMatchObject({ ntStatus: 'STATUS_NETWORK_SESSION_EXPIRED' })
  expect(signIns).toHaveLength(4)
})

test('a server that fails by itself at the sign-in has not refused the user', async () => {
  const fails = { unsigned: at(SESSION_SETUP, set(8, 0xe5, 0, 0, 0xc0)) }
  expect(await read(fails)).toMatchObject({
    name: 'FileServerUnreachableError',
    code: 'ECONNRESET',
    message: expect.stringContaining('the server failed by itself at the sign-in'),
  })
})

describe('what the server has ended meanwhile', () => {
  /** Reads twice in one share from a server that answers the first CREATE with a status. */
  async function readTwice(
    status: readonly number[],
    isSigned: boolean,
  ): Promise<{ readonly came: readonly unknown[]; readonly counts: readonly number[] }> {
    const { credential, serviceKey } = issueTicket({ now: Date.now() })
    let isFirst = true
    const says = ({ command, message }: Answer): Uint8Array => {
      if (command !== CREATE || !isFirst) return message
      isFirst = false
      message.set(status, 8)
      return message
    }
    const lie: Lies = isSigned ? { unsigned: says } : { signed: says }
    await using server = await startFakeFileServer(serviceKey, lie)
    const user = { contextFor: async () => createInitiator({ ticket: credential, now: Date.now }) }
    const where = { as: user, address: '127.0.0.1', port: server.port, idleTimeout: 1, timeLimit: 2_000 }
    await using share = openShare('\\\\files.ad.test\\docs', where)
    const read = (): Promise<unknown> => share.readFile('a.txt', 'utf8').catch((error: unknown) => error)
    const came = [await read(), await read()]
    const count = (which: number): number => server.asked.filter((command) => command === which).length
    return { came, counts: [count(NEGOTIATE), count(SESSION_SETUP), count(TREE_CONNECT), count(CREATE)] }
  }

  /** An error in answer to a request, without a signature. */
  function answerTo(request: Uint8Array, status: readonly number[]): Uint8Array<ArrayBuffer> {
    const message = new Uint8Array(73)
    message.set(request.subarray(0, 64))
    message.set(status, 8)
    message.set([1, 0, 0, 0, 0, 0, 0, 0], 16)
    message.set([9, 0], 64)
    return message
  }

  const sessionDeleted = [0x03, 0x02, 0, 0xc0]
  const nameDeleted = [0xc9, 0, 0, 0xc0]

  test('a session fails what was asked in it, which is not asked again, and the next call signs in', async () => {
    for (const isSigned of [true, false]) {
      const { came, counts } = await readTwice(sessionDeleted, isSigned)
      expect(came).toMatchObject([{ name: 'FileServerUnreachableError', code: 'ECONNRESET' }, 'contents'])
      expect(counts).toEqual([1, 2, 2, 2])
    }
  })

  test('a session that encrypts does not end by what is said in clear', async () => {
    // What the server has sealed is replaced by the same in clear.
    let plain = new Uint8Array(0)
    const hears = (command: number, request: Uint8Array): void => {
      if (command === CREATE) plain = answerTo(request, sessionDeleted)
    }
    const signed = ({ command, message }: Answer): Uint8Array => (command === CREATE ? plain : message)
    expect(await read({ hears, signed }, { encrypt: true })).toMatchObject({
      name: 'RejectedTokenError',
      message: expect.stringContaining('an answer in clear to an encrypted request'),
    })
  })

  test('a share is connected to again, and what opens its file itself is asked again', async () => {
    const { came, counts } = await readTwice(nameDeleted, true)
    expect(came).toEqual(['contents', 'contents'])
    expect(counts).toEqual([1, 1, 2, 3])
  })

  test('a share is not connected to again because somebody on the way says so', async () => {
    const { came } = await readTwice(nameDeleted, false)
    expect(came[0]).toMatchObject({ name: 'RejectedTokenError', code: 'STATUS_INVALID_SIGNATURE' })
  })

  test('a share that has become one of pipes is not used', async () => {
    let connected = 0
    const hears = (command: number): void => void (command === TREE_CONNECT && connected++)
    const { credential, serviceKey } = issueTicket({ now: Date.now() })
    const unsigned = ({ command, message }: Answer): void => {
      if (command === CREATE) message.set(nameDeleted, 8)
      if (command === TREE_CONNECT && connected > 1) message[66] = 2
    }
    await using server = await startFakeFileServer(serviceKey, { hears, unsigned })
    const user = { contextFor: async () => createInitiator({ ticket: credential, now: Date.now }) }
    const where = { as: user, address: '127.0.0.1', port: server.port, idleTimeout: 1, timeLimit: 2_000 }
    await using share = openShare('\\\\files.ad.test\\docs', where)
    await expect(share.readFile('a.txt')).rejects.toMatchObject({ ntStatus: 'STATUS_NETWORK_NAME_DELETED' })
    expect(connected).toBe(2)
  })
})

describe('a file whose connection is lost', () => {
  /** Reads with a handle from a server that loses the connection at the first READ. */
  async function readLost(
    lies: Lies,
    flags: 'r' | 'w+' = 'r',
  ): Promise<{ readonly came: unknown; readonly asked: readonly number[] }> {
    const { credential, serviceKey } = issueTicket({ now: Date.now() })
    let isFirst = true
    const drops = ({ command }: Answer): boolean => {
      const isNow = command === READ && isFirst
      if (isNow) isFirst = false
      return isNow
    }
    await using server = await startFakeFileServer(serviceKey, { drops, ...lies })
    const user = { contextFor: async () => createInitiator({ ticket: credential, now: Date.now }) }
    const where = { as: user, address: '127.0.0.1', port: server.port, idleTimeout: 1, timeLimit: 2_000 }
    const share = openShare('\\\\files.ad.test\\docs', where)
    try {
      const file = await share.open('a.txt', flags)
      const came = await file.read(Buffer.alloc(8)).then(
        ({ buffer }) => buffer.toString(),
        (error: unknown) => error,
      )
      await file.close()
      return { came, asked: server.asked }
    } finally {
      await share.close()
    }
  }

  test('goes on where the server keeps it', async () => {
    const { came, asked } = await readLost({ keeps: true })
    expect(came).toBe('contents')
    expect(asked.filter((command) => command === CREATE)).toHaveLength(2)
  })

  test('is not emptied once more by a server that opens it in place of finding it', async () => {
    const dispositions: number[] = []
    const hears = (command: number, request: Uint8Array): void => {
      if (command === CREATE) dispositions.push(request[100])
    }
    expect((await readLost({ keeps: true, hears }, 'w+')).came).toBe('contents')
    expect(dispositions).toEqual([Disposition.OVERWRITE_IF, Disposition.OPEN])
  })

  test('has ended where the server keeps none, and nothing is opened again', async () => {
    const { came, asked } = await readLost({})
    expect(came).toMatchObject({ name: 'FileServerUnreachableError', code: 'ECONNRESET' })
    expect(asked.filter((command) => command === CREATE)).toHaveLength(1)
  })

  test.each([
    ['number', Command.QUERY_INFO, 72],
    ['time', CREATE, 72],
  ])('is not another file: one with another %s is refused, and closed', async (_what, command, place) => {
    let count = 0
    const unsigned = (answer: Answer): void => {
      if (answer.command === command) answer.message[place] = ++count
    }
    const { came, asked } = await readLost({ keeps: true, unsigned })
    expect(came).toMatchObject({
      name: 'RejectedTokenError',
      code: 'STATUS_INVALID_NETWORK_RESPONSE',
      message: 'after a lost connection the server gave another file in place of the one that was open',
    })
    expect(asked.filter((each) => each === READ)).toHaveLength(1)
    expect(asked.filter((each) => each === Command.CLOSE)).toHaveLength(1)
  })

  test('and cannot be found again is the loss that it was', async () => {
    let count = 0
    const refused = [0x34, 0, 0, 0xc0]
    const unsigned = ({ command, message }: Answer): void => {
      if (command === CREATE && ++count > 1) message.set(refused, 8)
    }
    const { came } = await readLost({ keeps: true, unsigned })
    expect(came).toMatchObject({ name: 'FileServerUnreachableError', code: 'ECONNRESET' })
  })
})

describe('a server, or somebody on the way, is refused', () => {
  test.each<[string, Lies, string]>([
    [
      'that changes the negotiation on the way',
      { signed: onTheWay(NEGOTIATE, changed(110)) },
      'STATUS_INVALID_SIGNATURE',
    ],
    [
      'that changes the answer to the sign-in',
      { signed: onTheWay(SESSION_SETUP, changed(48)) },
      'STATUS_INVALID_SIGNATURE',
    ],
    ['that changes an answer', { signed: onTheWay(READ, changed(80)) }, 'STATUS_INVALID_SIGNATURE'],
    [
      'that takes a signature away',
      { signed: onTheWay(CREATE, (message) => message.with(16, 1).fill(0, 48, 64)) },
      'STATUS_INVALID_SIGNATURE',
    ],
    [
      'that chooses a dialect that was not offered',
      { unsigned: at(NEGOTIATE, set(68, 0x02, 0x02)) },
      'STATUS_DOWNGRADE_DETECTED',
    ],
    [
      'that chooses the dialect of SMB 1',
      { unsigned: at(NEGOTIATE, set(68, 0xff, 0x02)) },
      'STATUS_DOWNGRADE_DETECTED',
    ],
    ['that does not sign', { unsigned: at(NEGOTIATE, set(66, 0)) }, 'STATUS_DOWNGRADE_DETECTED'],
    ['that agrees upon no hash', { unsigned: at(NEGOTIATE, set(128, 99)) }, 'STATUS_DOWNGRADE_DETECTED'],
    ['that chooses another hash', { unsigned: at(NEGOTIATE, set(140, 2)) }, 'STATUS_DOWNGRADE_DETECTED'],
    ['that chooses a cipher that there is not', { unsigned: at(NEGOTIATE, set(186, 9)) }, 'STATUS_DOWNGRADE_DETECTED'],
    ['that chooses HMAC, which was not offered', { unsigned: at(NEGOTIATE, set(202, 0)) }, 'STATUS_DOWNGRADE_DETECTED'],
    ['that names a context twice', { unsigned: at(NEGOTIATE, set(192, 2)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    [
      'that takes too little at once',
      { unsigned: at(NEGOTIATE, set(96, 0, 1, 0, 0)) },
      'STATUS_INVALID_NETWORK_RESPONSE',
    ],
    ['that makes a guest of the user', { unsigned: at(SESSION_SETUP, set(66, 1)) }, 'STATUS_LOGON_FAILURE'],
    ['that makes nobody of the user', { unsigned: at(SESSION_SETUP, set(66, 2)) }, 'STATUS_LOGON_FAILURE'],
    ['that refuses the sign-in', { unsigned: at(SESSION_SETUP, set(8, 0x6d, 0, 0, 0xc0)) }, 'STATUS_LOGON_FAILURE'],
    ['whose share is one of pipes', { unsigned: at(TREE_CONNECT, set(66, 2)) }, 'ENOTSUP'],
    ['that answers in another session', { unsigned: at(TREE_CONNECT, set(40, 9)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    ['that answers what was not asked', { unsigned: at(TREE_CONNECT, set(24, 77)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    ['that answers another command', { unsigned: at(TREE_CONNECT, set(12, 9)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    ['that sends a request', { unsigned: at(TREE_CONNECT, set(16, 0)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    [
      'that compresses',
      { signed: onTheWay(TREE_CONNECT, (message) => message.with(0, 0xfc)) },
      'STATUS_INVALID_NETWORK_RESPONSE',
    ],
    [
      'that speaks SMB 1',
      { signed: onTheWay(TREE_CONNECT, (message) => message.with(0, 0xff)) },
      'STATUS_INVALID_NETWORK_RESPONSE',
    ],
    [
      'that encrypts unasked with no key',
      { signed: onTheWay(TREE_CONNECT, (message) => encryptedLook(message)) },
      'STATUS_DECRYPTION_FAILED',
    ],
    [
      'that chains beyond the end',
      { unsigned: at(TREE_CONNECT, set(20, 0, 1, 0, 0)) },
      'STATUS_INVALID_NETWORK_RESPONSE',
    ],
    ['that chains into the header', { unsigned: at(TREE_CONNECT, set(20, 8)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    ['whose data begin in the header', { unsigned: at(READ, set(66, 8)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    ['whose data end behind the end', { unsigned: at(READ, set(66, 90)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    [
      'that sends more than was asked for',
      { unsigned: at(READ, set(68, 0, 0, 2, 0)) },
      'STATUS_INVALID_NETWORK_RESPONSE',
    ],
    ['with a body of another size', { unsigned: at(CREATE, set(64, 90)) }, 'STATUS_INVALID_NETWORK_RESPONSE'],
    ['that grants no credits', { credits: 0 }, 'STATUS_INSUFFICIENT_RESOURCES'],
    ['that says nothing', { silent: [READ] }, 'ETIMEDOUT'],
  ])('%s', async (_what, lies, code) => {
    expect(await read(lies)).toMatchObject({ code, status: code === 'ETIMEDOUT' ? 504 : 502 })
  })

  test('is held to short frames until it has proven itself', async () => {
    const long = await read({ signed: onTheWay(SESSION_SETUP, () => new Uint8Array(100_000)) })
    expect(long).toMatchObject({ path: 'frame.length', found: '100000' })
  })

  test('that has no cipher, where encryption is wanted', async () => {
    const none = { unsigned: at(NEGOTIATE, set(186, 0)) }
    expect(await read(none)).toBe('contents')
    expect(await read(none, { encrypt: true })).toMatchObject({ code: 'STATUS_NOT_SUPPORTED', status: 502 })
  })

  test('that answers an encrypted request in clear, or with another tag', async () => {
    const encrypt = { encrypt: true }
    const tag = await read({ signed: onTheWay(TREE_CONNECT, changed(4)) }, encrypt)
    expect(tag).toMatchObject({ code: 'STATUS_DECRYPTION_FAILED' })
    const clear = await read({ signed: onTheWay(TREE_CONNECT, () => clearAnswer()) }, encrypt)
    expect(clear).toMatchObject({ message: 'an answer in clear to an encrypted request' })
    const cut = await read({ signed: onTheWay(TREE_CONNECT, (frame) => frame.subarray(0, 60)) }, encrypt)
    expect(cut).toMatchObject({ code: 'STATUS_INVALID_NETWORK_RESPONSE' })
  })

  test('that sends each answer cut at each octet', async () => {
    for (const command of [NEGOTIATE, SESSION_SETUP, TREE_CONNECT, CREATE, READ]) {
      for (let length = 0; length < 72; length += 5) {
        const error = await read({ signed: onTheWay(command, (message) => message.subarray(0, length)) })
        expect(error).toMatchObject({ status: 502, code: expect.stringMatching(/^STATUS_INVALID_/) })
      }
    }
  })
})

test('what was done in part when the session had expired is not done once more', async () => {
  const { credential, serviceKey } = issueTicket({ now: Date.now() })
  let left = 1
  const expiredAtWrite: Lies['unsigned'] = ({ command, message }) => {
    if (command === WRITE && left-- > 0) message.set([0x5c, 3, 0, 0xc0], 8)
  }
  await using server = await startFakeFileServer(serviceKey, { unsigned: expiredAtWrite })
  const user = { contextFor: async () => createInitiator({ ticket: credential, now: Date.now }) }
  const where = { as: user, address: '127.0.0.1', port: server.port, timeLimit: 2_000, idleTimeout: 1 }
  const share = openShare('\\\\files.ad.test\\docs', where)
  // The file was made: made again, with wx, it would be said to have been there.
  const first = await share.writeFile('a.txt', 'x', { flag: 'wx' }).catch((error: unknown) => error)
  expect(first).toMatchObject({ code: 'EACCES', ntStatus: 'STATUS_NETWORK_SESSION_EXPIRED', syscall: 'write' })
  const count = (command: number): number => server.asked.filter((each) => each === command).length
  expect([count(CREATE), count(WRITE), count(SESSION_SETUP)]).toEqual([1, 1, 2])
  await share.writeFile('b.txt', 'x', { flag: 'wx' })
  await share.close()
})

test('a user who has ended reads nothing more, whatever session is open', async () => {
  const { credential, serviceKey } = issueTicket({ now: Date.now() })
  await using server = await startFakeFileServer(serviceKey, {})
  let ended = false
  const user = {
    contextFor: async () => createInitiator({ ticket: credential, now: Date.now }),
    async ticketFor(spn: string) {
      if (ended) throw new ConfigurationError(`${spn}: ended`, { code: 'GSS_S_NO_CONTEXT' })
    },
  }
  const where = { as: user, address: '127.0.0.1', port: server.port, timeLimit: 2_000, idleTimeout: 1_000 }
  const share = openShare('\\\\files.ad.test\\docs', where)
  expect(await share.readFile('a.txt', 'utf8')).toBe('contents')
  ended = true
  const asked = server.asked.length
  await expect(share.readFile('a.txt')).rejects.toMatchObject({
    code: 'GSS_S_NO_CONTEXT',
    message: 'cifs/files.ad.test: ended',
  })
  await expect(share.open('a.txt')).rejects.toMatchObject({ code: 'GSS_S_NO_CONTEXT' })
  expect(server.asked).toHaveLength(asked)
  await share.close()
})

test('a caller who gives up while the share is connected to ends no other call', async () => {
  const { credential, serviceKey } = issueTicket({ now: Date.now() })
  await using server = await startFakeFileServer(serviceKey, {})
  const user = {
    async contextFor() {
      await new Promise((done) => setTimeout(done, 100))
      return createInitiator({ ticket: credential, now: Date.now })
    },
  }
  const where = { as: user, address: '127.0.0.1', port: server.port, timeLimit: 2_000, idleTimeout: 1 }
  const share = openShare('\\\\files.ad.test\\docs', where)
  const signal = AbortSignal.timeout(20)
  const first = share.readFile('a.txt', { signal }).catch((error: unknown) => error)
  const second = share.readFile('a.txt', 'utf8').catch((error: unknown) => error)
  expect(await first).toMatchObject({ name: 'TimeoutError' })
  expect(await second).toBe('contents')
  await share.close()
})

test('the limit of silence holds also after the connection had nothing to say', async () => {
  const { credential, serviceKey } = issueTicket({ now: Date.now() })
  await using server = await startFakeFileServer(serviceKey, { silent: [READ] })
  const user = { contextFor: async () => createInitiator({ ticket: credential, now: Date.now }) }
  const where = { as: user, address: '127.0.0.1', port: server.port, timeLimit: 200 }
  const share = openShare('\\\\files.ad.test\\docs', where)
  const file = await share.open('a.txt')
  await new Promise((done) => setTimeout(done, 500))
  const late = new Promise((done) => setTimeout(() => done('waits for ever'), 2_000))
  const read = file.read(Buffer.alloc(8), 0, 8, 0).catch((error: unknown) => error)
  expect(await Promise.race([read, late])).toMatchObject({ code: 'ETIMEDOUT', status: 504 })
  await share.close()
})

/** Says that a request is answered later, as a server does, and anybody on the way can. */
function promised(commands: readonly number[]): (answer: Answer) => Uint8Array {
  return ({ command, message }) => {
    if (!commands.includes(command)) return message
    const interim = message.slice(0, 73)
    interim.set([3, 1, 0, 0], 8)
    interim[16] |= 2
    interim.set([7, 0, 0, 0, 0, 0, 0, 0], 32)
    interim.fill(0, 48)
    interim[64] = 9
    return interim
  }
}

test('a promise to answer later does not lift the time limit', async () => {
  const ended = await read({ signed: promised([READ]) }, { timeLimit: 100 })
  expect(ended).toMatchObject({ name: 'FileServerUnreachableError', code: 'ETIMEDOUT', status: 504 })
  const signIn = await read({ signed: promised([TREE_CONNECT]) }, { timeLimit: 100 })
  expect(signIn).toMatchObject({ name: 'FileServerUnreachableError', code: 'ETIMEDOUT' })
})

describe('a watch', () => {
  async function watching(lies: Lies) {
    const { credential, serviceKey } = issueTicket({ now: Date.now() })
    const server = await startFakeFileServer(serviceKey, { ...lies, signed: promised([Command.CHANGE_NOTIFY]) })
    const user = { contextFor: async () => createInitiator({ ticket: credential, now: Date.now }) }
    const where = { as: user, address: '127.0.0.1', port: server.port, timeLimit: 100, idleTimeout: 1 }
    const share = openShare('\\\\files.ad.test\\docs', where)
    const stop = new AbortController()
    const ended = share
      .watch('', { signal: stop.signal })
      .next()
      .catch((error: unknown) => error)
    return { server, share, stop, ended }
  }

  test('lasts while the server says that it is there', async () => {
    const { server, share, stop, ended } = await watching({})
    const echoes = (): number => server.asked.filter((command) => command === Command.ECHO).length
    while (echoes() < 6) await new Promise((done) => setTimeout(done, 20))
    stop.abort(new Error('seen enough'))
    expect(await ended).toMatchObject({ message: 'seen enough' })
    await share.close()
    await server[Symbol.asyncDispose]()
  })

  test('ends when the server is gone without a word', async () => {
    const { server, share, ended } = await watching({ silent: [Command.ECHO] })
    expect(await ended).toMatchObject({ code: 'ETIMEDOUT' })
    await share.close()
    await server[Symbol.asyncDispose]()
  })
})

test('a length that the server claims takes no memory by itself', async () => {
  const before = process.memoryUsage().arrayBuffers
  let highest = 0
  let reads = 0
  const claim: Lies['unsigned'] = ({ command, message }) => {
    // 2 GiB, of which there are eight octets.
    if (command === CREATE) message.set([0, 0, 0, 0x80, 0, 0, 0, 0], 112)
    if (command === READ && reads++ > 1) message.set([0x11, 0, 0, 0xc0], 8)
    if (command === READ) highest = Math.max(highest, process.memoryUsage().arrayBuffers - before)
  }
  expect(await read({ unsigned: claim })).toBe('contents')
  expect(highest).toBeLessThan(256 * 1024 * 1024)
  const endless: Lies['unsigned'] = ({ command, message }) => {
    if (command === CREATE) message.set([0, 0, 0, 0, 0, 0, 16, 0], 112)
  }
  expect(await read({ unsigned: endless })).toMatchObject({ code: 'EFBIG', ntStatus: 'STATUS_FILE_TOO_LARGE' })
})

/** An answer to the first TREE_CONNECT in clear, as somebody without keys can make it. */
function clearAnswer(): Uint8Array {
  const message = new Uint8Array(80)
  message.set([0xfe, 0x53, 0x4d, 0x42, 64])
  message.set([TREE_CONNECT, 0, 1, 0, 1], 12)
  message[24] = 2
  message.set([0x44, 0x33, 0x22, 0x11], 40)
  message.set([16, 0, 1], 64)
  return message
}

/** An answer in the form of an encrypted one. */
function encryptedLook(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(52 + message.length)
  frame.set([0xfd, 0x53, 0x4d, 0x42])
  new DataView(frame.buffer).setUint32(36, message.length, true)
  frame[42] = 1
  frame[44] = 99
  return frame
}
