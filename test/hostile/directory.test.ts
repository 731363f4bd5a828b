import { openDirectory, type Directory } from '@s4u/directory'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  bindDone,
  DOMAIN_DN,
  done,
  element,
  entry,
  FakeController,
  type Lies,
  message,
  reference,
  sized,
} from './fake-controller.js'

const ended: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

async function fakeWith(lies: Lies): Promise<FakeController> {
  const fake = await FakeController.start('dc1.corp.test', lies)
  ended.push(() => fake[Symbol.asyncDispose]())
  return fake
}

function open(fake: FakeController, options: { timeLimit?: number; idleTimeout?: number } = {}): Directory {
  const directory = openDirectory({ client: fake.client, servers: fake.server, timeLimit: 2_000, ...options })
  ended.push(() => directory.close())
  return directory
}

async function refusalBy(lies: Lies, options = {}): Promise<unknown> {
  const fake = await fakeWith(lies)
  return open(fake, options)
    .search({ filter: '(cn=alice)', pageSize: 10 })
    .all()
    .catch((error: unknown) => error)
}

test('names of controllers that DNS makes up are told once, and not once for each', async () => {
  const fake = await fakeWith({})
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  ended.push(() => warned.mockRestore())
  for (const round of [1, 2, 3]) {
    const made = Array.from({ length: 20 }, (_, index) => ({
      ...{ name: `made-up-${round}-${index}.corp.test`, port: 1, priority: 0, weight: 0 },
    }))
    const dns = { resolveSrv: async () => made, lookup: async () => ['127.0.0.1'] }
    const directory = openDirectory({ client: fake.client, dns, timeLimit: 2_000 })
    ended.push(() => directory.close())
    await expect(directory.facts()).rejects.toMatchObject({ name: 'DirectoryUnreachableError' })
  }
  const told = warned.mock.calls.filter(([text]) => String(text).includes('cannot be asked'))
  expect(told.length).toBeLessThanOrEqual(1)
  expect(warned.mock.calls.flat().join('')).not.toContain('made-up-3')
})

const EVERYTHING: Lies['connected'] = (socket) => socket.write(Buffer.alloc(3_000_000, 0x30))

