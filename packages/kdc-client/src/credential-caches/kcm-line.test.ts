import { encodeCacheEntry, encodeCachePrincipal, Key, kerberosFlags, parsePrincipal } from '@s4u/krb5'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { type KcmDialogue, readCache } from './kcm-dialogue.js'
import { converse, converseNow } from './kcm-line.js'

/**
 * What a broken KCM does, or one of another version. The tests with real ones are in
 * test/interop/credential-caches.test.ts.
 */

const folder = mkdtempSync(join(tmpdir(), 's4u-kcm-'))
const path = join(folder, 'socket')
let server: Server | undefined
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))))
afterAll(() => rmSync(folder, { recursive: true }))

const principal = parsePrincipal('alice@R')
const ok = (payload: Uint8Array = new Uint8Array(0)): Buffer => {
  const answer = Buffer.alloc(12 + payload.length)
  answer.writeUInt32BE(4 + payload.length)
  answer.set(payload, 12)
  return answer
}
const refusal = (code: number): Buffer => {
  const answer = ok()
  answer.writeInt32BE(code, 8)
  return answer
}
const text = (value: string): Uint8Array => Buffer.from(`${value}\0`)
const credential = {
  client: principal,
  server: parsePrincipal('krbtgt/R@R'),
  key: new Key(17, new Uint8Array(16)),
  ...{ authtime: 1_000, starttime: 0, endtime: 2_000, renewTill: 0, isSkey: false },
  flags: kerberosFlags(1, 31),
  addresses: [],
  authorizationData: [],
  ticket: {
    realm: 'R',
    sname: { nameType: 2, nameString: ['s'] },
    encPart: { etype: 17, kvno: 1, cipher: Uint8Array.of(1) },
  },
  secondTicket: new Uint8Array(0),
}
const entry = encodeCacheEntry(credential, principal)

type Answers = Readonly<Record<number, (socket: Socket, request: Buffer) => Buffer | undefined>>

const USUAL: Answers = {
  8: () => ok(encodeCachePrincipal(principal)),
  20: () => ok(text('0')),
}

/** Starts a KCM that answers by the number of the request. */
async function listen(answers: Answers): Promise<void> {
  const sockets = new Set<Socket>()
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (request) => {
      const answer = answers[request.readUInt16BE(6)]?.(socket, request)
      if (answer !== undefined) socket.write(answer)
    })
  })
  server.on('close', () => sockets.clear())
  const { close } = server
  server.close = (done) => {
    for (const socket of sockets) socket.destroy()
    return close.call(server, done)
  }
  await new Promise<void>((resolve) => server?.listen(path, resolve))
}

const list = (...credentials: readonly Uint8Array[]): Buffer =>
  ok(
    Buffer.concat([
      Buffer.of(0, 0, 0, credentials.length),
      ...credentials.flatMap((one) => [Buffer.of(0, 0, one.length >> 8, one.length & 0xff), one]),
    ]),
  )

