import { platformRandom } from '@s4u/krb5'
import { afterEach, describe, expect, test } from 'vitest'
import { type Failure, FakeController, type Step, STEPS } from '../fixtures/fake-controller.js'
import { DomainControllers } from './domain-controllers.js'
import { SecureChannel } from './secure-channel.js'

const REQUEST = {
  ...{ domain: 'CORP', user: 'alice', workstation: 'HOST' },
  serverChallenge: new Uint8Array(8),
  ntResponse: new Uint8Array(60),
}
const REFUSED = { info: undefined, isAuthoritative: true, status: 0xc000_006a }
/** Of tests in which nothing waits for its end; milliseconds. */
const LONG = 20_000
/** Of tests in which a wait must end; milliseconds. */
const SHORT = 250
/** Of tests in which one wait must end, and another must not; milliseconds. */
const SPARE = 1_500

const started: { close(): void }[] = []
afterEach(() => {
  for (const one of started.splice(0)) one.close()
})

async function failing(failures: Readonly<Partial<Record<Step, Failure>>> = {}): Promise<FakeController> {
  const controller = await FakeController.start(failures)
  started.push(controller)
  return controller
}

function channelTo(
  { port }: FakeController,
  timeLimit: number,
  secret: () => Promise<Uint8Array> = async () => new Uint8Array(16),
  now: () => number = Date.now,
): SecureChannel {
  const host = '127.0.0.1'
  const names = { server: host, computer: 'WEB01' }
  const deps = { names, domain: 'CORP', secret, random: platformRandom, now, timeLimit }
  const channel = new SecureChannel({ mapper: { host, port }, ...deps })
  started.push(channel)
  return channel
}

const allOf = (channels: readonly SecureChannel[], timeLimit: number) =>
  new DomainControllers(channels, timeLimit, Date.now)

test('a controller that does not fail gives its verdict', async () => {
  const controller = await failing()
  const channel = channelTo(controller, LONG)
  expect(await channel.logon(REQUEST, AbortSignal.timeout(LONG))).toEqual(REFUSED)
  // The first connection asks what was agreed to and asked for, and stands ready then.
  const more: Partial<Record<Step, Step[]>> = { capabilities: ['capabilities'], logon: ['sealed bind'] }
  const all = STEPS.flatMap((step) => [...(more[step] ?? []), step])
  expect(controller.seen).toEqual(all)
  expect(await channel.logon(REQUEST, AbortSignal.timeout(LONG))).toEqual(REFUSED)
  expect(controller.seen).toEqual([...all, 'logon'])
})

test('a controller that does not know level 6 is asked at level 3, from then on at once', async () => {
  const controller = await failing({ logon: 'level 3 alone' })
  const channel = channelTo(controller, LONG)
  const logons = (): number => controller.seen.filter((step) => step === 'logon').length
  expect(await channel.logon(REQUEST, AbortSignal.timeout(LONG))).toEqual(REFUSED)
  expect(logons()).toBe(2)
  expect(await channel.logon(REQUEST, AbortSignal.timeout(LONG))).toEqual(REFUSED)
  expect(logons()).toBe(3)
})

/** One fragment of several is an answer to a call alone. */
const isCall = (step: Step): boolean => !step.endsWith('bind')

