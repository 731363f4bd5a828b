import type { Dispatcher } from 'undici'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Handler, newerHandler } from './handler-kinds.js'
import { limited } from '../connections/time-limits.js'
import { loadUndici } from '../connections/undici.js'
import { UNSENT } from './unsent.js'

type Controller = Dispatcher.DispatchController

beforeAll(async () => void (await loadUndici()))

function older(result: unknown = undefined) {
  const told: unknown[][] = []
  const names = [
    'onConnect',
    'onResponseStarted',
    'onUpgrade',
    'onHeaders',
    'onData',
    'onComplete',
    'onError',
    'onBodySent',
    'onRequestSent',
  ]
  const entries = names.map((name) => [name, (...args: unknown[]) => (told.push([name, ...args]), result)])
  return { told, handler: newerHandler(Object.fromEntries(entries) as Handler) }
}

const controllerWith = (more: Partial<Controller> = {}) => {
  const calls: unknown[] = []
  const controller: Controller = {
    ...UNSENT,
    abort: (reason) => void calls.push(['abort', reason.message]),
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    ...more,
  }
  return { calls, controller }
}

const texts = (raw: unknown): string[] => (raw as Buffer[]).map((octets) => octets.toString('latin1'))

test('one of the newer kind stays as it is', () => {
  const newer: Handler = { onRequestStart() {} }
  expect(newerHandler(newer)).toBe(newer)
})

describe('one of the older kind', () => {
  test('can end its request, with or without a reason', () => {
    const { told, handler } = older()
    const { calls, controller } = controllerWith()
    handler.onRequestStart?.(controller, undefined)
    const abort = told[0][1] as (reason?: Error) => void
    abort(new Error('enough'))
    abort()
    expect(calls).toEqual([
      ['abort', 'enough'],
      ['abort', 'aborted'],
    ])
  })

  test.each([
    ['octets in a row', [Buffer.from('Set-Cookie'), Buffer.from('a=1'), Buffer.from('set-cookie'), Buffer.from('b=2')]],
    ['texts in a row', ['Set-Cookie', 'a=1', 'set-cookie', 'b=2']],
    ['several values together', ['set-cookie', ['a=1', 'b=2']]],
    ['nothing but an object', undefined],
  ])('is given two cookies as two, of %s', (_what, rawHeaders) => {
    const { told, handler } = older()
    const { controller } = controllerWith({ rawHeaders: rawHeaders as Buffer[] })
    handler.onResponseStart?.(controller, 200, { 'set-cookie': ['a=1', 'b=2'] }, 'OK')
    const [name, status, raw, , message] = told[0]
    expect([name, status, message]).toEqual(['onHeaders', 200, 'OK'])
    expect(texts(raw).map((text) => text.toLowerCase())).toEqual(['set-cookie', 'a=1', 'set-cookie', 'b=2'])
  })

  test('holds the body up, and lets it come again', () => {
    const { told, handler } = older(false)
    const { calls, controller } = controllerWith()
    handler.onResponseStart?.(controller, 200, {}, 'OK')
    const resume = told[0][3] as () => void
    handler.onResponseData?.(controller, Buffer.from('x'))
    resume()
    expect(calls).toEqual(['pause', 'pause', 'resume'])
  })

  test('learns of all else: what was sent, the end, a failure, another protocol', () => {
    const { told, handler } = older()
    const { controller } = controllerWith({ rawHeaders: ['a', 'b'], rawTrailers: ['x-t', '1'] })
    handler.onBodySent?.(Buffer.from('abc') as never, 3)
    handler.onRequestSent?.()
    handler.onResponseStarted?.()
    handler.onResponseEnd?.(controller, {})
    const error = new Error('no')
    handler.onResponseError?.(controller, error)
    handler.onRequestUpgrade?.(controller, 101, {}, 'socket' as never)
    expect(told.map(([name]) => name)).toEqual([
      ...['onBodySent', 'onRequestSent', 'onResponseStarted', 'onComplete', 'onError', 'onUpgrade'],
    ])
    expect(told[3][1]).toEqual(['x-t', '1'])
    expect(told[4][1]).toBe(error)
    expect(texts(told[5][2])).toEqual(['a', 'b'])
  })
})

test.each([
  ['newer', 'onRequestStart'],
  ['older', 'onConnect'],
])('a limited handler of the %s kind learns what of its body has been sent', (_kind, first) => {
  const told: unknown[] = []
  const inner: Handler = {
    [first]() {},
    onBodySent: (...args: unknown[]) => void told.push(args[0]),
    onRequestSent: () => void told.push('sent'),
    onResponseStarted: () => void told.push('started'),
  }
  const handler: Handler = limited(inner, { answer: Infinity, body: Infinity }, 'http://api.ad.test')
  handler.onBodySent?.(3, 3)
  handler.onRequestSent?.()
  handler.onResponseStarted?.()
  expect(told).toEqual([3, 'sent', 'started'])
})