describe('a KCM', () => {
  test('that closes the connection at a request that it does not know is asked the other way', async () => {
    await listen({
      ...USUAL,
      13001: (socket) => void socket.destroy(),
      9: () => ok(new Uint8Array(32)),
      10: (_socket, request) => (request.at(-1) === 0 ? ok(entry) : undefined),
    })
    const { credentials } = await converse(path, readCache(''))
    expect(credentials).toEqual([credential, credential])
  })

  test('whose list of tickets has lost one meanwhile gives the others', async () => {
    let asked = 0
    await listen({
      ...USUAL,
      13001: () => refusal(-1765328188),
      9: () => ok(new Uint8Array(32)),
      10: () => (++asked === 1 ? refusal(-1765328243) : ok(entry)),
    })
    expect((await converse(path, readCache('0'))).credentials).toEqual([credential])
  })

  test('that has one ticket that is none loses no other', async () => {
    await listen({ ...USUAL, 13001: () => list(entry, entry.subarray(0, 20), entry) })
    const { credentials, leftOut } = await converse(path, readCache('0'))
    expect(credentials).toEqual([credential, credential])
    expect(leftOut).toEqual([expect.objectContaining({ record: 'credentials[1]' })])
  })

  test.each([
    ['nothing of whose the cache is', { 8: () => ok() }, 'KRB5_FCC_NOFILE', 'there is no credential cache KCM:0'],
    [
      'that there is no such cache',
      { 8: () => refusal(-1765328189) },
      'KRB5_FCC_NOFILE',
      'there is no credential cache KCM:0',
    ],
    [
      'another no',
      { 8: () => refusal(13) },
      'KRB5_KCM_RPC_ERROR',
      'the KCM, which has the credential cache, is of no help: the KCM answers 13',
    ],
    [
      'a list that is longer than it is',
      { 13001: () => ok(Buffer.of(0xff, 0xff, 0xff, 0xff)) },
      'KRB5_KCM_MALFORMED_REPLY',
      /expected 4294967295 elements of at least 4 octets/,
    ],
    ['less than a code', { 8: () => Buffer.alloc(8) }, 'KRB5_KCM_MALFORMED_REPLY', /KCM\.code: expected 4 octets/],
    [
      'that it goes on for gigabytes',
      { 8: () => Buffer.alloc(8, 0xff) },
      'KRB5_KCM_MALFORMED_REPLY',
      /expected at most 10485760 octets, found more/,
    ],
  ] satisfies [string, Answers, string, string | RegExp][])(
    'that says %s is told',
    async (_what, answers, code, message) => {
      await listen({ ...USUAL, ...answers })
      await expect(converse(path, readCache('0'))).rejects.toMatchObject({
        name: 'ConfigurationError',
        code,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        hint: expect.stringMatching(/klist/),
      })
    },
  )

  test('that closes every connection is of no help', async () => {
    await listen({ 20: (socket) => void socket.destroy() })
    await expect(converse(path, readCache(''))).rejects.toMatchObject({ code: 'KRB5_KCM_RPC_ERROR' })
  })

  test('that closes after its answer is not waited for at the next request, standing still', async () => {
    const socket = join(folder, 'closing')
    const code = `require('node:net').createServer((socket) => socket.once('data', () => socket.end(Buffer.alloc(12).fill(4, 3, 4)))).listen(process.argv[1], () => process.send('up'))`
    const kcm = spawn(process.execPath, ['-e', code, socket], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    onTestFinished(() => void kcm.kill())
    await once(kcm, 'message')
    const dialogue = function* (): KcmDialogue<void> {
      yield Uint8Array.of(2, 0, 0, 20)
      // Waits until the other side has closed.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
      yield Uint8Array.of(2, 0, 0, 8)
    }
    const began = performance.now()
    expect(() => converseNow(socket, dialogue(), 5_000)).toThrow('the KCM has closed the connection')
    expect(performance.now() - began).toBeLessThan(4_000)
  })

  test.each(['waiting for it', 'standing still'])('that says nothing is given up, %s', async (how) => {
    await listen({})
    const asked = Promise.resolve().then(() =>
      how === 'standing still' ? converseNow(path, readCache(''), 300) : converse(path, readCache(''), 50),
    )
    await expect(asked).rejects.toMatchObject({
      code: 'KRB5_KCM_NO_SERVER',
      message: `the credential cache is in a KCM, and none can be asked at ${path}: no answer`,
    })
  })

  test.each(['waiting for it', 'standing still'])('that is not there is told, %s', async (how) => {
    const none = join(folder, 'none')
    const asked = Promise.resolve().then(() => (how === 'standing still' ? converseNow : converse)(none, readCache('')))
    await expect(asked).rejects.toMatchObject({
      code: 'KRB5_KCM_NO_SERVER',
      message: `the credential cache is in a KCM, and none listens at ${none}: ENOENT`,
      hint: expect.stringMatching(/sssd-kcm.*kinit -c FILE:/),
    })
  })
})
