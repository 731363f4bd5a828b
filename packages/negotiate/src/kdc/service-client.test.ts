import { createAcceptor } from '@s4u/acceptor'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { corporation, Desktop } from '../../../../test/stories/fixtures/corporation.js'
import type { KdcOptions } from './kdc-options.js'
import { UserClients } from '../sign-in/user-clients.js'
import { type OwnTicketSource, ServiceClient, withOwnTicket } from './service-client.js'

test('one client serves until the keytab changes, and signs in with the new keys then', async () => {
  await using realm = await corporation()
  const folder = mkdtempSync(join(tmpdir(), 's4u-keytab-'))
  const keytab = join(folder, 'web.keytab')
  let later = 0
  const write = (): void => {
    writeFileSync(keytab, realm.keytabFile('web'))
    utimesSync(keytab, new Date(), new Date(Date.now() + later))
  }
  write()
  const options = {
    keytab,
    kdc: { kdc: realm.transport },
    delegation: { principal: 'web' },
    now: () => Date.now() + later,
  }
  using acceptor = createAcceptor({ keytab, now: options.now })
  const client = new ServiceClient(acceptor, options)
  const first = await client.get()
  expect(await client.get()).toBe(first)
  await realm.changePassword('web')
  later = 2_000
  write()
  await acceptor.accept(await new Desktop(realm, 'alice').token())
  await expect.poll(() => client.get()).not.toBe(first)
  expect(await (await client.get()).s4u2self('bob')).toMatchObject({ client: { name: { nameString: ['bob'] } } })
  rmSync(folder, { recursive: true })
})

test('a client that nobody has come to since the keytab changed signs in with the new keys', async () => {
  const start = Date.now()
  await using realm = await corporation()
  realm.now = start
  const folder = mkdtempSync(join(tmpdir(), 's4u-keytab-'))
  const keytab = join(folder, 'web.keytab')
  writeFileSync(keytab, realm.keytabFile('web'))
  const options = { keytab, kdc: { kdc: realm.transport }, delegation: { principal: 'web' }, now: () => realm.now }
  using acceptor = createAcceptor({ keytab, now: options.now })
  const client = new ServiceClient(acceptor, options)
  await (await client.get()).s4u2self('bob')
  await realm.changePassword('web')
  writeFileSync(keytab, realm.keytabFile('web'))
  utimesSync(keytab, new Date(), new Date(start + 2_000))
  realm.now += 11 * 3_600_000
  const ticket = await (await client.get()).s4u2self('carol')
  expect(ticket).toMatchObject({ client: { name: { nameString: ['carol'] } } })
  expect(realm.exchanges.filter(({ outcome }) => outcome === 'KDC_ERR_PREAUTH_FAILED').length).toBe(1)
  rmSync(folder, { recursive: true })
})

test('a client that could not be made is made again when it is asked for again', async () => {
  await using realm = await corporation()
  using acceptor = createAcceptor({ keytab: async () => realm.keytabFor('web') })
  const client = new ServiceClient(acceptor, {
    kdc: { kdc: realm.transport },
    delegation: { principal: 'nobody@AD.TEST' },
  })
  const failures = await Promise.allSettled([client.get(), client.get()])
  expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(client.get()).rejects.toThrow(/nobody/)
})

test('a kdc function that never answers is given up after timeLimit, for the service and for its users', async () => {
  await using realm = await corporation()
  const keytab = realm.keytabFor('web')
  const heard: (AbortSignal | undefined)[] = []
  const kdc: KdcOptions['kdc'] = (_request, { signal }) => {
    heard.push(signal)
    return new Promise(() => {})
  }
  const options = { kdc: { kdc, timeLimit: 20 }, delegation: { principal: 'web' } }
  using acceptor = createAcceptor({ keytab })
  const client = new ServiceClient(acceptor, options)
  const error = { name: 'KdcUnreachableError', message: expect.stringContaining('no answer within 20 ms') }
  await expect((await client.get()).ticketFor('HTTP/api.ad.test')).rejects.toMatchObject(error)
  const alice = await new UserClients(client, options).of({ user: 'alice', password: 'x' })
  await expect(alice.ticketFor('HTTP/api.ad.test')).rejects.toMatchObject(error)
  expect(heard.map((signal) => signal?.aborted)).toEqual([true, true])
})

test('its own ticket is one that the service can open, in the name of its account', async () => {
  await using realm = await corporation()
  const options = { kdc: { kdc: realm.transport }, delegation: { principal: 'web' } }
  using acceptor = createAcceptor({ keytab: realm.keytabFor('web') })
  const client = new ServiceClient(acceptor, options)
  const ticket = await client.ownTicket(new AbortController().signal)
  expect(await acceptor.identify(ticket, 'kerberos')).toMatchObject({
    principal: 'web@AD.TEST',
    sid: realm.sidOf('web'),
  })
  const aborted = AbortSignal.abort(new Error('too late'))
  await expect(new ServiceClient(acceptor, options).ownTicket(aborted)).rejects.toThrow('too late')
})

test('an acceptor is given a way to its own ticket where options speak of a KDC, and no other than the app’s', async () => {
  await using realm = await corporation()
  const source: OwnTicketSource = { get: undefined }
  expect(withOwnTicket({}, source).ownTicket).toBeUndefined()
  const { ownTicket } = withOwnTicket({ kdc: { kdc: realm.transport } }, source)
  await expect(ownTicket?.(new AbortController().signal)).rejects.toThrow('no KDC client yet')
  const own = () => Promise.reject(new Error('mine'))
  expect(withOwnTicket({ kdc: { kdc: realm.transport }, ownTicket: own }, source).ownTicket).toBe(own)
})
