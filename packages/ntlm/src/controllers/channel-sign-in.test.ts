import { ConfigurationError, MissingKeyError, platformRandom } from '@s4u/krb5'
import { afterEach, expect, test } from 'vitest'
import { NetlogonUnreachableError } from '../errors.js'
import { FakeController } from '../fixtures/fake-controller.js'
import { ChannelSignIn } from './channel-sign-in.js'
import type { ChannelDeps, TicketRequest } from './channel-session.js'
import { SecureChannel } from './secure-channel.js'

/** Of tests in which nothing waits for its end; milliseconds. */
const LONG = 20_000
const started: { close(): void }[] = []
afterEach(() => {
  for (const one of started.splice(0)) one.close()
})

async function depsWith(changes: Partial<ChannelDeps>): Promise<ChannelDeps> {
  const controller = await FakeController.start()
  started.push(controller)
  return {
    mapper: { host: '127.0.0.1', port: controller.port },
    names: { server: 'dc1.corp.test', computer: 'WEB01' },
    domain: 'CORP',
    secret: async () => new Uint8Array(16),
    ...{ random: platformRandom, now: Date.now, timeLimit: LONG },
    ...changes,
  }
}

async function signedIn(signIn: ChannelSignIn): Promise<string> {
  const { session, connection } = await signIn.run(AbortSignal.timeout(LONG))
  connection.socket.close()
  return session.form
}

const noKdc = new NetlogonUnreachableError('no KDC', { code: 'ETIMEDOUT' })
const noHash = async (): Promise<Uint8Array> => {
  throw new MissingKeyError('the keytab has no key of rc4-hmac for WEB01$')
}

test('a ticket that cannot be had is not asked for again for ten minutes, while the other form serves', async () => {
  let now = 0
  const asked: boolean[] = []
  const ticket = async ({ fresh }: TicketRequest): Promise<never> => {
    asked.push(fresh)
    throw noKdc
  }
  const signIn = new ChannelSignIn(await depsWith({ ticket, now: () => now }))
  for (const time of [0, 599_999, 600_000]) {
    now = time
    expect(await signedIn(signIn)).toBe('aes')
  }
  expect(asked).toEqual([false, false])
  expect(signIn.ticketRefusal).toBe(noKdc)
})

test('without the NT hash the ticket is asked for each time, and its refusal is what is said', async () => {
  let times = 0
  const ticket = async (): Promise<never> => {
    times++
    throw noKdc
  }
  const signIn = new ChannelSignIn(await depsWith({ ticket, secret: noHash }))
  for (const expected of [1, 2]) {
    await expect(signedIn(signIn)).rejects.toBe(noKdc)
    expect(times).toBe(expected)
  }
})

test('without a ticket and without the NT hash, the address is what is said', async () => {
  const names = { server: '10.0.0.7', computer: 'WEB01' }
  const signIn = new ChannelSignIn(await depsWith({ names, secret: noHash }))
  await expect(signedIn(signIn)).rejects.toMatchObject({
    name: 'MissingKeyError',
    message: 'the keytab has no key of rc4-hmac for WEB01$, and a ticket is for names: 10.0.0.7 is an address',
    hint: "Name the controller, with which keys of AES serve: controllers: { host: 'dc1.corp.test', address: '10.0.0.7' }. Export the keytab of the machine account with its key of rc4-hmac too, or give account.password in its place.",
  })
})

test('a KDC that never answers leaves the other form half of the time', async () => {
  const ticket = ({ signal }: TicketRequest): Promise<never> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(noKdc)))
  const channel = new SecureChannel(await depsWith({ ticket, timeLimit: 2_000 }))
  started.push(channel)
  const state = await channel.state(AbortSignal.timeout(LONG))
  expect(state).toEqual({ form: 'aes', ticketRefusal: noKdc })
})

test('a sign-in that was refused for want of keys is not repeated for each user', async () => {
  let times = 0
  const refusal = new ConfigurationError('the KDC does not know WEB01$', { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN' })
  const ticket = async (): Promise<never> => {
    times++
    throw refusal
  }
  let now = 1_000
  const channel = new SecureChannel(await depsWith({ ticket, secret: noHash, now: () => now }))
  started.push(channel)
  for (const expected of [1, 1, 2]) {
    await expect(channel.ready(AbortSignal.timeout(LONG))).rejects.toBe(refusal)
    expect(times).toBe(expected)
    if (expected === 1 && times === 1) now += 6_000
  }
})
