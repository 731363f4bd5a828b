/** Gateways of Nest: the handshake is authenticated, and messages come as its caller. */

import { type INestApplication, UseGuards, type WebSocketAdapter } from '@nestjs/common'
import { IoAdapter } from '@nestjs/platform-socket.io'
import { WsAdapter } from '@nestjs/platform-ws'
import { SubscribeMessage, WebSocketGateway, type GatewayMetadata } from '@nestjs/websockets'
import {
  Caller,
  currentIdentity,
  Impersonation,
  impersonatedIdentity,
  NegotiateGuard,
  NegotiateMode,
  Negotiated,
  negotiateSockets,
  RequireGroup,
  S4uModule,
  type S4uModuleOptions,
} from '@s4u/nest'
import type { CallerIdentity } from '@s4u/negotiate'
import { once } from 'node:events'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { corporation, Desktop } from './fixtures/corporation.js'
import { startNest } from './fixtures/stacks/nest-app.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const bob = new Desktop(realm, 'bob')
const SALES = realm.sidOf('Sales')

type Decorators = readonly (ClassDecorator & MethodDecorator)[]

/** A gateway with a message for each name, whose answer tells who sent it. */
function gatewayOf(
  messages: Readonly<Record<string, Decorators>>,
  decorators: readonly ClassDecorator[] = [],
  options: GatewayMetadata = {},
) {
  class Gateway {
    answer(caller: CallerIdentity | undefined) {
      const known = currentIdentity()?.principal
      return { caller: caller?.principal, known, acts: impersonatedIdentity()?.principal }
    }
  }
  for (const [name, own] of Object.entries(messages)) {
    const value = function (this: Gateway, caller: CallerIdentity) {
      return { event: name, data: this.answer(caller) }
    }
    Object.defineProperty(Gateway.prototype, name, { value, configurable: true, writable: true })
    for (const decorate of [SubscribeMessage(name), ...own])
      decorate(Gateway.prototype, name, Object.getOwnPropertyDescriptor(Gateway.prototype, name)!)
    Caller()(Gateway.prototype, name, 0)
  }
  for (const decorate of [WebSocketGateway(options), ...decorators]) decorate(Gateway)
  return Gateway
}

const adapters = {
  ws: (app: INestApplication): WebSocketAdapter => new WsAdapter(app),
  'socket.io': (app: INestApplication): WebSocketAdapter => new IoAdapter(app),
}

function open(kind: keyof typeof adapters, gateway: ReturnType<typeof gatewayOf>, options: S4uModuleOptions = {}) {
  const all = { keytab, kdc: realm.transport, delegation: { principal: 'web' }, ...options }
  const metadata = { imports: [S4uModule.forRoot(all)], providers: [gateway] }
  return startNest('express', metadata, (app) => app.useWebSocketAdapter(negotiateSockets(app, adapters[kind](app))))
}

const ALL = { plain: [], asCaller: [Impersonation('required')], sales: [RequireGroup(SALES)] }

describe('with ws', () => {
  const connect = async (url: string, authorization?: string) => {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers: { ...(authorization && { authorization }) } })
    return new Promise<{ socket: WebSocket; status: number; headers: Record<string, unknown> }>((resolve, reject) => {
      let headers = {}
      socket.once('upgrade', (response) => (headers = response.headers))
      socket.once('open', () => resolve({ socket, status: 101, headers }))
      socket.once('unexpected-response', (request, response) => {
        request.destroy()
        resolve({ socket, status: response.statusCode ?? 0, headers: response.headers })
      })
      socket.once('error', reject)
    })
  }
  const ask = async (socket: WebSocket, event: string) => {
    socket.send(JSON.stringify({ event, data: 1 }))
    const [message] = await once(socket, 'message')
    return JSON.parse(String(message))
  }

  test('a handshake without a ticket gets a 401, and one with a ticket the proof of the service', async () => {
    await using site = await open('ws', gatewayOf(ALL, [Negotiated()]))
    const refused = await connect(site.url)
    expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Negotiate' } })
    const accepted = await connect(site.url, await alice.authorization())
    expect(accepted).toMatchObject({
      status: 101,
      headers: { 'www-authenticate': expect.stringMatching(/^Negotiate \S+$/) },
    })
    accepted.socket.terminate()
  })

  test('messages come as the caller of the handshake, and rules count', async () => {
    await using site = await open('ws', gatewayOf(ALL, [Negotiated()]))
    const { socket } = await connect(site.url, await alice.authorization())
    const known = { caller: 'alice@AD.TEST', known: 'alice@AD.TEST' }
    expect(await ask(socket, 'plain')).toEqual({ event: 'plain', data: known })
    expect(await ask(socket, 'asCaller')).toEqual({ event: 'asCaller', data: { ...known, acts: 'alice@AD.TEST' } })
    expect(await ask(socket, 'sales')).toMatchObject({ event: 'sales' })
    const other = await connect(site.url, await bob.authorization())
    expect(await ask(other.socket, 'plain')).toMatchObject({ data: { caller: 'bob@AD.TEST' } })
    expect(await ask(other.socket, 'sales')).toMatchObject({
      event: 'exception',
      data: { message: 'Forbidden resource' },
    })
    for (const one of [socket, other.socket]) one.terminate()
  })

  test('what the gateway itself asks counts as well', async () => {
    const verifyClient = vi.fn<(info: object) => boolean>(() => false)
    await using site = await open('ws', gatewayOf(ALL, [Negotiated()], { verifyClient } as GatewayMetadata))
    expect((await connect(site.url)).status).toBe(401)
    expect(verifyClient).not.toHaveBeenCalled()
    expect((await connect(site.url, await alice.authorization())).status).toBe(401)
    expect(verifyClient).toHaveBeenCalledOnce()
  })

  test('the mode of the module lets unknown callers connect, and a message may ask for more', async () => {
    const gateway = gatewayOf({ plain: [], strict: [NegotiateMode('required')] }, [Negotiated()])
    await using site = await open('ws', gateway, { mode: 'optional' })
    const { socket } = await connect(site.url)
    expect(await ask(socket, 'plain')).toEqual({ event: 'plain', data: {} })
    expect(await ask(socket, 'strict')).toMatchObject({ event: 'exception', data: { message: 'Forbidden resource' } })
    socket.terminate()
  })
})

