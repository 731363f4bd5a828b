import 'reflect-metadata'
import { type CallerIdentity, ConfigurationError, createAdapterNegotiator, type Outcome } from '@s4u/negotiate'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { describe, expect, test, vi } from 'vitest'
import { corporation } from '../../../test/stories/fixtures/corporation.js'
import { RequestCaller } from './caller.js'
import { ChallengeException } from './challenge-exception.js'
import type { PlatformRequest } from './exchange.js'
import { NegotiateGuard } from './negotiate-guard.js'
import { Negotiation } from './negotiation.js'
import { NegotiateMode, RequireIdentity } from './route-rules.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const run = <T>(next: () => T): T => next()

/** Returns the context of a handler with these decorators, called by a request on Express. */
function contextOf(kind: string, decorators: readonly ClassDecorator[] = []) {
  class Orders {
    read(): void {}
  }
  for (const decorate of decorators) decorate(Orders)
  const headers = new Map<string, unknown>()
  const request: PlatformRequest & { headers: object } = { headers: {}, url: '/below', originalUrl: '/orders' }
  const response = {
    getHeader: (name: string) => headers.get(name),
    setHeader: (name: string, value: unknown) => headers.set(name, value),
  }
  const context = new ExecutionContextHost([request, response], Orders, Orders.prototype.read)
  context.setType(kind)
  return { context, request, headers }
}

/** Returns a guard whose negotiator says what it is told to. */
function guardSaying(outcome: Outcome) {
  const negotiation = new Negotiation(createAdapterNegotiator<PlatformRequest>({ keytab, mode: () => 'optional' }))
  const authenticate = vi.spyOn(negotiation.negotiator, 'authenticate').mockResolvedValue(outcome)
  return { guard: new NegotiateGuard(negotiation), authenticate }
}

const anonymous: Outcome = { status: 'anonymous', headers: {}, run }

describe('a message of a microservice', () => {
  test("passes without being looked at where it says @NegotiateMode('off')", async () => {
    const { guard, authenticate } = guardSaying(anonymous)
    expect(await guard.canActivate(contextOf('rpc', [NegotiateMode('off')]).context)).toBe(true)
    expect(authenticate).not.toHaveBeenCalled()
  })

  test.each([[[]], [[NegotiateMode('optional')]]])('is refused where it does not, case %#', async (decorators) => {
    const { guard } = guardSaying(anonymous)
    await expect(guard.canActivate(contextOf('rpc', decorators).context)).rejects.toThrow(
      new ConfigurationError('@s4u/nest knows the callers of http, GraphQL and WebSockets, and not those of rpc', {
        hint: "Say @NegotiateMode('off') at what is reached that way, if something else protects it.",
      }),
    )
  })
})

test('the negotiator is told the mode of the handler, and the path that the client has asked for', async () => {
  const { guard, authenticate } = guardSaying(anonymous)
  const { context, request } = contextOf('http', [NegotiateMode('required')])
  await guard.canActivate(context)
  expect(authenticate.mock.calls).toEqual([[request, { mode: 'required', url: '/orders', body: undefined }]])
})

test('the mode of the module counts where the handler says none', async () => {
  const { guard, authenticate } = guardSaying(anonymous)
  await guard.canActivate(contextOf('http').context)
  expect(authenticate.mock.calls[0]?.[1]).toMatchObject({ mode: 'optional' })
})

test('a caller passes with the headers of the answer, and replaces an identity that was there', async () => {
  const identity = {} as CallerIdentity
  const { guard } = guardSaying({ status: 'authenticated', identity, by: 'token', headers: { 'X-Proof': '1' }, run })
  const { context, request, headers } = contextOf('http')
  request.identity = { principal: 'mallory@AD.TEST' } as CallerIdentity
  expect(await guard.canActivate(context)).toBe(true)
  expect(request.identity).toBe(identity)
  expect(new RequestCaller(request).identity).toBe(identity)
  expect(new RequestCaller({ req: request }).identity).toBe(identity)
  expect(headers.get('X-Proof')).toBe('1')
})

test('an identity that a middleware in front has put there is none of an anonymous caller', async () => {
  const { guard } = guardSaying(anonymous)
  const { context, request } = contextOf('http')
  request.identity = { principal: 'mallory@AD.TEST' } as CallerIdentity
  expect(await guard.canActivate(context)).toBe(true)
  expect([request.identity, new RequestCaller(request).identity]).toEqual([undefined, undefined])
})

test('before the guard has run nobody may ask for the caller', () => {
  const { request } = contextOf('http')
  request.identity = { principal: 'mallory@AD.TEST' } as CallerIdentity
  expect(() => new RequestCaller(request).identity).toThrow('a handler asks for its caller, but no NegotiateGuard')
})

test('a challenge is thrown, with its headers in the response but for the type of its body', async () => {
  const body = 'Sign in.\n'
  const { guard } = guardSaying({
    status: 'challenge',
    statusCode: 401,
    headers: { 'WWW-Authenticate': ['Negotiate'], 'Content-Type': 'text/plain' },
    body,
  })
  const { context, headers } = contextOf('http')
  await expect(guard.canActivate(context)).rejects.toMatchObject({ challenge: { statusCode: 401, body } })
  expect([headers.get('WWW-Authenticate'), headers.has('Content-Type')]).toEqual(['Negotiate', false])
})

test('@RequireIdentity() stops an unknown caller whom the mode has let through', async () => {
  const guard = new NegotiateGuard(new Negotiation(createAdapterNegotiator({ keytab, mode: 'optional' })))
  expect(await guard.canActivate(contextOf('http').context)).toBe(true)
  const refused = guard.canActivate(contextOf('http', [RequireIdentity()]).context)
  await expect(refused).rejects.toBeInstanceOf(ChallengeException)
  await expect(refused).rejects.toMatchObject({ challenge: { statusCode: 401 } })
})
