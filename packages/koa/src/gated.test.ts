import type { CallerIdentity, Gate } from '@s4u/negotiate'
import type { Context } from 'koa'
import { expect, test, vi } from 'vitest'
import { gated } from './gated.js'

async function run(gate: Gate) {
  const ctx = { req: {}, res: { getHeader: () => undefined, setHeader: vi.fn() }, identity: {} as CallerIdentity }
  const next = vi.fn(async () => undefined)
  await gated(gate)(ctx as unknown as Context, next)
  return { ctx, next }
}

test('asks the gate about the request and its identity', async () => {
  const gate = vi.fn<Gate>(() => ({ status: 'pass', run: (next) => next() }))
  const { ctx, next } = await run(gate)
  expect(gate).toHaveBeenCalledWith(ctx.req, ctx.identity)
  expect(next).toHaveBeenCalledOnce()
})

test('waits for what follows, the way the gate says', async () => {
  const order: string[] = []
  const gate: Gate = () => ({
    status: 'pass',
    run: (next) => {
      order.push('run')
      return next()
    },
  })
  const next = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    order.push('done')
  }
  await gated(gate)({} as unknown as Context, next)
  expect(order).toEqual(['run', 'done'])
})

test('sends what the gate answers in place of going on', async () => {
  const { ctx, next } = await run(() => ({ status: 'challenge', statusCode: 403, headers: {}, body: 'No.' }))
  expect(ctx).toMatchObject({ status: 403, body: 'No.' })
  expect(next).not.toHaveBeenCalled()
})
