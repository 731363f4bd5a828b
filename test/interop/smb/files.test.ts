import { createNegotiator } from '@s4u/negotiate'
import { openShare, type Share, type ShareOptions, type ShareUser } from '@s4u/smb'
import { statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { delegatingService } from './delegating-service.js'
import { type FileServer, startFileServer } from './file-server.js'
import { userOf } from './share-users.js'

/** Files of a real Samba, as users whose tickets come from its own KDC. */
for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`files of ${key}`, [key, 'file-server'], (info) => {
    const realm = realmOf(info, key)
    const { kdc } = realm
    const kdcAddress = `${kdc.host}:${kdc.port}`
    let server: FileServer
    let alice: ShareUser
    let bob: ShareUser

    beforeAll(async () => {
      const shares = { docs: {}, sealed: { 'smb encrypt': 'required' }, dfs: { 'msdfs root': 'yes' } }
      server = await startFileServer(realm, key, `${info.block}.${key === 'CORP' ? 44 : 45}`, { shares })
      alice = userOf(realm, 'alice')
      bob = userOf(realm, 'bob')
    }, 60_000)
    afterAll(() => server?.[Symbol.asyncDispose]())

    function open(user: ShareUser, share = 'docs', options: Partial<ShareOptions> = {}): Share {
      return openShare(`\\\\${server.host}\\${share}`, { as: user, address: server.address, ...options })
    }

    const ways: readonly Partial<ShareOptions>[] = [
      {},
      { encrypt: true },
      { dialects: ['3.0.2'] },
      { dialects: ['3.0.2'], encrypt: true },
      { dialects: ['3.0'] },
      { dialects: ['3.0'], encrypt: true },
      { dialects: ['2.1'] },
      { signing: ['aes-128-gmac'] },
      { signing: ['aes-128-cmac'] },
      { signing: ['hmac-sha256'] },
      { ciphers: ['aes-128-ccm'], encrypt: true },
      { ciphers: ['aes-128-gcm'], encrypt: true },
      { ciphers: ['aes-256-ccm'], encrypt: true },
      { ciphers: ['aes-256-gcm'], encrypt: true },
    ]
    test.each(ways)('are written, read, listed and described with %j', async (options) => {
      await using share = open(alice, 'docs', options)
      const name = `way-${ways.indexOf(options)}`
      const contents = Buffer.from(Array.from({ length: 300_001 }, (_, i) => i % 251))
      await share.mkdir(name)
      await share.writeFile(`${name}/large`, contents)
      await share.writeFile(`${name}/small.txt`, 'größer als nichts')
      expect((await share.readFile(`${name}/large`)).equals(contents)).toBe(true)
      expect(await share.readFile(`${name}/small.txt`, 'utf8')).toBe('größer als nichts')
      expect((await share.readdir(name)).sort()).toEqual(['large', 'small.txt'])
      const stats = await share.stat(`${name}/large`)
      expect(stats).toMatchObject({ size: 300_001, nlink: 1 })
      expect(Math.abs(stats.mtimeMs - statSync(join(server.folderOf('docs'), name, 'large')).mtimeMs)).toBeLessThan(2)
      await share.rm(name, { recursive: true })
      expect(await share.readdir('')).not.toContain(name)
    })

    test('of a share that wants encryption are encrypted unasked', async () => {
      await using share = open(alice, 'sealed')
      await share.writeFile('secret.txt', 'sealed')
      expect(await share.readFile('secret.txt', 'utf8')).toBe('sealed')
      await using old = open(alice, 'sealed', { dialects: ['2.1'] })
      await expect(old.readFile('secret.txt')).rejects.toMatchObject({ code: 'EACCES' })
    })

    test('of a root of DFS are read and changed, and a link to another server is told and not followed', async () => {
      symlinkSync('msdfs:other.corp.test\\\\share', join(server.folderOf('dfs'), 'elsewhere'))
      await using share = open(alice, 'dfs')
      await share.mkdir('folder')
      await share.writeFile('folder/one.txt', 'one')
      await share.rename('folder/one.txt', 'folder/two.txt')
      await share.copyFile('folder/two.txt', 'three.txt')
      expect(await share.readFile('three.txt', 'utf8')).toBe('one')
      expect(await share.readdir('folder')).toEqual(['two.txt'])
      await expect(share.readFile('elsewhere/file.txt')).rejects.toMatchObject({
        code: 'EXDEV',
        ntStatus: 'STATUS_PATH_NOT_COVERED',
        hint: 'The path lies on another server or disk. Links of DFS are followed to the servers in the option dfsTargets.',
      })
    })

    describe('with permissions of Windows', () => {
      const everyone = '(A;OICI;0x1f01ff;;;SY)(A;OICI;0x1f01ff;;;BA)'

      test('alice reads hers, and bob gets EACCES', async () => {
        const { stdout } = await sambaTool(realm, 'user', 'show', 'alice', '--attributes=objectSid')
        const sid = /S-1-5-21-[\d-]+/.exec(stdout)?.[0] ?? ''
        await using hers = open(alice)
        await hers.mkdir('alice')
        await server.permit('docs', 'alice', `O:BAG:BAD:P${everyone}(A;OICI;0x1f01ff;;;${sid})`)
        await hers.writeFile('alice/diary.txt', 'mine')
        expect(await hers.readFile('alice/diary.txt', 'utf8')).toBe('mine')
        await hers.access('alice/diary.txt', 6)
        await using his = open(bob)
        const denied = { name: 'FileError', code: 'EACCES', ntStatus: 'STATUS_ACCESS_DENIED', status: 403 }
        await expect(his.readFile('alice/diary.txt')).rejects.toMatchObject({ ...denied, path: 'alice/diary.txt' })
        await expect(his.readdir('alice')).rejects.toMatchObject({ ...denied, syscall: 'scandir' })
        await expect(his.writeFile('alice/new.txt', 'his')).rejects.toMatchObject(denied)
        await expect(his.rm('alice', { recursive: true })).rejects.toMatchObject({ code: 'EACCES' })
        const descriptor = await hers.securityDescriptor('alice/diary.txt')
        expect(Buffer.from(descriptor).readUInt16LE(2) & 0x8000).toBe(0x8000)
      })

      test('the log of the server names alice', async () => {
        await using share = open(alice)
        await share.stat('')
        expect(server.log()).toContain(`[${key}]\\[alice]`)
      })
    })

    test('are read as a caller whom a service may act as, and a sensitive user is refused before the wire', async () => {
      const account = `svc-files-${key.toLowerCase()}`
      await using service = await delegatingService(realm, account, [`cifs/${server.host}`])
      using negotiator = createNegotiator({
        keytab: service.keytab,
        kdc: kdcAddress,
        service: service.spn,
        delegation: { principal: service.principal, protocolTransition: true },
      })
      using caller = (await negotiator.identityFor('bob')).impersonate()
      await using share = open(caller)
      await share.writeFile('of-bob.txt', 'written by a service, as bob')
      expect(await share.readFile('of-bob.txt', 'utf8')).toBe('written by a service, as bob')
      expect(server.log()).toContain(`[${key}]\\[bob]`)
      using sensitive = (await negotiator.identityFor('carol')).impersonate()
      const refused = open(sensitive).readFile('of-bob.txt')
      await expect(refused).rejects.toMatchObject({ name: 'DelegationRefusedError' })
      expect(server.log()).not.toContain(`[${key}]\\[carol]`)
    })
  })
}
