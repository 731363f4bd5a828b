import { openShare, type Share, type ShareOptions, type ShareUser } from '@s4u/smb'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type FileServer, startFileServer } from './file-server.js'
import { userOf } from './share-users.js'

/** Links of DFS from one Samba to another one. */
await describeRealms('links of DFS', ['CORP', 'file-server'], (info) => {
  const realm = realmOf(info, 'CORP')
  const other = `files2.${realm.domain}`
  const spn = `cifs/${other}`
  let first: FileServer
  let second: FileServer
  const asked: string[] = []
  const alice = userOf(realm, 'alice')
  const user: ShareUser = {
    contextFor: (service, options) => {
      asked.push(service)
      return alice.contextFor(service, options)
    },
  }

  beforeAll(async () => {
    await sambaTool(realm, 'spn', 'add', spn, 'DC1$')
    first = await startFileServer(realm, 'CORP', `${info.block}.52`, { shares: { dfs: { 'msdfs root': 'yes' } } })
    second = await startFileServer(realm, 'CORP', `${info.block}.53`, { shares: { docs: {} } })
    const link = (name: string, ...targets: readonly string[]): void =>
      symlinkSync(`msdfs:${targets.join(',')}`, join(first.folderOf('dfs'), name))
    link('elsewhere', `${other}\\docs`)
    link('failover', `gone.${realm.domain}\\docs`, `${other}\\docs`)
    link('loop', `${first.host}\\dfs\\loop`)
    link('pipes', `${first.host}\\IPC$`)
    link('stranger', 'files.evil.example\\docs')
  }, 60_000)
  afterAll(async () => {
    await sambaTool(realm, 'spn', 'delete', spn)
    await first?.[Symbol.asyncDispose]()
    await second?.[Symbol.asyncDispose]()
  })

  function open(options: Partial<ShareOptions> = {}): Share {
    const dfsTargets = [
      { host: other, address: second.address },
      { host: `gone.${realm.domain}`, address: `${info.block}.54` },
    ]
    return openShare(`\\\\${first.host}\\dfs`, { as: user, address: first.address, dfsTargets, ...options })
  }

  test('are followed to a server that is allowed, with a ticket for it', async () => {
    await using share = open()
    await share.mkdir('elsewhere/folder')
    await share.writeFile('elsewhere/folder/Größe.txt', 'behind a link')
    expect(await share.readFile('elsewhere/folder/Größe.txt', 'utf8')).toBe('behind a link')
    await using direct = openShare(`\\\\${other}\\docs`, { as: alice, address: second.address })
    expect(await direct.readFile('folder/Größe.txt', 'utf8')).toBe('behind a link')
    expect(await share.readdir('elsewhere')).toEqual(['folder'])
    const [entry] = await share.readdir('elsewhere/folder', { withFileTypes: true })
    expect(entry).toMatchObject({ name: 'Größe.txt', parentPath: 'elsewhere/folder' })
    await share.rename('elsewhere/folder/Größe.txt', 'elsewhere/moved.txt')
    await share.copyFile('ELSEWHERE\\moved.txt', 'elsewhere/copy.txt')
    expect(await text(share.createReadStream('elsewhere/copy.txt'))).toBe('behind a link')
    expect((await share.stat('elsewhere/copy.txt')).size).toBe(13)
    await share.rm('elsewhere/copy.txt')
    expect(new Set(asked)).toEqual(new Set([`cifs/${first.host}`, spn]))
  })

  test('tell the path of the caller where the server behind them says no', async () => {
    await using share = open()
    for (let i = 0; i < 2; i++) {
      const missing = share.readFile('elsewhere/nowhere.txt')
      await expect(missing).rejects.toMatchObject({ code: 'ENOENT', path: 'elsewhere/nowhere.txt', status: 404 })
    }
    await share.writeFile('elsewhere/here.txt', 'x')
    await expect(share.rename('elsewhere/here.txt', 'here.txt')).rejects.toMatchObject({ code: 'EXDEV' })
  })

  test('lead to the next target where the first one is not there', async () => {
    await using share = open({ timeLimit: 5_000 })
    await share.writeFile('failover/saved.txt', 'saved')
    expect(await share.readFile('elsewhere/saved.txt', 'utf8')).toBe('saved')
  })

  test('lead to no server that the app has not allowed, which gets no ticket', async () => {
    asked.length = 0
    await using share = open()
    await expect(share.readFile('stranger/x')).rejects.toMatchObject({
      code: 'EXDEV',
      hint: expect.stringContaining('\\\\files.evil.example\\docs'),
    })
    await using none = open({ dfsTargets: [] })
    await expect(none.readFile('elsewhere/folder/x')).rejects.toMatchObject({ code: 'EXDEV' })
    expect(asked.filter((service) => service !== `cifs/${first.host}`)).toEqual([])
  })

  test('of a domain begin where a controller says, and the next one is asked where the first is not there', async () => {
    asked.length = 0
    const dfsControllers = [
      { host: `gone.${realm.domain}`, address: `${info.block}.54` },
      { host: first.host, address: first.address },
    ]
    await using share = openShare(`\\\\${realm.domain}\\dfs`, {
      ...{ as: user, dfsControllers, timeLimit: 5_000 },
      dfsTargets: [{ host: other, address: second.address }],
    })
    await share.writeFile('of-the-domain.txt', 'at its root')
    expect(await share.readFile('of-the-domain.txt', 'utf8')).toBe('at its root')
    await share.writeFile('elsewhere/of-the-domain.txt', 'behind a link')
    expect(await share.readFile('elsewhere/of-the-domain.txt', 'utf8')).toBe('behind a link')
    expect((await share.shares()).map(({ name }) => name)).toContain('dfs')
    await using folder = openShare(`\\\\${realm.domain}\\dfs\\elsewhere`, {
      ...{ as: user, dfsControllers: dfsControllers.slice(1) },
      dfsTargets: [{ host: other, address: second.address }],
    })
    expect(await folder.readFile('of-the-domain.txt', 'utf8')).toBe('behind a link')
    expect(asked).not.toContain(`cifs/${realm.domain}`)
    await using none = openShare(`\\\\${realm.domain}\\nowhere`, { as: user, dfsControllers: dfsControllers.slice(1) })
    await expect(none.readFile('x')).rejects.toMatchObject({
      name: 'FileError',
      code: 'ENOENT',
      syscall: 'open',
      path: 'x',
    })
  })

  test('lead to no pipes: there the user would give orders to services of the server', async () => {
    const controller = { host: first.host, address: first.address }
    await using ofDomain = openShare(`\\\\${realm.domain}\\dfs`, { as: user, dfsControllers: [controller] })
    await using named = open()
    for (const share of [ofDomain, named])
      await expect(share.writeFile('pipes/srvsvc', 'an order')).rejects.toMatchObject({
        code: 'ENOTSUP',
        ntStatus: 'STATUS_NOT_SUPPORTED',
      })
  })

  test('that lead round in a circle come to an end', async () => {
    await using share = open()
    await expect(share.readFile('loop/x')).rejects.toMatchObject({ code: 'ELOOP', path: 'loop/x' })
  })
})
