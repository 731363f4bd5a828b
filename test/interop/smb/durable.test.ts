import { openShare, type Share, type ShareOptions } from '@s4u/smb'
import { createHash, randomFillSync } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type Way, wayTo } from './cut-connections.js'
import { type FileServer, startFileServer } from './file-server.js'
import { userOf } from './share-users.js'

/** Samba keeps files of lost connections only where it alone looks after them. */
const KEPT = { 'kernel oplocks': 'no', 'kernel share modes': 'no', 'posix locking': 'no' }

const servers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'that grants leases': {},
  'that knows oplocks alone': { 'smb2 leases': 'no' },
  // It hands each further connection of a client to the process of the first one.
  'with several channels': { 'server multi channel support': 'yes' },
}

/** Connections that are lost while files are open. */
await describeRealms('open files of a real Samba', ['CORP', 'file-server'], (info) => {
  const realm = realmOf(info, 'CORP')
  const alice = userOf(realm, 'alice')

  describe.each(Object.keys(servers))('%s', (kind) => {
    let server: FileServer
    let way: Way
    let share: Share

    beforeAll(async () => {
      const address = `${info.block}.${85 + Object.keys(servers).indexOf(kind)}`
      const shares = { kept: KEPT, docs: { 'durable handles': 'no' } }
      server = await startFileServer(realm, 'CORP', address, { shares, settings: servers[kind] })
      way = await wayTo(server.address)
      share = open('kept')
    }, 60_000)
    afterAll(async () => {
      await share?.close()
      await way?.[Symbol.asyncDispose]()
      await server?.[Symbol.asyncDispose]()
    })

    function open(name: string, options: Partial<ShareOptions> = {}): Share {
      const here = { address: '127.0.0.1', port: way.port }
      return openShare(`\\\\${server.host}\\${name}`, { as: alice, ...here, ...options })
    }
    const direct = (): Share => openShare(`\\\\${server.host}\\kept`, { as: alice, address: server.address })

    const contents = randomFillSync(Buffer.alloc(24 * 1024 * 1024))
    const hash = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex')

    test.each<Partial<ShareOptions>>([{}, { encrypt: true }, { dialects: ['3.0'] }])(
      'go on where they were, read and written, with %j',
      async (options) => {
        await using own = open('kept', options)
        const [made, cuts] = [way.made, [3, 9, 17]]
        await pipeline(
          Readable.from(
            (function* () {
              for (let i = 0; i < 24; i++) {
                if (cuts.includes(i)) way.cut()
                yield contents.subarray(i * 1024 * 1024, (i + 1) * 1024 * 1024)
              }
            })(),
          ),
          own.createWriteStream('written'),
        )
        expect(hash(readFileSync(join(server.folderOf('kept'), 'written')))).toBe(hash(contents))
        const back = createHash('sha256')
        let parts = 0
        for await (const part of own.createReadStream('written')) {
          if (cuts.includes(parts++)) way.cut()
          back.update(part)
        }
        expect(back.digest('hex')).toBe(hash(contents))
        expect(way.made - made).toBeGreaterThanOrEqual(5)
      },
      30_000,
    )

    test('are described, cut and written after several losses, each in the same place', async () => {
      const file = await share.open('handle.txt', 'w+')
      await file.write('0123456789')
      for (const step of [() => file.truncate(5), () => file.sync(), () => file.stat(), () => file.write('ab')]) {
        way.cut()
        await step()
      }
      way.cut()
      const { bytesRead, buffer } = await file.read(Buffer.alloc(20), 0, 20, 0)
      expect(buffer.toString('latin1', 0, bytesRead)).toBe('01234\0\0\0\0\0ab')
      way.cut()
      await file.close()
      await share.rm('handle.txt')
    })

    test('are found again each time that the server has not seen the loss', async () => {
      const file = await share.open('unseen.txt', 'w+')
      for (const letter of 'abcd') {
        await file.write(letter)
        way.cutUnseen()
      }
      const { bytesRead, buffer } = await file.read(Buffer.alloc(8), 0, 8, 0)
      expect(buffer.toString('latin1', 0, bytesRead)).toBe('abcd')
      await file.close()
      await share.rm('unseen.txt')
    })

    test('are found again when the way is open again, and not later than the time limit', async () => {
      await using own = open('kept', { timeLimit: 2_000 })
      await own.writeFile('patient.txt', 'still there')
      const file = await own.open('patient.txt')
      way.block(true)
      way.cut()
      const reading = file.read(Buffer.alloc(11), 0, 11, 0)
      setTimeout(() => way.block(false), 300)
      expect((await reading).buffer.toString()).toBe('still there')
      way.block(true)
      way.cut()
      await expect(file.read(Buffer.alloc(11), 0, 11, 0)).rejects.toMatchObject({ code: 'ECONNRESET' })
      way.block(false)
      await file.close()
    })

    test('of a share that keeps none end with their connection', async () => {
      await using docs = open('docs')
      await docs.writeFile('there.txt', 'there')
      const file = await docs.open('there.txt')
      way.cut()
      const lost = { name: 'FileServerUnreachableError', code: 'ECONNRESET' }
      await expect(file.read(Buffer.alloc(5))).rejects.toMatchObject(lost)
      await expect(file.read(Buffer.alloc(5))).rejects.toMatchObject(lost)
      await file.close()
      expect(await docs.readFile('there.txt', 'utf8')).toBe('there')
    })

    test('end where another file has taken their place meanwhile', async () => {
      const folder = server.folderOf('kept')
      await share.writeFile('mine.txt', 'mine')
      const file = await share.open('mine.txt')
      way.block(true)
      way.cut()
      writeFileSync(join(folder, 'other.txt'), 'other')
      renameSync(join(folder, 'other.txt'), join(folder, 'mine.txt'))
      way.block(false)
      await expect(file.read(Buffer.alloc(5))).rejects.toMatchObject({ code: 'ECONNRESET' })
      await file.close()
    })

    test('keep no other client waiting, and end with the next loss', async () => {
      await share.writeFile('shared.txt', 'shared')
      const file = await share.open('shared.txt', 'r+')
      await using other = direct()
      const began = performance.now()
      await other.rename('shared.txt', 'moved.txt')
      await other.writeFile('moved.txt', 'changed by another client')
      await other.rm('moved.txt')
      // A server waits for 35 seconds until a client gives up what it has taken back.
      expect(performance.now() - began).toBeLessThan(20_000)
      way.cut()
      await expect(file.read(Buffer.alloc(5), 0, 5, 0)).rejects.toMatchObject({ code: 'ECONNRESET' })
      await file.close()
    }, 60_000)
  })
})
