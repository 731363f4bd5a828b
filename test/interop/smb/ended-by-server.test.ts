import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { Keytab } from '@s4u/krb5'
import { openShare, type Share, type ShareOptions, type ShareUser } from '@s4u/smb'
import { createHash, randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { resigning } from '../diagnosis/resigning.js'
import { type Way, wayTo } from './cut-connections.js'
import { type FileServer, startFileServer } from './file-server.js'
import { userOf } from './share-users.js'

const MEBIBYTE = 1024 * 1024

/** How long the short tickets last; milliseconds. */
const BRIEF = 4_000

/** Tickets that end, and shares that are closed, while files are in use. */
await describeRealms('what a real Samba ends while it is in use', ['CORP', 'file-server'], (info) => {
  const realm = realmOf(info, 'CORP')
  const alice = userOf(realm, 'alice')
  const contents = randomFillSync(Buffer.alloc(16 * MEBIBYTE))
  const hash = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex')

  describe.each(['no', 'yes'])('with multichannel: %s', (multichannel) => {
    let server: FileServer
    let way: Way

    beforeAll(async () => {
      server = await startFileServer(realm, 'CORP', `${info.block}.${multichannel === 'no' ? 91 : 92}`, {
        shares: { docs: {} },
        settings: { 'server multi channel support': multichannel },
      })
      way = await wayTo(server.address)
    }, 60_000)
    afterAll(async () => {
      await way?.[Symbol.asyncDispose]()
      await server?.[Symbol.asyncDispose]()
    })

    function open(user: ShareUser, options: Partial<ShareOptions> = {}): Share {
      return openShare(`\\\\${server.host}\\docs`, { as: user, address: '127.0.0.1', port: way.port, ...options })
    }

    /** Its first ticket ends soon, and those that are asked for afresh last. */
    function briefUser(): ShareUser & { readonly asked: readonly boolean[] } {
      const { principal, password } = realm.users.alice
      const kdc = resigning(realm.kdc, Keytab.decode(readFileSync(realm.everyKey ?? '')), {
        // Samba gives no ticket-granting ticket that ends so soon.
        body: (body) =>
          body.sname?.nameString[0] === 'krbtgt'
            ? body
            : { ...body, till: Math.floor((Date.now() + BRIEF) / 1_000) * 1_000 },
      })
      const brief = createKdcClient({ kdc, credentials: { principal, password } })
      const asked: boolean[] = []
      return {
        asked,
        contextFor: async (spn, options = {}) => {
          asked.push(options.fresh === true)
          if (asked.length > 1) return alice.contextFor(spn, options)
          return createInitiator({ ticket: await brief.ticketFor(spn), now: Date.now })
        },
      }
    }
    // Its clock is late, so that it hears from the server that the ticket has ended.
    const late = { now: () => Date.now() - 3_600_000 }

    test.each<Partial<ShareOptions>>([{}, { encrypt: true }])(
      'a ticket that ends in the middle of a transfer is replaced in the same session, with %j',
      async (options) => {
        const user = briefUser()
        await using share = open(user, { ...late, ...options })
        const began = Date.now()
        const waiting = async (): Promise<void> => sleep(began + BRIEF + 1_500 - Date.now())
        const source = Readable.from(
          (async function* () {
            for (let i = 0; i < 16; i++) {
              if (i === 8) await waiting()
              yield contents.subarray(i * MEBIBYTE, (i + 1) * MEBIBYTE)
            }
          })(),
        )
        await pipeline(source, share.createWriteStream('written'))
        expect(hash(readFileSync(join(server.folderOf('docs'), 'written')))).toBe(hash(contents))
        expect(user.asked).toEqual([false, true])

        const reader = briefUser()
        await using other = open(reader, { ...late, ...options })
        const [back, start, made] = [createHash('sha256'), Date.now(), way.made]
        let parts = 0
        for await (const part of other.createReadStream('written')) {
          if (parts++ === 4) await sleep(start + BRIEF + 1_500 - Date.now())
          back.update(part)
        }
        expect(back.digest('hex')).toBe(hash(contents))
        expect(reader.asked).toEqual([false, true])
        expect(way.made).toBe(made)
      },
      60_000,
    )

    test('a share that an administrator closes is connected to again, and its open files have ended', async () => {
      await using share = open(alice)
      await share.writeFile('there.txt', 'there')
      const file = await share.open('there.txt')
      const made = way.made
      await server.control('close-share', 'docs')
      const ended = { name: 'FileError', code: expect.stringMatching(/^(?:ECONNRESET|EBADF)$/) }
      // The message is on its way to the process of this connection.
      await expect
        .poll(() => file.read(Buffer.alloc(5), 0, 5, 0).catch((error: unknown) => error), { timeout: 20_000 })
        .toMatchObject(ended)
      await expect(file.read(Buffer.alloc(5), 0, 5, 0)).rejects.toMatchObject(ended)
      await file.close()
      await server.control('close-share', 'docs')
      for (let i = 0; i < 20; i++) expect(await share.readFile('there.txt', 'utf8')).toBe('there')
      expect(way.made).toBe(made)
    })

    test.each<Partial<ShareOptions>>([{}, { encrypt: true }])(
      'a connection that an administrator ends is made again with its session, and its open files are there, with %j',
      async (options) => {
        await using share = open(alice, options)
        await share.writeFile('there.txt', 'there')
        const file = await share.open('there.txt')
        const made = way.made
        // All clients of this address; the way to the server has it.
        await server.control('kill-client-ip', '127.0.0.1')
        await expect.poll(() => way.open, { timeout: 20_000 }).toBe(0)
        const { buffer } = await file.read(Buffer.alloc(5), 0, 5, 0)
        expect(buffer.toString()).toBe('there')
        await file.close()
        expect(await share.readFile('there.txt', 'utf8')).toBe('there')
        expect(way.made).toBe(made + 1)
      },
    )
  })
})