describe('with socket.io', () => {
  const connect = async (url: string, options: Partial<ManagerOptions & SocketOptions>, authorization?: string) => {
    const extraHeaders = { ...(authorization && { authorization }) }
    const socket = io(url, { extraHeaders, reconnection: false, forceNew: true, ...options })
    return new Promise<{ socket: Socket; error?: Error }>((resolve) => {
      socket.once('connect', () => resolve({ socket }))
      socket.once('connect_error', (error) => resolve({ socket, error }))
    })
  }

  test.each([[['websocket']], [['polling']], [['polling', 'websocket']]])(
    'a connection by %j needs a ticket once, and its messages come as the caller',
    async (transports) => {
      await using site = await open('socket.io', gatewayOf(ALL, [Negotiated()], { namespace: 'chat' }))
      const refused = await connect(`${site.url}/chat`, { transports })
      expect(refused.error).toBeInstanceOf(Error)
      const first = await fetch(`${site.url}/socket.io/?EIO=4&transport=polling`)
      expect([first.status, first.headers.get('www-authenticate')]).toEqual([401, 'Negotiate'])
      const { socket, error } = await connect(`${site.url}/chat`, { transports }, await alice.authorization())
      expect(error).toBeUndefined()
      const known = { caller: 'alice@AD.TEST', known: 'alice@AD.TEST' }
      const heard = (event: string) =>
        new Promise((resolve) => {
          socket.once(event, resolve)
          socket.emit(event, 1)
        })
      expect(await heard('plain')).toEqual(known)
      expect(await heard('asCaller')).toEqual({ ...known, acts: 'alice@AD.TEST' })
      socket.close()
    },
  )

  test('an identifier that opened no connection is no secret of one', async () => {
    await using site = await open('socket.io', gatewayOf(ALL, [Negotiated()]))
    for (const sid of ['constructor', 'x', ''])
      expect([sid, (await fetch(`${site.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`)).status]).toEqual([
        sid,
        401,
      ])
  })
})

describe('an app does not start', () => {
  const start = (gateway: ReturnType<typeof gatewayOf>, prepare?: Parameters<typeof startNest>[2]) =>
    startNest('express', { imports: [S4uModule.forRoot({ keytab })], providers: [gateway] }, (app) => {
      app.useWebSocketAdapter(new WsAdapter(app))
      prepare?.(app)
    })

  test('with a gateway whose handshakes nothing looks at, unless it says that it is for everybody', async () => {
    await expect(start(gatewayOf({ plain: [] }))).rejects.toThrow('the gateway Gateway is open to everybody')
    await (await start(gatewayOf({}, [NegotiateMode('off')])))[Symbol.asyncDispose]()
  })

  test('with rules of messages that no guard checks', async () => {
    const negotiated: Parameters<typeof startNest>[2] = (app) =>
      void app.useWebSocketAdapter(negotiateSockets(app, new WsAdapter(app)))
    const refused = 'Gateway.sales is a message, and no guard checks @Require…() there'
    await expect(start(gatewayOf({ sales: [RequireGroup(SALES)] }), negotiated)).rejects.toThrow(refused)
    await expect(start(gatewayOf({ sales: [] }, [RequireGroup(SALES)]), negotiated)).rejects.toThrow(refused)
    const guarded = gatewayOf({ sales: [RequireGroup(SALES), UseGuards(NegotiateGuard)] })
    await (await start(guarded, negotiated))[Symbol.asyncDispose]()
  })

  test('with an adapter of another kind', async () => {
    const ignore = (): void => {}
    const adapter = { create: () => ({}), bindClientConnect: ignore, bindMessageHandlers: ignore, close: ignore }
    Object.assign(adapter, { dispose: ignore })
    const other: Parameters<typeof startNest>[2] = (app) => void app.useWebSocketAdapter(negotiateSockets(app, adapter))
    await expect(start(gatewayOf({}, [Negotiated()]), other)).rejects.toThrow('the adapters of ws and socket.io')
  })
})
