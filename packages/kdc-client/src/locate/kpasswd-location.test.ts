import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { ConfigurationError, KdcUnreachableError } from '../index.js'
import { createKdcConnections, SharedConnections } from './kdc-connections.js'
import type { DnsSource } from './dns-lookup.js'
import { type KpasswdSourceOptions, kpasswdTransportFor } from './kpasswd-location.js'
import { Krb5Configuration } from '../configuration/krb5-configuration.js'

const REQUEST = Uint8Array.of(0, 6, 0, 1, 0, 0)
const ANSWER = Uint8Array.of(0, 8, 0, 1, 0, 2, 3, 4)
const folder = mkdtempSync(join(tmpdir(), 's4u-kpasswd-'))
const opened: (Server | UdpSocket)[] = []
let files = 0

afterEach(() => {
  for (const server of opened.splice(0)) server.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A password server: what it heard, and what it does with each request. */
async function serverAt(host: string, port = 0, answer: Uint8Array | 'none' = ANSWER) {
  const heard: Uint8Array[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      heard.push(data.subarray(4))
      if (answer !== 'none') socket.end(Uint8Array.of(0, 0, 0, answer.length, ...answer))
      else socket.destroy()
    })
  }).listen(port, host)
  await once(server, 'listening')
  opened.push(server)
  const address = server.address()
  return { heard, port: typeof address === 'object' && address ? address.port : 0 }
}

type UdpAnswer = (count: number) => Uint8Array | 'close' | undefined

async function udpServerAt(host: string, port: number, answers: UdpAnswer) {
  const heard: Uint8Array[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    heard.push(message)
    const answer = answers(heard.length)
    if (answer === 'close') socket.close(() => opened.splice(opened.indexOf(socket), 1))
    else if (answer) socket.send(answer, from.port, from.address)
  })
  socket.bind(port, host)
  await once(socket, 'listening')
  opened.push(socket)
  return { heard, port: socket.address().port }
}

function confOf(text: string): Krb5Configuration {
  const path = join(folder, `krb5-${++files}.conf`)
  writeFileSync(path, text)
  return new Krb5Configuration(path, Date.now)
}

const noDns: DnsSource = { resolveSrv: async () => [], resolveUri: async () => [] }
const ask = (options: Partial<KpasswdSourceOptions>, realm = 'AD.TEST'): Promise<Uint8Array> =>
  kpasswdTransportFor({ configuration: confOf(''), dns: noDns, timeLimit: 2_500, ...options })(REQUEST, { realm })
const refusalOf = (options: Partial<KpasswdSourceOptions>): Promise<KdcUnreachableError> =>
  ask(options).then(
    () => expect.fail('it was answered'),
    (error: KdcUnreachableError) => error,
  )
const attemptsOf = ({ attempts }: KdcUnreachableError): string[] => attempts.map(({ address }) => address)

