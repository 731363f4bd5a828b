import type { Context } from 'hono'
import { expect, test } from 'vitest'
import { connectionOf } from './connection.js'

const raw = new Request('http://web.ad.test/', { headers: { 'x-forwarded-for': '192.0.2.99' } })
const at = (env: unknown) => connectionOf({ env, req: { raw } } as unknown as Context)

/**
 * What Bun.serve gives to a handler. Its method needs the server as `this`, as that of Bun does.
 */
class BunServer {
  readonly #address: object | null
  constructor(address: object | null) {
    this.#address = address
  }
  requestIP(request: Request): object | null {
    return request === raw ? this.#address : null
  }
}

test('is the socket on Node', () => {
  const socket = {}
  expect(at({ incoming: { socket } }).socket).toBe(socket)
  expect(at({ server: { incoming: { socket } } }).socket).toBe(socket)
})

test('is the address of the client on Bun and Deno', () => {
  const server = new BunServer({ address: '192.0.2.7', family: 'IPv4', port: 5 })
  expect(at(server)).toEqual({ clientAddress: '192.0.2.7' })
  expect(at({ server })).toEqual({ clientAddress: '192.0.2.7' })
  expect(at({ remoteAddr: { hostname: '2001:db8::7', port: 5, transport: 'tcp' } })).toEqual({
    clientAddress: '2001:db8::7',
  })
})

test('is not known where the runtime does not say it, whatever headers say', () => {
  for (const env of [undefined, {}, { KV: {} }, new BunServer(null), { remoteAddr: { transport: 'unix', path: '/s' } }])
    expect(at(env)).toEqual({})
  expect(at({ remoteAddr: { hostname: 'localhost' } })).toEqual({})
  // Not what only becomes an address when it is made a text.
  expect(at({ remoteAddr: { hostname: ['192.0.2.7'] } })).toEqual({})
  expect(at({ incoming: { socket: null } })).toEqual({})
  expect(at(Object.create(null))).toEqual({})
})

test('is not what somebody has added to every object', () => {
  const added = { incoming: { socket: {} }, remoteAddr: { hostname: '192.0.2.99' }, server: {} }
  try {
    for (const [name, value] of Object.entries(added))
      Reflect.defineProperty(Object.prototype, name, { value, configurable: true })
    expect(at({ KV: new Map() })).toEqual({})
    expect(at(new BunServer({ address: '192.0.2.7' }))).toEqual({ clientAddress: '192.0.2.7' })
  } finally {
    for (const name of Object.keys(added)) Reflect.deleteProperty(Object.prototype, name)
  }
})