describe.each(STEPS)('a controller that fails at the step "%s"', (step) => {
  test.each<Failure>(['silence', 'half, then silence', ...(isCall(step) ? (['one fragment'] as const) : [])])(
    'by %s is given up in time',
    async (failure) => {
      const controllers = allOf([channelTo(await failing({ [step]: failure }), SHORT)], SHORT)
      await expect(controllers.logon(REQUEST)).rejects.toMatchObject({
        ...{ name: 'NetlogonUnreachableError', code: 'ETIMEDOUT', status: 503 },
        message: expect.stringContaining('in time'),
      })
    },
  )

  test.each<Failure>(['end', 'half, then the end'])('by %s is told at once', async (failure) => {
    const controller = await failing({ [step]: failure })
    await expect(allOf([channelTo(controller, LONG)], LONG).logon(REQUEST)).rejects.toMatchObject({
      ...{ name: 'NetlogonUnreachableError', code: 'ECONNRESET' },
      message: `127.0.0.1:${controller.port} closed the connection`,
    })
    expect(controller.seen.at(-1)).toBe(step)
  })

  test('by a refusal to act is told after one more try', async () => {
    const controller = await failing({ [step]: 'a refusal to act' })
    await expect(allOf([channelTo(controller, LONG)], LONG).logon(REQUEST)).rejects.toMatchObject({
      ...{ name: 'NetlogonUnreachableError', code: isCall(step) ? 'RPC_FAULT' : 'RPC_BIND_REFUSED' },
      message: expect.stringContaining('no domain controller gave a verdict: the RPC server refused'),
    })
    expect(controller.seen.filter((one) => one === step)).toHaveLength(2)
  })

  test('is well again when it fails no longer', async () => {
    const controller = await failing({ [step]: 'end' })
    const controllers = allOf([channelTo(controller, LONG)], LONG)
    await expect(controllers.logon(REQUEST)).rejects.toMatchObject({ code: 'ECONNRESET' })
    controller.failures.clear()
    expect(await controllers.logon(REQUEST)).toEqual(REFUSED)
  })
})

describe('of two controllers', () => {
  test.each<[Step, Failure]>([
    ['mapper bind', 'silence'],
    ['capabilities', 'half, then silence'],
    ['sealed bind', 'end'],
    ['mapper call', 'a refusal'],
  ])('the second gives the verdict where the first fails at the step "%s" by %s', async (step, failure) => {
    const first = channelTo(await failing({ [step]: failure }), SPARE)
    const second = await failing()
    // The second has signed in already: its time must not be that of the first.
    const ready = channelTo(second, LONG)
    await ready.ready(AbortSignal.timeout(LONG))
    expect(await allOf([first, ready], SPARE).logon(REQUEST)).toEqual(REFUSED)
    expect(second.seen.at(-1)).toBe('logon')
  })

  /** A response that was sent may have been judged, and a wrong password counted. */
  describe('a response that was sent to the first is sent nowhere else', () => {
    const logons = ({ seen }: FakeController): number => seen.filter((step) => step === 'logon').length

    test.each<[Failure, number, string]>([
      ['silence', 1, 'ETIMEDOUT'],
      ['half, then silence', 1, 'ETIMEDOUT'],
      ['one fragment', 1, 'ETIMEDOUT'],
      ['end', 1, 'ECONNRESET'],
      ['half, then the end', 1, 'ECONNRESET'],
      ['a refusal', 1, 'RPC_FAULT'],
      ['a forged reply', 1, 'ETIMEDOUT'],
      // It says that it has not judged, which nothing protects.
      ['a refusal to act', 2, 'RPC_FAULT'],
    ])('where it fails by %s; the next caller is judged by the second', async (failure, sent, code) => {
      const [first, second] = [await failing({ logon: failure }), await failing()]
      const channels = [channelTo(first, SPARE), channelTo(second, LONG)]
      // Both have signed in already, and have connections that stand.
      for (const channel of channels) await channel.ready(AbortSignal.timeout(LONG))
      const controllers = allOf(channels, SPARE)
      await expect(controllers.logon(REQUEST)).rejects.toMatchObject({ code, status: 503 })
      expect([logons(first), logons(second)]).toEqual([sent, 0])
      expect(await controllers.logon(REQUEST)).toEqual(REFUSED)
      expect([logons(first), logons(second)]).toEqual([sent, 1])
    })

    test('of four callers on the connections of one that is silent; the others get verdicts', async () => {
      const [first, second] = [await failing(), await failing()]
      const channels = [channelTo(first, SPARE), channelTo(second, LONG)]
      for (const channel of channels) await channel.ready(AbortSignal.timeout(LONG))
      for (const step of STEPS) first.failures.set(step, 'silence')
      const controllers = allOf(channels, SPARE)
      const all = await Promise.allSettled(Array.from({ length: 20 }, () => controllers.logon(REQUEST)))
      const verdicts = all.filter(({ status }) => status === 'fulfilled').length
      expect(logons(first)).toBeLessThanOrEqual(4)
      expect(verdicts).toBe(20 - logons(first))
      expect(logons(second)).toBe(verdicts)
    })
  })

  test('none answers: a caller waits for the time limit of each, and no longer', async () => {
    const channels = [await failing({ 'mapper bind': 'silence' }), await failing({ challenge: 'silence' })]
    const controllers = allOf(
      channels.map((one) => channelTo(one, SHORT)),
      SHORT,
    )
    const begun = performance.now()
    await expect(controllers.logon(REQUEST)).rejects.toMatchObject({ code: 'ETIMEDOUT', status: 503 })
    expect(performance.now() - begun).toBeGreaterThan(2 * SHORT - 20)
  })
})