describe('a controller, before it has proven itself,', () => {
  test.each<[string, Lies, object]>([
    [
      'that never answers the bind',
      { bind: () => true },
      { name: 'DirectoryUnreachableError', code: 'timeLimitExceeded' },
    ],
    [
      'that never reads or writes',
      { connected: () => true },
      { name: 'DirectoryUnreachableError', code: 'timeLimitExceeded' },
    ],
    [
      'that hangs up',
      { connected: (socket) => hangUp(socket) },
      { name: 'DirectoryUnreachableError', code: 'serverDown' },
    ],
    ['that sends megabytes unasked', { connected: EVERYTHING }, { name: 'MalformedTokenError', code: 'protocolError' }],
    [
      'that speaks HTTP',
      { connected: (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n') },
      { name: 'MalformedTokenError' },
    ],
    [
      'that says yes without a proof',
      { bind: ({ id }, line) => sent(line.send(bindDone(id, new Uint8Array(0)))) },
      { name: 'RejectedTokenError', code: 'KRB_AP_ERR_MUT_FAIL' },
    ],
    [
      'that says yes with a token of its own making',
      { bind: ({ id }, line) => sent(line.send(bindDone(id, Buffer.from('a1073005a0030a0100', 'hex')))) },
      { name: 'RejectedTokenError' },
    ],
    [
      'that answers the bind with a result of a search',
      { bind: ({ id }, line) => sent(line.send(done(id))) },
      { name: 'RejectedTokenError', code: 'protocolError' },
    ],
    [
      'that ends the connection with a notice',
      { bind: (_asked, line) => sent(line.send(done(0, 52, 0x78, undefined, 'shutting down'))) },
      { name: 'DirectoryUnreachableError', attempts: [{ reason: 'the server ended the connection: shutting down' }] },
    ],
    [
      'that refuses the bind',
      {
        bind: ({ id }, line) =>
          sent(line.send(done(id, 49, 0x61, undefined, '8009030C: LdapErr: DSID-0C090, comment, data 52e, v'))),
      },
      { name: 'DirectoryError', code: 'invalidCredentials', hint: expect.stringContaining('dNSHostName') },
    ],
  ])('%s', async (_what, lies, error) => {
    expect(await refusalBy(lies)).toMatchObject(error)
  })

  test('that puts clear text behind its answer to the bind', async () => {
    const fake = await fakeWith({})
    const injected = entry(2, '', { defaultNamingContext: ['DC=evil'] })
    fake.lies = {
      connected(socket) {
        const write = socket.write.bind(socket)
        // Half a message waits where sealed ones are expected.
        socket.write = (octets: Uint8Array | string) =>
          write(Buffer.concat([Buffer.from(octets), injected.subarray(0, 20)]))
        return false
      },
    }
    await expect(open(fake).facts()).rejects.toMatchObject({ name: 'RejectedTokenError', code: 'protocolError' })
  })
})

describe('a controller that has turned bad', () => {
  const search = (lie: NonNullable<Lies['asked']>): Lies => ({
    asked: (asked, line) => asked.operation === 0x63 && asked.base !== '' && lie(asked, line),
  })

  test.each<[string, Lies, object]>([
    ['hangs', search(() => true), { code: 'timeLimitExceeded' }],
    [
      'sends more entries than were asked for',
      search(({ id }, line) => sent(line.send(...Array.from({ length: 11 }, () => entry(id, 'CN=x', {})), done(id)))),
      { code: 'protocolError', message: expect.stringContaining('sent more than the limit: 11 entries') },
    ],
    [
      'sends references without end',
      search(({ id }, line) => sent(line.send(reference(id, ...Array.from({ length: 1_001 }, () => 'ldap://x'))))),
      { code: 'protocolError' },
    ],
    [
      'cuts a message',
      search(({ id }, line) =>
        sent(line.send(entry(id, 'CN=alice', { cn: ['alice'] }).subarray(0, 30)), line.socket.end()),
      ),
      { code: 'serverDown' },
    ],
    [
      'sends an entry that ends before its values do',
      search(({ id }, line) =>
        sent(line.send(message(id, element(0x64, element(4, 'CN=x'), Uint8Array.of(0x30, 9, 0x30, 3))))),
      ),
      { name: 'MalformedTokenError' },
    ],
    [
      'stops sealing',
      search(({ id }, line) =>
        sent(line.raw(sized(line.context?.wrap(done(id), { confidential: false }) ?? new Uint8Array(0)))),
      ),
      { name: 'RejectedTokenError', code: 'KRB_AP_ERR_INAPP_CKSUM' },
    ],
    [
      'goes on in clear text',
      search(({ id }, line) => sent(line.raw(done(id)))),
      { name: 'MalformedTokenError', message: expect.stringContaining('SASL.frame') },
    ],
    [
      'announces a frame of 4 GiB',
      search((_asked, line) => sent(line.raw(Uint8Array.of(0xff, 0xff, 0xff, 0xff)))),
      { name: 'MalformedTokenError', message: expect.stringContaining('at most 16777215') },
    ],
    [
      'announces a message of 4 GiB',
      search((_asked, line) => sent(line.send(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff)))),
      { name: 'MalformedTokenError', message: expect.stringContaining('at most 16777216') },
    ],
    [
      'answers another operation than was asked for',
      search(({ id }, line) => sent(line.send(done(id, 0, 0x67)))),
      { name: 'RejectedTokenError', code: 'protocolError' },
    ],
    [
      'says no',
      search(({ id }, line) => sent(line.send(done(id, 50, 0x65, undefined, 'no\u001b[31m')))),
      { code: 'insufficientAccessRights', message: expect.not.stringContaining('\u001b') },
    ],
    [
      'sends a number that no specification has',
      search(({ id }, line) => sent(line.send(done(id, 99)))),
      { code: 'resultCode99' },
    ],
    [
      'sends a cookie that is none',
      search(({ id }, line) =>
        sent(
          line.send(
            message(
              id,
              element(0x65, Uint8Array.of(0x0a, 1, 0, 4, 0, 4, 0)),
              element(0xa0, element(0x30, element(4, '1.2.840.113556.1.4.319'), element(4, 'x'))),
            ),
          ),
        ),
      ),
      { name: 'MalformedTokenError' },
    ],
  ])('and %s', async (_what, lies, error) => {
    expect(await refusalBy(lies)).toMatchObject(error)
  })

  test('and repeats a frame that it has sent before', async () => {
    let first: Uint8Array | undefined
    const error = await refusalBy(
      search(({ id }, line) => {
        first ??= sized(line.context?.wrap(entry(id, 'CN=x', {})) ?? new Uint8Array(0))
        line.raw(first)
        line.raw(first)
        return true
      }),
    )
    expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'KRB_AP_ERR_REPEAT' })
  })

  test('and gives pages without end, ends at maxEntries', async () => {
    const fake = await fakeWith(
      search(({ id }, line) => sent(line.send(entry(id, 'CN=x', {}), done(id, 0, 0x65, 'more')))),
    )
    const all = open(fake).search({ filter: '(cn=*)', maxEntries: 20 }).all()
    await expect(all).rejects.toMatchObject({ code: 'sizeLimitExceeded' })
  })

  test('and gives empty pages without end, each with a cookie, ends', async () => {
    const fake = await fakeWith(search(({ id }, line) => sent(line.send(done(id, 0, 0x65, 'more')))))
    const all = open(fake).search({ filter: '(cn=*)' }).all()
    await expect(all).rejects.toMatchObject({
      code: 'loopDetect',
      message: expect.stringContaining('100 pages in a row have no entry'),
    })
  })

  test('and gives a cookie where no page was asked for, is asked once', async () => {
    const fake = await fakeWith(search(({ id }, line) => sent(line.send(done(id, 0, 0x65, 'more')))))
    const base = { base: `CN=x,${DOMAIN_DN}`, scope: 'base', filter: '(cn=once)' } as const
    expect(await open(fake).search(base).all()).toEqual([])
    expect(fake.asked.filter(({ octets }) => Buffer.from(octets).includes('once'))).toHaveLength(1)
  })

  test('and gives values of an attribute without end, or from another place', async () => {
    const ranges = (next: (from: number) => string): Lies =>
      search(({ id, octets }, line) => {
        const asked = /range=(\d+)-\*/.exec(Buffer.from(octets).toString('latin1'))
        const name = asked === null ? 'servicePrincipalName;range=0-0' : next(Number(asked[1]))
        return sent(line.send(entry(id, `CN=x,${DOMAIN_DN}`, { [name]: ['HTTP/x'] }), done(id)))
      })
    const endless = await fakeWith(ranges((from) => `servicePrincipalName;range=${from}-${from}`))
    await expect(open(endless, { timeLimit: 20_000 }).account(`CN=x,${DOMAIN_DN}`)).rejects.toMatchObject({
      message: expect.stringContaining('expected an end of its values, found 1000 parts'),
    })
    const elsewhere = await fakeWith(ranges((from) => `servicePrincipalName;range=${from + 1}-*`))
    await expect(open(elsewhere).account(`CN=x,${DOMAIN_DN}`)).rejects.toMatchObject({
      message: expect.stringContaining('expected values from 1, found 2'),
    })
  })

  test('and sends 5,000 messages in one frame is read to the end', async () => {
    const fake = await fakeWith(
      search(({ id }, line) => {
        const unknown = Array.from({ length: 5_000 }, () => message(id, element(0x79)))
        return sent(line.send(...unknown, entry(id, 'CN=alice', { cn: ['alice'] }), done(id)))
      }),
    )
    expect((await open(fake).search({ filter: '(cn=alice)' }).all()).map(({ dn }) => dn)).toEqual(['CN=alice'])
  })

  test('and sends one octet at a time is read too', async () => {
    const fake = await fakeWith(
      search(({ id }, line) => {
        const octets = sized(
          line.context?.wrap(Buffer.concat([entry(id, 'CN=alice', {}), done(id)])) ?? new Uint8Array(0),
        )
        void (async () => {
          for (const octet of octets) {
            line.raw(Uint8Array.of(octet))
            await pause(0)
          }
        })()
        return true
      }),
    )
    expect(await open(fake, { timeLimit: 10_000 }).search({ filter: '(cn=alice)' }).all()).toHaveLength(1)
  })
})

