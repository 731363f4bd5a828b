import { openShare, type Share, type ShareOptions, type ShareUser } from '@s4u/smb'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinit, type Login, realmOf, runOk } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type FileServer, startFileServer } from './file-server.js'
import { userOf } from './share-users.js'

/**
 * What happens to a share in its life: streams, other clients, a server that goes, tickets that
 * end.
 */
await describeRealms('a share of a real Samba', ['CORP', 'file-server'], (info) => {
  const realm = realmOf(info, 'CORP')
  const alice = userOf(realm, 'alice')
  let server: FileServer
  let share: Share

  beforeAll(async () => {
    server = await startFileServer(realm, 'CORP', `${info.block}.46`, {
      shares: { docs: { comment: 'What all may read: ü' } },
    })
    share = open(alice)
  }, 60_000)
  afterAll(async () => {
    await share?.close()
    await server?.[Symbol.asyncDispose]()
  })

  function open(user: ShareUser, options: Partial<ShareOptions> = {}): Share {
    return openShare(`\\\\${server.host}\\docs`, { as: user, address: server.address, ...options })
  }

  describe('as streams and handles', () => {
    test('40 MB go both ways with equal hashes', async () => {
      const hash = createHash('sha256')
      const part = randomBytes(1_000_003)
      const source = Readable.from(
        (function* () {
          for (let i = 0; i < 40; i++) {
            hash.update(part)
            yield part
          }
        })(),
      )
      await pipeline(source, share.createWriteStream('large'))
      expect((await share.stat('large')).size).toBe(40 * part.length)
      const back = createHash('sha256')
      await pipeline(share.createReadStream('large'), back)
      expect(back.digest('hex')).toBe(hash.digest('hex'))
      const middle = await share.createReadStream('large', { start: part.length - 3, end: part.length + 4 }).toArray()
      expect(Buffer.concat(middle)).toEqual(Buffer.concat([part.subarray(-3), part.subarray(0, 5)]))
      await share.rm('large')
    })

    test('a file that is not there, or in the way, is an error of the stream', async () => {
      await expect(share.createReadStream('nowhere').toArray()).rejects.toMatchObject({ code: 'ENOENT' })
      await share.writeFile('there', '')
      const target = share.createWriteStream('there', { flags: 'wx' })
      await expect(pipeline(Readable.from(['x']), target)).rejects.toMatchObject({ code: 'EEXIST' })
      await expect(share.writeFile('there', 'x', { flag: 'wx' })).rejects.toMatchObject({ code: 'EEXIST' })
    })

    test('a handle reads, writes, appends, cuts and closes', async () => {
      const file = await share.open('handle.txt', 'w+')
      await file.write('0123456789')
      await file.write('ab', 2)
      const { bytesRead, buffer } = await file.read(Buffer.alloc(20), 0, 20, 0)
      expect(buffer.subarray(0, bytesRead).toString()).toBe('01ab456789')
      await file.truncate(4)
      await file.sync()
      expect((await file.stat()).size).toBe(4)
      await file.close()
      await expect(file.read(Buffer.alloc(1))).rejects.toMatchObject({ code: 'EBADF' })
      await share.appendFile('handle.txt', '-end')
      const end = await share.open('handle.txt', 'a')
      await end.write('!', 0)
      await end.close()
      expect(await share.readFile('handle.txt', 'utf8')).toBe('01ab-end!')
    })
  })

  test('changes are told while they happen, and the watch ends with its signal', async () => {
    await share.mkdir('watched')
    const stop = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const { eventType, filename } of share.watch('watched', { signal: stop.signal })) {
        seen.push(`${eventType} ${filename}`)
        if (filename === 'last') stop.abort(new Error('seen enough'))
      }
    })()
    watching.catch(() => {})
    for (let i = 0; i < 100 && !stop.signal.aborted; i++) {
      await share.writeFile('watched/last', String(i))
      await share.rm('watched/last')
    }
    await expect(watching).rejects.toThrow('seen enough')
    expect(seen).toContain('rename last')
    expect(await share.readdir('watched')).toEqual([])
  })

  test('names in all of Unicode stay as they are', async () => {
    const names = ['cafe\u0301', 'caf\u00e9 2', '\u{1f600}.txt', 'ГОД', 'year 年', 'x'.repeat(200)]
    await share.mkdir('names')
    for (const name of names) await share.writeFile(`names/${name}`, name)
    expect((await share.readdir('names')).sort()).toEqual([...names].sort())
    for (const name of names) expect(await share.readFile(`names/${name}`, 'utf8')).toBe(name)
    expect(await share.readFile('NAMES/год', 'utf8')).toBe('ГОД')
    await share.rm('names', { recursive: true })
  })

  test('ten thousand entries are listed', async () => {
    await share.mkdir('many')
    const folder = join(server.folderOf('docs'), 'many')
    const names = Array.from({ length: 10_000 }, (_, i) => `entry ${i} with a name that is longer than most`)
    for (const name of names) writeFileSync(join(folder, name), '')
    expect((await share.readdir('many')).sort()).toEqual(names.sort())
  })

  test('what smbclient writes we read, and what we write smbclient reads', async () => {
    const login: Login = await kinit(info, 'CORP', 'alice')
    const smbclient = (...commands: readonly string[]) =>
      runOk(
        'smbclient',
        [
          ...[`//${server.host}/docs`, '-I', server.address, `--use-krb5-ccache=${login.ccache}`],
          ...['--configfile=/dev/null', `--option=realm=${realm.name}`, '-c', commands.join('; ')],
        ],
        { environment: login.environment, directory: info.directory },
      )
    writeFileSync(join(info.directory, 'from-smbclient'), 'written by smbclient')
    await share.writeFile('from-node', 'written by Node')
    await share.utimes('from-node', 1_000_000_000, 1_100_000_000)
    const { stdout } = await smbclient('put from-smbclient', 'get from-node', 'allinfo from-node')
    expect(await share.readFile('from-smbclient', 'utf8')).toBe('written by smbclient')
    expect(stdout).toMatch(/write_time:\s+Tue Nov\s+9 \S+ 2004/)
    await using streams = open(alice, { streams: true })
    await streams.writeFile('from-node:notes', 'in a stream').catch((error: unknown) => {
      expect(error).toMatchObject({ name: 'FileError' })
    })
  })

  test('the shares of the server are those that smbclient lists', async () => {
    const shares = await share.shares()
    expect(shares).toContainEqual({ name: 'docs', kind: 'files', isHidden: false, remark: 'What all may read: ü' })
    expect(shares.find(({ name }) => name === 'IPC$')).toMatchObject({ kind: 'pipes', isHidden: true })
    const login: Login = await kinit(info, 'CORP', 'alice')
    const { stdout } = await runOk(
      'smbclient',
      [
        ...['-g', '-L', server.host, '-I', server.address, `--use-krb5-ccache=${login.ccache}`],
        ...['--configfile=/dev/null', `--option=realm=${realm.name}`],
      ],
      { environment: login.environment, directory: info.directory },
    )
    const listed = [...stdout.matchAll(/^(?:Disk|IPC|Printer)\|([^|]+)\|/gm)].map(([, name]) => name)
    expect(shares.map(({ name }) => name).sort()).toEqual(listed.sort())
  })

  describe('when something goes wrong', () => {
    test('an aborted call ends, and the session goes on', async () => {
      await expect(share.readFile('there', { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
      const stop = new AbortController()
      const events = share.watch('', { signal: stop.signal })
      const next = events.next()
      setImmediate(() => stop.abort(new Error('no longer')))
      await expect(next).rejects.toThrow('no longer')
      expect(await share.readdir('watched')).toEqual([])
    })

    test('a killed server ends what was under way, and a server that is back is connected to again', async () => {
      // Open files wait for a server that has promised to keep them.
      await using own = open(alice, { timeLimit: 3_000 })
      await own.writeFile('before', 'killed')
      const file = await own.open('before')
      await server.kill()
      await expect(file.read(Buffer.alloc(6))).rejects.toMatchObject({ code: 'ECONNRESET' })
      await expect(own.readFile('before')).rejects.toMatchObject({ name: 'FileServerUnreachableError' })
      await file.close()
      await server.start()
      // A smbd that has just begun may still end a connection.
      await expect.poll(() => own.readFile('before', 'utf8'), { timeout: 20_000 }).toBe('killed')
    }, 60_000)

    test('a ticket that ends is replaced in the same session, and files stay open', async () => {
      let asked = 0
      // Its clock runs ahead, so that the session thinks that its ticket is about to end.
      let ahead = 0
      const renewing: ShareUser = {
        contextFor: (spn, options) => {
          asked++
          return alice.contextFor(spn, options)
        },
      }
      await using long = open(renewing, { now: () => Date.now() + ahead })
      const file = await long.open('before')
      ahead = 24 * 3_600_000
      const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 0)
      expect(buffer.toString()).toBe('killed')
      expect(asked).toBe(2)
      await file.close()
    })
  })
})