describe('a caller waits no longer than it wants to', () => {
  test('for the sign-in that another has begun', async () => {
    const controller = await failing({ challenge: 'silence' })
    const channel = channelTo(controller, LONG)
    const first = channel.logon(REQUEST, AbortSignal.timeout(LONG))
    first.catch(() => {})
    await controller.hasSeen('challenge')
    await expect(channel.logon(REQUEST, AbortSignal.timeout(SHORT))).rejects.toMatchObject({
      ...{ name: 'NetlogonUnreachableError', code: 'ETIMEDOUT' },
      message: 'the sign-in of the machine account at 127.0.0.1 did not come in time',
    })
    controller.hangUp()
    await expect(first).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('for a password that never comes, and the next sign-in asks for it again', async () => {
    let isThere = false
    const secret = (): Promise<Uint8Array> =>
      isThere ? Promise.resolve(new Uint8Array(16)) : new Promise<Uint8Array>(() => {})
    const channel = channelTo(await failing(), SPARE, secret)
    await expect(channel.logon(REQUEST, AbortSignal.timeout(LONG))).rejects.toMatchObject({
      message: 'the password of the machine account did not come in time',
    })
    isThere = true
    expect(await channel.logon(REQUEST, AbortSignal.timeout(LONG))).toEqual(REFUSED)
  })

  test('while all four connections are in use; then the next is served', async () => {
    const controller = await failing()
    const channel = channelTo(controller, LONG)
    await channel.ready(AbortSignal.timeout(LONG))
    controller.failures.set('logon', 'silence')
    const four = Array.from({ length: 4 }, () => channel.logon(REQUEST, AbortSignal.timeout(LONG)))
    const ends = Promise.allSettled(four)
    await controller.hasSeen('logon', 4)
    await expect(channel.logon(REQUEST, AbortSignal.timeout(SHORT))).rejects.toMatchObject({
      ...{ name: 'NetlogonUnreachableError', code: 'S4U_SIGN_IN_BUSY' },
      message: 'no domain controller had time for a response',
    })
    expect(controller.seen.filter((one) => one === 'logon')).toHaveLength(4)
    controller.failures.clear()
    controller.hangUp()
    expect(await ends).toHaveLength(4)
    expect(await channel.logon(REQUEST, AbortSignal.timeout(LONG))).toEqual(REFUSED)
  })

  test('who comes with no time left is refused, and holds no connection', async () => {
    const channel = channelTo(await failing(), LONG)
    await expect(channel.logon(REQUEST, AbortSignal.abort())).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect(await channel.logon(REQUEST, AbortSignal.timeout(LONG))).toEqual(REFUSED)
  })
})

test('connections that the controller has closed between are replaced, and the verdict comes', async () => {
  const controller = await failing()
  const channel = channelTo(controller, LONG)
  const signal = AbortSignal.timeout(LONG)
  await Promise.all([1, 2, 3].map(() => channel.logon(REQUEST, signal)))
  const before = controller.seen.filter((step) => step === 'logon').length
  controller.hangUp()
  expect(await channel.logon(REQUEST, AbortSignal.timeout(LONG))).toEqual(REFUSED)
  expect(controller.seen.filter((step) => step === 'logon')).toHaveLength(before + 1)
})

test('a connection that stood for a minute is not trusted with a response', async () => {
  const controller = await failing()
  let now = 1_000
  const channel = channelTo(controller, LONG, undefined, () => now)
  await channel.logon(REQUEST, AbortSignal.timeout(LONG))
  now += 60_000
  controller.seen.length = 0
  await channel.logon(REQUEST, AbortSignal.timeout(LONG))
  expect(controller.seen).toEqual(['logon'])
  now += 60_001
  controller.seen.length = 0
  await channel.logon(REQUEST, AbortSignal.timeout(LONG))
  expect(controller.seen).toEqual(['sealed bind', 'logon'])
})