describe('references', () => {
  const partitions: Readonly<Record<string, (id: number) => Uint8Array[]>> = {
    [`cn=partitions,cn=configuration,${DOMAIN_DN.toLowerCase()}`]: (id) => [
      entry(id, 'CN=CORP', { nCName: [DOMAIN_DN], dnsRoot: ['corp.test'], nETBIOSName: ['CORP'] }),
      done(id),
    ],
  }
  const referring = (refers: (base: string) => readonly string[]): Lies => ({
    asked({ operation, base, id, octets }, line) {
      if (operation !== 0x63 || base === '') return false
      const known = partitions[base.toLowerCase()]
      if (known !== undefined) return sent(line.send(...known(id)))
      if (!Buffer.from(octets).includes('looked-for')) return false
      return sent(line.send(entry(id, `CN=x,${base}`, {}), reference(id, ...refers(base)), done(id)))
    },
  })
  const all = (fake: FakeController, referrals: 'follow' | 'ignore') =>
    open(fake, { timeLimit: 20_000 }).search({ filter: '(cn=looked-for)', referrals }).all()
  const zone = `DC=DomainDnsZones,${DOMAIN_DN}`

  test('are followed where they lead to the own forest, and their hosts are not asked', async () => {
    const fake = await fakeWith(referring((base) => (base === DOMAIN_DN ? [`ldap://evil.test/${zone}`] : [])))
    expect((await all(fake, 'follow')).map(({ dn }) => dn)).toEqual([`CN=x,${DOMAIN_DN}`, `CN=x,${zone}`])
    expect((await all(fake, 'ignore')).map(({ dn }) => dn)).toEqual([`CN=x,${DOMAIN_DN}`])
  })

  test('in a circle end', async () => {
    const fake = await fakeWith(
      referring((base) => [`ldap://x/${base === zone ? DOMAIN_DN : zone}`, `ldap://x/${base}`]),
    )
    const found = (await all(fake, 'follow')).map(({ dn }) => dn)
    expect(found.slice(0, 2)).toEqual([`CN=x,${DOMAIN_DN}`, `CN=x,${zone}`])
    expect(found.length).toBeLessThanOrEqual(3)
  })

  test('that lead on without end are refused', async () => {
    const fake = await fakeWith(referring((base) => [`ldap://x/OU=a,${base}`]))
    await expect(all(fake, 'follow')).rejects.toMatchObject({ code: 'loopDetect' })
  })

  test('to domains that nobody knows, or to nothing, are left out', async () => {
    const fake = await fakeWith(
      referring(() => ['ldap://evil.test/DC=evil,DC=test', 'ldap://x', 'https://x/DC=corp,DC=test']),
    )
    expect(await all(fake, 'follow')).toHaveLength(1)
  })
})

