import type { Dispatcher } from 'undici'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Attempt, Judgement } from '../negotiation/attempt.js'
import { MAX_DISCARDED, MAX_DISCARDING } from '../answers/discard.js'
import {
  dispatchNegotiating,
  type AttemptSource,
  PROXY_AUTHENTICATION,
  SERVER_AUTHENTICATION,
} from './negotiating-handler.js'
import { isReplayableBody } from './replayable-body.js'
import { UNSENT } from './unsent.js'

type Handler = Dispatcher.DispatchHandler
type Controller = Dispatcher.DispatchController

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const settled = () => vi.advanceTimersByTimeAsync(0)

/** An attempt that judges as it is told. */
function attemptWith(authorization: string, judge: () => Judgement = () => ({ kind: 'done' })) {
  const judged: unknown[] = []
  return { authorization, judged, judge: (answer: unknown) => (judged.push(answer), judge()) } as unknown as Attempt & {
    readonly judged: unknown[]
  }
}

/** One request on its way, whose server is played by the test. */
async function start(
  negotiations: Partial<AttemptSource>,
  {
    body = null,
    scheme = SERVER_AUTHENTICATION,
    dispatch,
  }: { body?: unknown; scheme?: typeof SERVER_AUTHENTICATION; dispatch?: () => boolean } = {},
) {
  const sent: { headers: unknown; handler: Handler; controller: Controller; aborted: Error[]; flow: string[] }[] = []
  const told: unknown[][] = []
  const steps = [
    'onRequestStart',
    'onRequestUpgrade',
    'onResponseStart',
    'onResponseData',
    'onResponseEnd',
    'onResponseError',
  ]
  const handler = Object.fromEntries(
    steps.map((name) => [name, (...args: unknown[]) => void told.push([name, ...args])]),
  )
  const send: Dispatcher.Dispatch = ({ headers }, own) => {
    const [aborted, flow]: [Error[], string[]] = [[], []]
    const controller = {
      ...UNSENT,
      abort: (error: Error) => void aborted.push(error),
      pause: () => void flow.push('pause'),
      resume: () => void flow.push('resume'),
    }
    sent.push({ headers, handler: own, controller, aborted, flow })
    if (dispatch !== undefined) return dispatch()
    own.onRequestStart?.(controller, 'context')
    return true
  }
  const all: AttemptSource = {
    first: async () => undefined,
    asked: async () => undefined,
    withFreshTicket: async () => undefined,
    ...negotiations,
  }
  const options = { origin: 'https://api.ad.test', path: '/', method: 'POST', headers: { 'x-a': '1' }, body } as const
  expect(dispatchNegotiating(send, options as Dispatcher.DispatchOptions, handler as Handler, scheme, all)).toBe(true)
  await settled()
  const answer = (status: number, challenge?: string, leg = sent.at(-1)!) => {
    const headers = challenge === undefined ? {} : { [scheme.challenge]: challenge }
    leg.handler.onResponseStart?.(leg.controller, status, headers, 'text')
  }
  return { sent, told, answer, names: () => told.map(([name]) => name) }
}

