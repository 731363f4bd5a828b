import { ConfigurationError } from '@s4u/kdc-client'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import type { CallerDirectory } from './caller-directory.js'
import { checkDirectoryOption, directoryOf } from './directory-option.js'

const directory: CallerDirectory = {
  account: async () => undefined,
  namesOf: async () => new Map(),
  sidOf: async () => undefined,
}
const noClient = () => Promise.reject(new ConfigurationError('there is no keytab'))

describe('the option directory', () => {
  test.each([
    ['nothing', undefined],
    ['true', true],
    ['a directory', directory],
    ['the names of controllers', { servers: ['dc1.corp.test'] }],
  ] as const)('takes %s', (_what, value) => {
    expect(checkDirectoryOption({ directory: value })).toBeUndefined()
  })

  test.each([false, 'corp.test', {}, { sidOf: () => undefined }])('refuses %j', (value) => {
    const check = (): unknown => Reflect.apply(checkDirectoryOption, undefined, [{ directory: value }])
    expect(check).toThrow('directory must be an object with account, namesOf, sidOf')
  })

  test('refuses what it does not know beside the controllers', () => {
    const value = { servers: 'dc1.corp.test', server: 'dc2.corp.test' }
    expect(() => checkDirectoryOption({ directory: value })).toThrow('server')
  })

  test('opens nothing without the option, and uses a directory that is given', async () => {
    expect(directoryOf({}, noClient)).toBeUndefined()
    expect(await directoryOf({ directory }, noClient)?.source()).toBe(directory)
  })

  test('opens with `true` the directory of the service’s realm, at the first use and only once', async () => {
    const client = { principal: 'svc-web@CORP.TEST', realm: 'CORP.TEST', ticketFor: () => expect.unreachable() }
    const get = vi.fn(async () => client)
    const own = Reflect.apply(directoryOf, undefined, [{ directory: true }, get])
    expect(get).not.toHaveBeenCalled()
    const [first, second] = await Promise.all([own?.source(), own?.source()])
    expect(first).toBe(second)
    expect(first).toMatchObject({ domain: 'corp.test' })
    expect(get).toHaveBeenCalledTimes(1)
    own?.close()
  })

  test('asks the controllers that are named, and no DNS', async () => {
    const asked: string[] = []
    const ticketFor = async (spn: string) => {
      asked.push(spn)
      throw new ConfigurationError('there is no ticket')
    }
    const client = { principal: 'svc-web@CORP.TEST', realm: 'CORP.TEST', ticketFor }
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const servers = { host: 'dc9.corp.test', address: '127.0.0.1', port }
    const own = Reflect.apply(directoryOf, undefined, [{ directory: { servers } }, async () => client])
    const opened = await own?.source()
    await expect(opened?.account('alice')).rejects.toThrow('there is no ticket')
    expect(asked).toEqual(['ldap/dc9.corp.test'])
    own?.close()
    server.close()
  })

  test('tries again after a failure', async () => {
    const own = directoryOf({ directory: true }, noClient)
    await expect(own?.source()).rejects.toMatchObject({ message: 'there is no keytab' })
    await expect(own?.source()).rejects.toMatchObject({ message: 'there is no keytab' })
  })
})