test('a name that whoever asks has written chooses no domain whose name servers and controllers are asked', async () => {
  const partitions = `cn=partitions,cn=configuration,${DOMAIN_DN.toLowerCase()}`
  const fake = await fakeWith({
    asked({ operation, base, id }, line) {
      if (operation !== 0x63 || base.toLowerCase() !== partitions) return false
      const own = { nCName: [DOMAIN_DN], dnsRoot: ['corp.test'], nETBIOSName: ['CORP'] }
      return sent(line.send(entry(id, 'CN=CORP', own), done(id)))
    },
  })
  const lookedUp: string[] = []
  const dns = {
    resolveSrv: async (name: string) => {
      lookedUp.push(name)
      return []
    },
    lookup: async () => [],
  }
  const directory = openDirectory({ client: fake.client, servers: fake.server, timeLimit: 2_000, dns })
  ended.push(() => directory.close())
  expect(await directory.account('CN=x,DC=evil,DC=test')).toBeUndefined()
  const change = { kind: 'delete', dn: 'CN=x,DC=evil,DC=test' } as const
  await expect(directory.apply(change)).rejects.toMatchObject({
    code: 'noSuchObject',
    message: expect.stringContaining('CN=x,DC=evil,DC=test is in no domain that is known here'),
  })
  expect(lookedUp).toEqual([])
})

