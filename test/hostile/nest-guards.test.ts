/** What an attacker, or a slip of an app's author, could make of guards of Nest. */

import { Controller, type ExecutionContext, SetMetadata, UseGuards, type WebSocketAdapter } from '@nestjs/common'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { WsAdapter } from '@nestjs/platform-ws'
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import {
  Impersonation,
  impersonatedIdentity,
  NegotiateGuard,
  NegotiateMode,
  negotiateSockets,
  RequestCaller,
  RequireGroup,
  S4uModule,
} from '@s4u/nest'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { corporation, Desktop } from '../stories/fixtures/corporation.js'
import { controllerOf, startNest } from '../stories/fixtures/stacks/nest-app.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const SALES = realm.sidOf('Sales')
const NOBODY = 'S-1-5-21-1-2-3-4'
const withTicket = async () => ({ headers: { authorization: await alice.authorization() } })

describe('rules of a route', () => {
  test.each(['express', 'fastify'] as const)('that are said twice at one place both count on %s', async (platform) => {
    const handle = () => 'in'
    const twice = controllerOf({
      first: { decorators: [RequireGroup(NOBODY), RequireGroup(SALES)], handle },
      second: { decorators: [RequireGroup(SALES), RequireGroup(NOBODY)], handle },
    })
    await using site = await startNest(platform, { imports: [S4uModule.forRoot({ keytab })], controllers: [twice] })
    for (const path of ['first', 'second'])
      expect([path, (await fetch(`${site.url}/${path}`, await withTicket())).status]).toEqual([path, 403])
  })

  test('of a class and of the class that it extends both count', async () => {
    const Base = controllerOf({ sales: { handle: () => 'in' } }, [RequireGroup(NOBODY)])
    class Pages extends Base {}
    RequireGroup(SALES)(Pages)
    Controller()(Pages)
    await using site = await startNest('express', { imports: [S4uModule.forRoot({ keytab })], controllers: [Pages] })
    expect((await fetch(`${site.url}/sales`, await withTicket())).status).toBe(403)
  })

  test('that say required are not open where no guard looks', async () => {
    const handle = vi.fn<() => string>(() => 'open')
    const pages = controllerOf({ strict: { decorators: [NegotiateMode('required')], handle } })
    const imports = [S4uModule.forRoot({ keytab }, { protect: 'guardedRoutes' })]
    await using site = await startNest('express', { imports, controllers: [pages] })
    expect((await fetch(`${site.url}/strict`)).status).toBe(500)
    expect(handle).not.toHaveBeenCalled()
  })
})

function gatewayOf(
  decorators: readonly (ClassDecorator & MethodDecorator)[],
  ofClass: readonly ClassDecorator[] = [],
  port = 0,
) {
  class Gateway {
    say() {
      return { event: 'say', data: impersonatedIdentity()?.principal ?? 'nobody' }
    }
  }
  for (const decorate of [SubscribeMessage('say'), ...decorators])
    decorate(Gateway.prototype, 'say', Object.getOwnPropertyDescriptor(Gateway.prototype, 'say')!)
  for (const decorate of [WebSocketGateway(port), ...ofClass]) decorate(Gateway)
  return Gateway
}

const openSockets = (gateway: ReturnType<typeof gatewayOf>, options: object) =>
  startNest('express', { imports: [S4uModule.forRoot({ keytab, ...options })], providers: [gateway] }, (app) =>
    app.useWebSocketAdapter(negotiateSockets(app, new WsAdapter(app) as WebSocketAdapter)),
  )

describe('an app with a gateway does not start', () => {
  test.each([
    ['at a message', gatewayOf([NegotiateMode('required')])],
    ['at the gateway', gatewayOf([], [NegotiateMode('required')])],
  ])('with a mode %s that no guard looks at', async (_where, gateway) => {
    await expect(openSockets(gateway, { mode: 'optional' })).rejects.toMatchObject({ name: 'ConfigurationError' })
  })

  test('with a message that is to run as its caller, and that nothing runs so', async () => {
    const gateway = gatewayOf([UseGuards(NegotiateGuard), Impersonation('required')])
    await expect(openSockets(gateway, {})).rejects.toMatchObject({ name: 'ConfigurationError' })
  })
})

describe('messages of microservices, which the guard of an app does not see in a hybrid app,', () => {
  const start = (...decorators: readonly (ClassDecorator & MethodDecorator)[]) => {
    // As MessagePattern and EventPattern of @nestjs/microservices do.
    const pattern = SetMetadata('microservices:pattern', ['orders'])
    const pages = controllerOf({ orders: { decorators: [pattern, ...decorators], handle: () => 'all orders' } })
    return startNest('express', { imports: [S4uModule.forRoot({ keytab })], controllers: [pages] })
  }

  test('stop the start', async () => {
    const failure = expect.objectContaining({ message: expect.stringContaining('message of a microservice') })
    await expect(start()).rejects.toEqual(failure)
    await expect(start(NegotiateMode('optional'))).rejects.toEqual(failure)
  })

  test('do not where they say that they are for everybody, or are refused', async () => {
    for (const decorator of [NegotiateMode('off'), UseGuards(NegotiateGuard)])
      await (await start(decorator)).app.close()
  })
})

test('a handshake at which the mode of the app fails is refused, and ends neither the process nor the wait', async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  const mode = ({ url }: { readonly url?: string }) =>
    new URL(url ?? '/', 'http://localhost').pathname === '/free' ? 'off' : 'required'
  const failed = vi.fn<(error: unknown) => void>()
  process.on('uncaughtException', failed)
  // With a port of its own, nothing between the server of ws and the option catches.
  await using _site = await openSockets(gatewayOf([], [], port), { mode })
  const socket = connect(port, '127.0.0.1').resume()
  socket.on('error', () => {})
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  socket.write(`GET // HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`)
  const closed = once(socket, 'close').then(() => 'closed')
  const ended = await Promise.race([closed, setTimeout(2_000, 'open')])
  process.off('uncaughtException', failed)
  socket.destroy()
  expect({ calls: failed.mock.calls, ended }).toEqual({ calls: [], ended: 'closed' })
})

test('a field for everybody in the same query of GraphQL does not take the caller from another one', async () => {
  class Resolvers {
    secret() {}
    free() {}
  }
  NegotiateMode('off')(Resolvers.prototype, 'free', Object.getOwnPropertyDescriptor(Resolvers.prototype, 'free')!)
  await using site = await startNest('express', { imports: [S4uModule.forRoot({ keytab })] })
  const guard = new NegotiateGuard(site.app.get('s4u:negotiation'))
  const req = { headers: (await withTicket()).headers, method: 'POST', url: '/graphql', socket: {} }
  const res = { headers: new Map(), getHeader: () => undefined, setHeader: () => {} }
  const contextFor = (name: 'secret' | 'free'): ExecutionContext => {
    const host = new ExecutionContextHost([undefined, {}, { req, res }, {}], Resolvers, Resolvers.prototype[name])
    host.setType('graphql')
    return host
  }
  await guard.canActivate(contextFor('secret'))
  const caller = new RequestCaller({ req } as never)
  expect(caller.identity?.principal).toBe('alice@AD.TEST')
  await guard.canActivate(contextFor('free'))
  expect(caller.identity?.principal).toBe('alice@AD.TEST')
})
