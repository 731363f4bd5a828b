import type { CallerIdentity, Gate } from '@s4u/negotiate'
import type { Request, Response } from 'express'
import { expect, test, vi } from 'vitest'
import { gated } from './gated.js'

function run(gate: Gate) {
  const req = { identity: {} as CallerIdentity } as Request
  const res = { statusCode: 200, getHeader: () => undefined, setHeader: vi.fn(), end: vi.fn() }
  const next = vi.fn()
  gated(gate)(req, res as unknown as Response, next)
  return { req, res, next }
}

test('asks the gate about the request and its identity', () => {
  const gate = vi.fn<Gate>(() => ({ status: 'pass', run: (next) => next() }))
  const { req, next } = run(gate)
  expect(gate).toHaveBeenCalledWith(req, req.identity)
  expect(next).toHaveBeenCalledWith()
})

test('runs what follows the way the gate says', () => {
  const order: string[] = []
  run(() => ({
    status: 'pass',
    run: (next) => {
      order.push('before')
      const result = next()
      order.push('after')
      return result
    },
  }))
  expect(order).toEqual(['before', 'after'])
})

test('sends what the gate answers in place of going on', () => {
  const { res, next } = run(() => ({ status: 'challenge', statusCode: 403, headers: {}, body: 'No.' }))
  expect(res).toMatchObject({ statusCode: 403 })
  expect(res.end).toHaveBeenCalledWith('No.')
  expect(next).not.toHaveBeenCalled()
})