describe('a change', () => {
  const change = { kind: 'delete', dn: `CN=x,${DOMAIN_DN}` } as const

  test('is sent once, also where its answer is lost', async () => {
    const fake = await fakeWith({ asked: ({ operation }, line) => operation === 0x4a && hangUp(line.socket) })
    await expect(open(fake).apply(change)).rejects.toMatchObject({
      code: 'serverDown',
      message: expect.stringContaining('nobody knows whether the delete was made'),
    })
    expect(fake.asked.filter(({ operation }) => operation === 0x4a)).toHaveLength(1)
  })

  test('is sent once, also where it is never answered', async () => {
    const fake = await fakeWith({ asked: ({ operation }) => operation === 0x4a })
    const other = await fakeWith({})
    const servers = [fake.server, { ...other.server, host: 'dc2.corp.test', service: 'ldap/dc1.corp.test' }]
    const directory = openDirectory({ client: fake.client, servers, timeLimit: 4_000 })
    ended.push(() => directory.close())
    await expect(directory.apply(change)).rejects.toMatchObject({
      message: expect.stringContaining('nobody knows whether the delete was made'),
    })
    expect([...fake.asked, ...other.asked].filter(({ operation }) => operation === 0x4a)).toHaveLength(1)
  })
})

describe('connections', () => {
  test('that are idle are closed, and opened again when they are needed', async () => {
    const fake = await fakeWith({})
    const directory = open(fake, { idleTimeout: 50 })
    await directory.facts()
    await directory.facts()
    expect(fake.connections).toBe(1)
    await until(() => fake.open === 0)
    await directory.facts()
    expect(fake.connections).toBe(2)
  })

  test('that the server has closed meanwhile cost no question', async () => {
    const sockets: Socket[] = []
    const fake = await fakeWith({ connected: (socket) => sockets.push(socket) === 0 })
    const directory = open(fake)
    for (let count = 1; count <= 3; count++) {
      await directory.facts()
      expect(fake.connections).toBe(count)
      sockets.at(-1)?.destroy()
    }
  })

  test('are four at most, and few for many questions', async () => {
    const fake = await fakeWith({})
    const directory = open(fake, { timeLimit: 10_000 })
    await Promise.all(Array.from({ length: 200 }, () => directory.search({ filter: '(cn=a)' }).all()))
    expect(fake.connections).toBeLessThanOrEqual(4)
  })

  test('end with the directory, and nothing is asked afterwards', async () => {
    const fake = await fakeWith({ asked: ({ base }) => base !== '' })
    const directory = open(fake)
    const waiting = directory.search({ filter: '(cn=a)' }).all()
    await until(() => fake.asked.some(({ base }) => base !== ''))
    directory.close()
    await expect(waiting).rejects.toMatchObject({ name: 'DirectoryUnreachableError' })
    await expect(directory.facts()).rejects.toMatchObject({
      message: expect.stringContaining('the directory is closed'),
    })
    await until(() => fake.open === 0)
  })

  test('a signal ends one question, and no other on the same connection', async () => {
    const fake = await fakeWith({ asked: ({ base, octets }) => base !== '' && Buffer.from(octets).includes('slow') })
    const directory = open(fake)
    await directory.facts()
    const abort = new AbortController()
    const slow = directory.search({ filter: '(cn=slow)', signal: abort.signal }).all()
    await until(() => fake.asked.some(({ octets }) => Buffer.from(octets).includes('slow')))
    const quick = directory.search({ filter: '(cn=quick)' }).all()
    abort.abort(new Error('enough'))
    await expect(slow).rejects.toThrow('enough')
    expect(await quick).toEqual([])
    await until(() => fake.asked.some(({ operation }) => operation === 0x50))
    expect(fake.connections).toBe(1)
  })

  test('that are being opened wait for whoever still wants them', async () => {
    const fake = await fakeWith({})
    const directory = open(fake)
    const abort = new AbortController()
    const first = directory.facts({ signal: abort.signal })
    const second = directory.facts()
    abort.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    expect(await second).toMatchObject({ domainDn: DOMAIN_DN })
  })
})

