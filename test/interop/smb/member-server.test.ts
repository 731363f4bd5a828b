import { createNegotiator } from '@s4u/negotiate'
import { openShare, type Share, type ShareUser } from '@s4u/smb'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { delegatingService } from './delegating-service.js'
import { type MemberServer, startMemberServer } from './member-server.js'
import { userOf } from './share-users.js'

await describeRealms('files of a member of a domain', ['CORP', 'file-server'], (info) => {
  const realm = realmOf(info, 'CORP')
  let server: MemberServer

  beforeAll(async () => {
    server = await startMemberServer(realm, 'CORP', `${info.block}.93`)
  }, 120_000)
  afterAll(() => server?.[Symbol.asyncDispose]())

  const open = (user: ShareUser, options: object = {}): Share =>
    openShare(`\\\\${server.host}\\docs`, { as: user, address: server.address, ...options })

  test('the domain trusts the server, and the server knows its users', async () => {
    expect(await server.run('net', 'ads', 'testjoin')).toContain('Join is OK')
  })

  test.each([{}, { encrypt: true }])('are written by alice, who is a user of the domain, with %j', async (options) => {
    await using share = open(userOf(realm, 'alice'), options)
    await share.writeFile('hello.txt', 'hello')
    expect(await share.readFile('hello.txt', 'utf8')).toBe('hello')
    expect(server.log()).toContain('[CORP]\\[alice]')
  })

  test('that are hers by permissions of Windows are read by alice, and bob gets EACCES', async () => {
    const { stdout } = await sambaTool(realm, 'user', 'show', 'alice', '--attributes=objectSid')
    const sid = /S-1-5-21-[\d-]+/.exec(stdout)?.[0] ?? ''
    await using hers = open(userOf(realm, 'alice'))
    await hers.mkdir('alice')
    const permissions = `O:BAG:BAD:P(A;OICI;0x1f01ff;;;BA)(A;OICI;0x1f01ff;;;${sid})`
    await server.run('samba-tool', 'ntacl', 'set', permissions, join(server.folder, 'alice'), '--use-s3fs')
    await hers.writeFile('alice/diary.txt', 'mine')
    expect(await hers.readFile('alice/diary.txt', 'utf8')).toBe('mine')
    await using his = open(userOf(realm, 'bob'))
    const denied = { name: 'FileError', code: 'EACCES', ntStatus: 'STATUS_ACCESS_DENIED', status: 403 }
    await expect(his.readFile('alice/diary.txt')).rejects.toMatchObject({ ...denied, path: 'alice/diary.txt' })
    await expect(his.readdir('alice')).rejects.toMatchObject(denied)
    await expect(his.writeFile('alice/new.txt', 'his')).rejects.toMatchObject(denied)
    await his.writeFile('of-bob.txt', 'his')
    const diary = join(server.folder, 'alice/diary.txt')
    expect(await server.run('samba-tool', 'ntacl', 'get', diary, '--as-sddl', '--use-s3fs')).toContain(`O:${sid}`)
  })

  test('are read by a service as its caller, and for a sensitive user it is refused before the wire', async () => {
    await using service = await delegatingService(realm, 'svc-member', [`cifs/${server.host}`])
    using negotiator = createNegotiator({
      keytab: service.keytab,
      kdc: `${realm.kdc.host}:${realm.kdc.port}`,
      service: service.spn,
      delegation: { principal: service.principal, protocolTransition: true },
    })
    using caller = (await negotiator.identityFor('bob')).impersonate()
    await using share = open(caller)
    await share.writeFile('by-service.txt', 'written by a service, as bob')
    expect(await share.readFile('by-service.txt', 'utf8')).toBe('written by a service, as bob')
    await expect(share.readFile('alice/diary.txt')).rejects.toMatchObject({ code: 'EACCES' })
    expect(server.log()).toContain('[CORP]\\[bob]')
    using sensitive = (await negotiator.identityFor('carol')).impersonate()
    await expect(open(sensitive).readFile('by-service.txt')).rejects.toMatchObject({ name: 'DelegationRefusedError' })
    expect(server.log()).not.toContain('[CORP]\\[carol]')
  })
})