describe('a request that carries a token', () => {
  test('has it among its headers, and its answer is judged before it is handed out', async () => {
    const attempt = attemptWith('Negotiate YII=')
    const { sent, told, answer } = await start({ first: async () => attempt })
    expect(sent.map(({ headers }) => headers)).toEqual([{ 'x-a': '1', authorization: 'Negotiate YII=' }])
    answer(200, 'Negotiate oR==')
    expect(attempt.judged).toEqual([{ status: 200, challenge: 'Negotiate oR==' }])
    const [{ controller }] = sent
    expect(told).toEqual([
      ['onRequestStart', controller, 'context'],
      ['onResponseStart', controller, 200, { 'www-authenticate': 'Negotiate oR==' }, 'text'],
    ])
  })

  test('for a proxy has the header of one, and its answer is judged by that of one', async () => {
    const attempt = attemptWith('Negotiate YII=')
    const { sent, answer } = await start(
      { first: async () => attempt },
      { scheme: PROXY_AUTHENTICATION as typeof SERVER_AUTHENTICATION },
    )
    expect(sent[0].headers).toEqual({ 'x-a': '1', 'proxy-authorization': 'Negotiate YII=' })
    answer(407, 'Negotiate')
    expect(attempt.judged).toEqual([{ status: 407, challenge: 'Negotiate' }])
  })

  test('whose answer is not believed fails, and the answer is not handed out', async () => {
    for (const [thrown, said] of [
      [new Error('not proven'), new Error('not proven')],
      ['text', new Error('text')],
    ] as const) {
      const attempt = attemptWith('N', () => {
        throw thrown
      })
      const { sent, names, answer } = await start({ first: async () => attempt })
      answer(200)
      expect(sent[0].aborted).toEqual([said])
      expect(names()).toEqual(['onRequestStart'])
    }
  })

  test('is judged when the server switches protocols, too', async () => {
    const attempt = attemptWith('N')
    const { sent, told } = await start({ first: async () => attempt })
    const [{ handler, controller }] = sent
    handler.onRequestUpgrade?.(controller, 101, { 'www-authenticate': 'Negotiate x' }, 'socket' as never)
    expect(attempt.judged).toEqual([{ status: 101, challenge: 'Negotiate x' }])
    expect(told.at(-1)).toEqual(['onRequestUpgrade', controller, 101, { 'www-authenticate': 'Negotiate x' }, 'socket'])
  })

  test('goes again with the next leg, after a page that nobody sees', async () => {
    const judgements: Judgement[] = [{ kind: 'again', authorization: 'Negotiate 2' }, { kind: 'done' }]
    const attempt = attemptWith('Negotiate 1', () => judgements.shift()!)
    const { sent, names, answer } = await start({ first: async () => attempt })
    const [first] = sent
    answer(401)
    expect(first.flow).toEqual(['pause'])
    await settled()
    expect(first.flow).toEqual(['pause', 'resume'])
    first.handler.onResponseData?.(first.controller, Buffer.alloc(10))
    expect(sent).toHaveLength(1)
    first.handler.onResponseEnd?.(first.controller, {})
    expect(sent.map(({ headers }) => headers)).toEqual([
      { 'x-a': '1', authorization: 'Negotiate 1' },
      { 'x-a': '1', authorization: 'Negotiate 2' },
    ])
    expect(vi.getTimerCount()).toBe(0)
    answer(200)
    sent[1].handler.onResponseData?.(sent[1].controller, Buffer.from('page'))
    sent[1].handler.onResponseEnd?.(sent[1].controller, { 'x-t': '1' })
    expect(names()).toEqual(['onRequestStart', 'onRequestStart', 'onResponseStart', 'onResponseData', 'onResponseEnd'])
  })

  test('goes again with a fresh ticket, where there is one', async () => {
    const [stale, fresh] = [attemptWith('old', () => ({ kind: 'stale' })), attemptWith('new')]
    const withFreshTicket = vi.fn(async () => fresh)
    const { sent, answer } = await start({ first: async () => stale, withFreshTicket })
    answer(401)
    await settled()
    expect(withFreshTicket.mock.calls).toEqual([[stale]])
    sent[0].handler.onResponseEnd?.(sent[0].controller, {})
    expect(sent[1].headers).toEqual({ 'x-a': '1', authorization: 'new' })
    const none = await start({ first: async () => stale })
    none.answer(401)
    await settled()
    expect([none.sent.length, none.names()]).toEqual([1, ['onRequestStart', 'onResponseStart']])
    expect(none.sent[0].flow).toEqual(['pause', 'resume'])
  })

  test.each<[string, Judgement]>([
    ['another leg', { kind: 'again', authorization: 'N2' }],
    ['a fresh ticket', { kind: 'stale' }],
  ])('does not go again with %s where its body is gone', async (_, judgement) => {
    const withFreshTicket = vi.fn(async () => attemptWith('new'))
    const attempt = attemptWith('N', () => judgement)
    const { sent, names, answer } = await start({ first: async () => attempt, withFreshTicket }, { body: {} })
    answer(401)
    await settled()
    // The fresh ticket is for the next request.
    const got = judgement.kind === 'stale' ? [[attempt]] : []
    expect([sent.length, names(), withFreshTicket.mock.calls]).toEqual([1, ['onRequestStart', 'onResponseStart'], got])
  })
})

describe('a request that carries nothing', () => {
  test('is judged by who asks for it, but for a question', async () => {
    const unasked = vi.fn()
    const { answer, sent } = await start({ unasked })
    expect(sent[0].headers).toEqual({ 'x-a': '1' })
    for (const status of [200, 302, 404, 407, 500]) answer(status)
    answer(401)
    expect(unasked.mock.calls).toEqual([[200], [302], [404], [407], [500]])
    expect((await start({})).answer).not.toThrow()
  })

  test('goes again when the server has asked', async () => {
    const attempt = attemptWith('Negotiate 1')
    const asked = vi.fn(async () => attempt)
    for (const [body, replayable] of [
      [null, true],
      [undefined, true],
      ['text', true],
      [Buffer.from('x'), true],
      [{}, false],
    ] as const) {
      asked.mockClear()
      const { sent, answer } = await start({ asked }, { body })
      answer(401, 'Negotiate')
      await settled()
      sent[0].handler.onResponseEnd?.(sent[0].controller, {})
      expect(asked.mock.calls).toEqual([[replayable, 'Negotiate']])
      expect(sent[1].headers).toEqual({ 'x-a': '1', authorization: 'Negotiate 1' })
      expect(isReplayableBody(body as string)).toBe(replayable)
    }
  })

  test('is not asked about where the status is no question', async () => {
    const asked = vi.fn(async () => undefined)
    const { sent, names, answer } = await start({ asked })
    answer(200, 'Negotiate')
    expect([asked.mock.calls, names(), sent[0].flow]).toEqual([[], ['onRequestStart', 'onResponseStart'], []])
  })

  test('fails where there is no ticket for the question', async () => {
    const error = new Error('no ticket')
    const { sent, names, answer } = await start({ asked: () => Promise.reject(error) })
    answer(401)
    await settled()
    expect([sent[0].aborted, names()]).toEqual([[error], ['onRequestStart']])
  })
})