describe('several controllers', () => {
  test('one that is down, one that hangs, one that lies: the next is asked', async () => {
    const good = await fakeWith({})
    const hanging = createServer()
    hanging.listen(0, '127.0.0.1')
    await once(hanging, 'listening')
    ended.push(() => void hanging.close())
    const address = hanging.address()
    const hangs = typeof address === 'object' && address !== null ? address.port : 0
    const lying = await fakeWith({ bind: ({ id }, line) => sent(line.send(bindDone(id, new Uint8Array(0)))) })
    const service = 'ldap/dc1.corp.test'
    const servers = [
      { host: 'down.corp.test', address: '127.0.0.1', port: 1, service },
      { host: 'hangs.corp.test', address: '127.0.0.1', port: hangs, service },
      { ...lying.server, host: 'lies.corp.test', service },
      good.server,
    ]
    const directory = openDirectory({ client: good.client, servers, timeLimit: 20_000 })
    ended.push(() => directory.close())
    expect(await directory.facts()).toMatchObject({ server: `dc1.corp.test:${good.server.port}` })
    // Those that failed are asked last for a while.
    const began = performance.now()
    await directory.facts()
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(lying.connections).toBe(1)
  }, 30_000)

  test('a name server that fails is told with its own words', async () => {
    const fake = await fakeWith({})
    const dns = {
      resolveSrv: () => Promise.reject(Object.assign(new Error('queryIn ESERVFAIL'), { code: 'ESERVFAIL' })),
    }
    await using directory = openDirectory({ client: fake.client, dns })
    await expect(directory.facts()).rejects.toMatchObject({
      name: 'DirectoryUnreachableError',
      code: 'noControllerFound',
      attempts: [{ server: 'DNS', reason: 'queryIn ESERVFAIL' }],
    })
  })

  test('where none answers, the reason of each is told', async () => {
    const fake = await fakeWith({})
    const service = 'ldap/dc1.corp.test'
    const servers = ['one', 'two'].map((name, index) => ({
      host: `${name}.corp.test`,
      address: '127.0.0.1',
      port: index + 1,
      service,
    }))
    const directory = openDirectory({ client: fake.client, servers })
    ended.push(() => directory.close())
    await expect(directory.facts()).rejects.toMatchObject({
      code: 'serverDown',
      status: 503,
      attempts: [
        { server: 'one.corp.test:1', reason: expect.stringContaining('ECONNREFUSED') },
        { server: 'two.corp.test:2', reason: expect.stringContaining('ECONNREFUSED') },
      ],
    })
  })
})

function sent(..._done: readonly unknown[]): true {
  return true
}

function hangUp(socket: Socket): true {
  socket.destroy()
  return true
}

async function until(condition: () => boolean): Promise<void> {
  for (let count = 0; !condition(); count++) {
    if (count === 500) throw new Error('it did not come to pass within five seconds')
    await pause(10)
  }
}
