import { openShare, type Share, type ShareOptions, type ShareUser } from '@s4u/smb'
import { execFileSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type Way, wayTo } from './cut-connections.js'
import { type FileServer, startFileServer } from './file-server.js'
import { userOf } from './share-users.js'
import { smbclient } from './smbclient.js'

const MEBIBYTE = 1024 * 1024

/** What many users, other clients and servers in trouble do to a share. */
await describeRealms('a share of a real Samba, hard pressed', ['CORP', 'file-server', 'mit-clients'], (info) => {
  const realm = realmOf(info, 'CORP')
  const alice = userOf(realm, 'alice')
  const contents = randomFillSync(Buffer.alloc(16 * MEBIBYTE))
  let server: FileServer
  let way: Way

  beforeAll(async () => {
    server = await startFileServer(realm, 'CORP', `${info.block}.87`, {
      shares: { docs: { 'vfs objects': 'acl_xattr streams_xattr', 'durable handles': 'no' }, full: {} },
    })
    way = await wayTo(server.address)
  }, 60_000)
  afterAll(async () => {
    await way?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  function open(options: Partial<ShareOptions> = {}, share = 'docs'): Share {
    return openShare(`\\\\${server.host}\\${share}`, { as: alice, address: '127.0.0.1', port: way.port, ...options })
  }

  test('two hundred users at once share connections, and each sees what is his own', async () => {
    const { stdout } = await sambaTool(realm, 'user', 'show', 'alice', '--attributes=objectSid')
    const sid = /S-1-5-21-[\d-]+/.exec(stdout)?.[0] ?? ''
    await using first = open()
    await first.mkdir('private')
    const all = 'OICI;0x1f01ff;;;'
    await server.permit('docs', 'private', `O:BAG:BAD:P(A;${all}SY)(A;${all}BA)(A;${all}${sid})`)
    await first.writeFile('private/diary.txt', 'of alice')
    await first.writeFile('public.txt', 'of all')
    const bob = userOf(realm, 'bob')
    const made = way.made
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        // Each object that acts as a user has a session of its own.
        const user: ShareUser = { contextFor: (spn, how) => (i % 2 === 0 ? alice : bob).contextFor(spn, how) }
        const share = open({ as: user })
        try {
          expect(await share.readFile('public.txt', 'utf8')).toBe('of all')
          return await share.readFile('private/diary.txt', 'utf8').catch((error: unknown) => Object(error).code)
        } finally {
          await share.close()
        }
      }),
    )
    expect(answers).toEqual(Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 'of alice' : 'EACCES')))
    expect(way.made - made).toBe(0)
    expect(way.open).toBe(1)
  }, 60_000)

  test('a quarter of a gigabyte goes both ways in flat memory, with equal hashes', async () => {
    await using share = open()
    const [there, back] = [createHash('sha256'), createHash('sha256')]
    const source = Readable.from(
      (function* () {
        for (let i = 0; i < 256; i++) {
          const part = contents.subarray((i % 16) * MEBIBYTE, (i % 16) * MEBIBYTE + MEBIBYTE - i)
          there.update(part)
          yield part
        }
      })(),
    )
    const before = process.memoryUsage()
    await pipeline(source, share.createWriteStream('large'))
    let [highest, count] = [0, 0]
    for await (const part of share.createReadStream('large')) {
      back.update(part)
      if (count++ % 16 === 0) highest = Math.max(highest, process.memoryUsage().arrayBuffers)
    }
    expect(back.digest('hex')).toBe(there.digest('hex'))
    // Frames that wait for the garbage collector are counted too.
    expect((highest - before.arrayBuffers) / MEBIBYTE).toBeLessThan(128)
    await share.rm('large')
  }, 120_000)

  test('streams, attributes and times are the same for smbclient', async () => {
    await using share = open({ streams: true })
    await share.writeFile('both.txt', 'contents')
    await share.writeFile('both.txt:notes', 'in a stream')
    await share.utimes('both.txt', 1_000_000_000, 1_100_000_000)
    const told = await smbclient(info, server, 'docs', 'setmode both.txt +rh', 'allinfo both.txt')
    expect(told).toMatch(/write_time:\s+Tue Nov\s+9 \S+ 2004/)
    expect(told).toMatch(/stream: \[:notes:\$DATA\], 11 bytes/)
    const { attributes, mtimeMs, atimeMs } = await share.stat('both.txt')
    expect({ bits: attributes & 0x3, mtimeMs, atimeMs }).toEqual({ bits: 3, mtimeMs: 1.1e12, atimeMs: 1e12 })
    await expect(share.writeFile('both.txt', 'x')).rejects.toMatchObject({ code: 'EACCES' })
    writeFileSync(join(info.directory, 'stream-of-smbclient'), 'written by smbclient')
    await smbclient(info, server, 'docs', 'setmode both.txt -rh', 'put stream-of-smbclient both.txt:theirs')
    expect(await share.readFile('both.txt:theirs', 'utf8')).toBe('written by smbclient')
    expect(await share.readFile('both.txt:notes', 'utf8')).toBe('in a stream')
    const listed = await smbclient(
      info,
      server,
      'docs',
      'utimes both.txt 2001:02:03-04:05:06 -1 2002:03:04-05:06:07 -1',
    )
    expect(listed).not.toContain('NT_STATUS')
    const later = await share.stat('both.txt')
    expect([later.birthtime.getFullYear(), later.mtime.getFullYear()]).toEqual([2001, 2002])
  })

  test('a ticket that ends in the middle of a transfer is replaced in the same session', async () => {
    let [ahead, asked] = [0, 0]
    const renewing: ShareUser = {
      contextFor: (spn, options) => {
        asked++
        return alice.contextFor(spn, options)
      },
    }
    await using share = open({ as: renewing, now: () => Date.now() + ahead })
    await share.writeFile('long.bin', contents)
    const made = way.made
    const back = createHash('sha256')
    let parts = 0
    for await (const part of share.createReadStream('long.bin')) {
      // Its clock runs ahead, so that the session thinks that its ticket is about to end.
      if (parts++ === 4) ahead = 24 * 3_600_000
      back.update(part)
    }
    expect(back.digest('hex')).toBe(createHash('sha256').update(contents).digest('hex'))
    // Each request asks once more now: the new ticket is as old as the clock says.
    expect(asked).toBeGreaterThanOrEqual(2)
    expect(way.made - made).toBe(0)
  })

  describe('whose server is in trouble', () => {
    test('a stopped server is given up after the time limit, and asked again when it goes on', async () => {
      await using share = open({ timeLimit: 1_500 })
      await share.writeFile('slow.txt', 'slow')
      const file = await share.open('slow.txt')
      server.pause(true)
      try {
        const reading = file.read(Buffer.alloc(4), 0, 4, 0)
        await expect(reading).rejects.toMatchObject({
          name: 'FileServerUnreachableError',
          code: 'ETIMEDOUT',
          status: 504,
        })
        await expect(share.readFile('slow.txt')).rejects.toMatchObject({
          name: 'FileServerUnreachableError',
          code: 'ETIMEDOUT',
        })
      } finally {
        server.pause(false)
      }
      await file.close()
      expect(await share.readFile('slow.txt', 'utf8')).toBe('slow')
    })

    test('a server that is killed in the middle of a transfer ends both streams', async () => {
      await using share = open()
      await share.writeFile('killed.bin', contents)
      const reading = share.createReadStream('killed.bin', { highWaterMark: 65_536 })
      const writing = share.createWriteStream('killed.new')
      let parts = 0
      const endless = Readable.from(
        (function* () {
          for (;;) yield contents.subarray(0, MEBIBYTE)
        })(),
      )
      const written = pipeline(endless, writing)
      const lost = { name: 'FileServerUnreachableError', code: 'ECONNRESET' }
      written.catch(() => {})
      const read = (async () => {
        for await (const part of reading) if (part.length > 0 && parts++ === 8) await server.kill()
      })()
      await expect(read).rejects.toMatchObject(lost)
      await expect(written).rejects.toMatchObject(lost)
      await server.start()
      expect((await share.readFile('killed.bin')).equals(contents)).toBe(true)
    }, 60_000)

    test('a server that grants few credits carries many and large requests', async () => {
      await using poor = await startFileServer(realm, 'CORP', `${info.block}.88`, {
        shares: { docs: {} },
        settings: { 'smb2 max credits': '8' },
      })
      await using share = openShare(`\\\\${poor.host}\\docs`, { as: alice, address: poor.address })
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => share.writeFile(`file${i}`, contents.subarray(0, 200_000 + i))),
      )
      const read = await Promise.all(Array.from({ length: 40 }, (_, i) => share.readFile(`file${i}`)))
      expect(read.map((octets, i) => octets.equals(contents.subarray(0, 200_000 + i)))).toEqual(read.map(() => true))
    }, 60_000)
  })

  /** A disk of its own needs a mount, which not each container may make. */
  const canMount = ((): boolean => {
    try {
      const probe = mkdtempSync(join(info.directory, 'mount-'))
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', probe], { stdio: 'ignore' })
      execFileSync('umount', [probe], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })()

  if (canMount)
    test('a disk that is full is ENOSPC, for a whole file and in a stream', async () => {
      const folder = server.folderOf('full')
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=1777', 'tmpfs', folder])
      try {
        await using share = open({}, 'full')
        const full = {
          name: 'FileError',
          code: 'ENOSPC',
          ntStatus: 'STATUS_DISK_FULL',
          hint: 'The disk of the file server is full.',
        }
        await expect(share.writeFile('whole.bin', contents)).rejects.toMatchObject(full)
        const parts = Array.from({ length: 16 }, (_, i) => contents.subarray(i * MEBIBYTE, (i + 1) * MEBIBYTE))
        await expect(pipeline(Readable.from(parts), share.createWriteStream('stream.bin'))).rejects.toMatchObject(full)
        await share.rm('whole.bin')
        await share.rm('stream.bin')
        await share.writeFile('small.txt', 'there is room again')
        expect(await share.readFile('small.txt', 'utf8')).toBe('there is room again')
      } finally {
        execFileSync('umount', ['-l', folder])
      }
    })
})