test('early hints are handed out, and not judged', async () => {
  const attempt = attemptWith('N')
  const { told, answer } = await start({ first: async () => attempt })
  answer(103)
  answer(199)
  expect(attempt.judged).toEqual([])
  expect(told.slice(1).map(([name, , status]) => [name, status])).toEqual([
    ['onResponseStart', 103],
    ['onResponseStart', 199],
  ])
  answer(200)
  expect(attempt.judged).toHaveLength(1)
})

describe('the page of a challenge', () => {
  const asked = async () => {
    const attempt = attemptWith('Negotiate 1')
    const run = await start({ asked: async () => attempt })
    run.answer(401)
    await settled()
    return { ...run, leg: run.sent[0] }
  }
  const GIVEN_UP = new Error('the page of a challenge is too long, or too slow')

  test('is read to a length, and then given up with its connection', async () => {
    const { leg, sent, names } = await asked()
    leg.handler.onResponseData?.(leg.controller, Buffer.alloc(MAX_DISCARDED))
    expect(leg.aborted).toEqual([])
    leg.handler.onResponseData?.(leg.controller, Buffer.alloc(1))
    expect(leg.aborted).toEqual([GIVEN_UP])
    leg.handler.onResponseError?.(leg.controller, GIVEN_UP)
    expect([sent.length, names(), vi.getTimerCount()]).toEqual([2, ['onRequestStart', 'onRequestStart'], 0])
  })

  test('is waited for to a time, and then given up with its connection', async () => {
    const { leg, sent } = await asked()
    await vi.advanceTimersByTimeAsync(MAX_DISCARDING - 1)
    expect(leg.aborted).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(leg.aborted).toEqual([GIVEN_UP])
    leg.handler.onResponseError?.(leg.controller, GIVEN_UP)
    expect(sent).toHaveLength(2)
  })

  test('that breaks off by itself is a failure', async () => {
    const { leg, sent, told } = await asked()
    const error = new Error('ECONNRESET')
    leg.handler.onResponseError?.(leg.controller, error)
    expect([sent.length, told.at(-1), vi.getTimerCount()]).toEqual([1, ['onResponseError', leg.controller, error], 0])
  })

  test('of a second challenge has as much room as the first', async () => {
    const judgements: Judgement[] = [
      { kind: 'again', authorization: '2' },
      { kind: 'again', authorization: '3' },
    ]
    const attempt = attemptWith('1', () => judgements.shift()!)
    const { sent, answer } = await start({ first: async () => attempt })
    for (let count = 0; count < 2; count++) {
      answer(401)
      await settled()
      const { handler, controller, aborted } = sent.at(-1)!
      handler.onResponseData?.(controller, Buffer.alloc(MAX_DISCARDED))
      expect(aborted).toEqual([])
      handler.onResponseEnd?.(controller, {})
    }
    expect(sent).toHaveLength(3)
  })
})

describe('a request that cannot be sent', () => {
  test('fails, and its handler learns of it through a request that has begun', async () => {
    const error = new Error('no ticket')
    const { sent, told } = await start({ first: () => Promise.reject(error) })
    expect(sent).toEqual([])
    expect(told).toEqual([
      ['onRequestStart', UNSENT, {}],
      ['onResponseError', UNSENT, error],
    ])
  })

  test.each([
    [new Error('closed'), new Error('closed')],
    ['closed', new Error('closed')],
  ])('because the dispatcher throws %s, fails', async (thrown, said) => {
    const { told } = await start(
      {},
      {
        dispatch: () => {
          throw thrown
        },
      },
    )
    expect(told).toEqual([
      ['onRequestStart', UNSENT, {}],
      ['onResponseError', UNSENT, said],
    ])
  })

  test('a second time fails as what had begun', async () => {
    const attempt = attemptWith('1', () => ({ kind: 'again', authorization: '2' }))
    const { sent, told, answer } = await start({ first: async () => attempt })
    answer(401)
    await settled()
    const { handler, controller } = sent[0]
    const error = new Error('closed')
    sent.push = () => {
      throw error
    }
    handler.onResponseEnd?.(controller, {})
    expect(told).toEqual([
      ['onRequestStart', controller, 'context'],
      ['onResponseError', UNSENT, error],
    ])
  })
})

test('headers that are absent are left out, and those of the request stay as they are', async () => {
  const { sent, told } = await start({})
  const { handler, controller } = sent[0]
  handler.onResponseStart?.(controller, 200, { 'x-a': 'b', gone: undefined, list: ['1', '2'] } as never, 'text')
  expect(told.at(-1)).toStrictEqual(['onResponseStart', controller, 200, { 'x-a': 'b', list: ['1', '2'] }, 'text'])
})
