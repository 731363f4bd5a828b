import { isIP } from 'node:net'
import type { WebConnection } from '@s4u/negotiate'
import type { Context } from 'hono'

/**
 * Returns what the runtime says of the connection of a request: on Node its socket, on Bun and Deno
 * the address of the client. Empty where it says nothing, as in `app.request()` of a test. Headers
 * are not read: every client can write them.
 */
export function connectionOf({ env, req }: Context): WebConnection {
  // An app that adds to the environment keeps that of the runtime as `server`.
  const runtime = memberOf(env, 'server') ?? env
  const socket = memberOf(memberOf(runtime, 'incoming'), 'socket')
  if (typeof socket === 'object' && socket !== null) return { socket }
  const clientAddress = addressInBun(runtime, req.raw) ?? memberOf(memberOf(runtime, 'remoteAddr'), 'hostname')
  return typeof clientAddress === 'string' && isIP(clientAddress) !== 0 ? { clientAddress } : {}
}

/** Undefined for another runtime, and for a connection without an address (a Unix socket). */
function addressInBun(server: unknown, request: Request): unknown {
  const requestIp = memberOf(server, 'requestIP')
  return typeof requestIp === 'function' ? memberOf(Reflect.apply(requestIp, server, [request]), 'address') : undefined
}

/** Not what somebody has added to every object: that would be the connection of all callers. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  for (let at: object | null = value; at !== null && at !== Object.prototype; at = Reflect.getPrototypeOf(at))
    if (Object.hasOwn(at, name)) return Reflect.get(value, name)
  return undefined
}