describe('a password server is found', () => {
  test('as the option says, by realm or not', async () => {
    const { port } = await serverAt('127.0.0.1')
    expect(await ask({ kpasswd: `127.0.0.1:${port}` })).toEqual(Buffer.from(ANSWER))
    expect(await ask({ kpasswd: { 'ad.test': `tcp/127.0.0.1:${port}` } })).toEqual(Buffer.from(ANSWER))
  })

  test('in krb5.conf: kpasswd_server before admin_server, before the KDCs', async () => {
    const { port } = await serverAt('127.0.0.1')
    const realms = (lines: string): Krb5Configuration => confOf(`[realms]\nAD.TEST = {\n${lines}\n}\n`)
    const servers = `kdc = 127.0.0.3:9\nadmin_server = 127.0.0.2:749\nkpasswd_server = 127.0.0.1:${port}`
    expect(await ask({ configuration: realms(servers) })).toEqual(Buffer.from(ANSWER))
    const administrator = await refusalOf({
      configuration: realms('kdc = 127.0.0.3:9\nadmin_server = 127.0.77.62:749'),
    })
    expect(attemptsOf(administrator)).toEqual(['tcp/127.0.77.62:464', 'udp/127.0.77.62:464'])
    const kdc = await refusalOf({ configuration: realms('kdc = 127.0.77.63:9') })
    expect(attemptsOf(kdc)).toEqual(['tcp/127.0.77.63:464', 'udp/127.0.77.63:464'])
  })

  test('beside the KDCs that the option names, each host once', async () => {
    const error = await refusalOf({ kdc: ['127.0.77.64:88', 'tcp/127.0.77.64', '127.0.77.65'] })
    expect(attemptsOf(error)).toEqual([
      'tcp/127.0.77.64:464',
      'tcp/127.0.77.65:464',
      'udp/127.0.77.64:464',
      'udp/127.0.77.65:464',
    ])
    expect(error.message).toMatch(/^no password server of AD\.TEST answered \(tcp\/127\.0\.77\.64:464: ECONNREFUSED;/)
    expect(error.hint).toBe(
      'Nothing was changed. Check that the addresses are right and that TCP port 464 is open from here.',
    )
  })

  test('in DNS, by its own records, and else where the KDCs are', async () => {
    const { port } = await serverAt('127.0.0.1')
    const asked: string[] = []
    const only = (label: string, name: string): DnsSource => ({
      resolveUri: async () => [],
      resolveSrv: async (record) => {
        asked.push(record)
        return record.startsWith(`${label}._tcp`) ? [{ name, port, priority: 0, weight: 0 }] : []
      },
    })
    expect(await ask({ dns: only('_kpasswd', '127.0.0.1') })).toEqual(Buffer.from(ANSWER))
    expect(asked.sort()).toEqual(['_kpasswd._tcp.AD.TEST', '_kpasswd._udp.AD.TEST'])
    const error = await refusalOf({ dns: only('_kerberos', '127.0.77.66') })
    expect(attemptsOf(error)).toEqual(['tcp/127.0.77.66:464', 'udp/127.0.77.66:464'])
    const uri = { ...noDns, resolveUri: async () => [{ priority: 1, weight: 1, target: 'krb5srv:m:tcp:127.0.77.67' }] }
    expect(attemptsOf(await refusalOf({ dns: uri }))).toEqual(['tcp/127.0.77.67:464'])
  })

  test('nowhere, and that is told with what to do', async () => {
    for (const options of [{}, { configuration: confOf('[libdefaults]\ndns_lookup_kdc = false\n') }]) {
      const error = await refusalOf(options)
      expect(error).toBeInstanceOf(KdcUnreachableError)
      expect(error.message).toBe('no password server of AD.TEST answered (none is known)')
      expect(error.hint).toContain('in krb5.conf (kpasswd_server of the realm)')
    }
  })

  test('by no option that is none, and not beside shared connections', () => {
    // @ts-expect-error a number is no address
    const odd = (): unknown => createKdcConnections({ kpasswd: 464 })
    expect(odd).toThrow(ConfigurationError)
    expect(odd).toThrow('kpasswd must be an address, a list of them, either by realm, or a function')
    expect(new SharedConnections({ kpasswd: '127.0.0.1' }).kpasswd).toBeTypeOf('function')
  })
})

describe('a request is made once', () => {
  test('to the next server where the first is down', async () => {
    const { port, heard } = await serverAt('127.0.0.1')
    expect(await ask({ kpasswd: [`127.0.77.68:${port}`, `127.0.0.1:${port}`] })).toEqual(Buffer.from(ANSWER))
    expect(heard).toEqual([Buffer.from(REQUEST)])
  })

  test('and to no other when the first had it and says nothing', async () => {
    const first = await serverAt('127.0.0.1', 0, 'none')
    const second = await serverAt('127.0.0.1')
    const error = await refusalOf({ kpasswd: [`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`] })
    expect([first.heard.length, second.heard.length]).toEqual([1, 0])
    expect(error.code).toBe('KRB5_KPASSWD_OUTCOME_UNKNOWN')
    expect(error.message).toContain(
      `tcp/127.0.0.1:${first.port}: the connection was closed before the answer was complete`,
    )
    expect(error.hint).toBe(
      'The request was sent and its answer is lost: the password may have been changed. Sign in with the new one to see.',
    )
  })

  test('when the time is over before there is an answer, that is not known to be a no', async () => {
    const port = 4_640
    await udpServerAt('127.0.77.69', port, () => undefined)
    const error = await refusalOf({ kpasswd: `udp/127.0.77.69:${port}`, timeLimit: 100 })
    expect([error.code, error.message]).toEqual([
      'KRB5_KPASSWD_OUTCOME_UNKNOWN',
      'no password server of AD.TEST answered (sent: no answer within 100 ms)',
    ])
  })

  test('by UDP where TCP is closed, and the same octets again when one is lost', async () => {
    const { heard, port } = await udpServerAt('127.0.0.1', 0, (count) => (count === 1 ? undefined : ANSWER))
    expect(await ask({ kpasswd: `127.0.0.1:${port}` })).toEqual(Buffer.from(ANSWER))
    expect(heard).toEqual([Buffer.from(REQUEST), Buffer.from(REQUEST)])
  })

  test('and is not known to be in vain when the server is gone before it is sent again', async () => {
    const { heard, port } = await udpServerAt('127.0.0.1', 0, () => 'close')
    const error = await refusalOf({ kpasswd: [`udp/127.0.0.1:${port}`, 'udp/127.0.77.70:9'] })
    expect(heard).toEqual([Buffer.from(REQUEST)])
    expect([error.code, error.message]).toEqual([
      'KRB5_KPASSWD_OUTCOME_UNKNOWN',
      `no password server of AD.TEST answered (udp/127.0.0.1:${port}: ECONNREFUSED)`,
    ])
  })

  test('ends when the caller gives up, with the reason that he gives', async () => {
    const { port } = await udpServerAt('127.0.0.1', 0, () => undefined)
    const signal = AbortSignal.timeout(50)
    const transport = kpasswdTransportFor({ configuration: confOf(''), kpasswd: `udp/127.0.0.1:${port}` })
    await expect(transport(REQUEST, { realm: 'AD.TEST', signal })).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
