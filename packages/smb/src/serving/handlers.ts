/** How frameworks ask for a file, and are answered. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Answer } from './answer.js'
import type { HeaderOf } from './conditions.js'
import type { ServedCaller } from './served-share.js'

/** What each framework's request comes to. */
export interface Asked {
  readonly method: string
  /** The path of the URL, undecoded and without the query. */
  readonly path: string
  /** What follows the path: `?a=b`, or nothing. */
  readonly query: string
  /** The path as the client sent it: a framework may cut off where it is mounted. */
  readonly originalPath: string
  readonly header: HeaderOf
}

/** The part of an `IncomingMessage` that Express adds. */
interface MountedRequest extends IncomingMessage {
  readonly originalUrl?: string
}

/** The part of a context of Koa that is needed. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly method: string
  /** Without where koa-mount has mounted the handler. */
  readonly path: string
  readonly originalUrl: string
  readonly identity?: ServedCaller | undefined
  status: number
  body: unknown
  set(field: string, value: string): void
  readonly response: { get(field: string): unknown }
}

export function askedOfNode(request: MountedRequest): Asked {
  const { path, query } = partsOf(request.url ?? '/')
  const originalPath = partsOf(request.originalUrl ?? request.url ?? '/').path
  return { method: request.method ?? 'GET', path, query, originalPath, header: headerOfNode(request) }
}

export function askedOfKoa(context: KoaContext): Asked {
  const { path: originalPath, query } = partsOf(context.originalUrl)
  return { method: context.method, path: context.path, query, originalPath, header: headerOfNode(context.req) }
}

export function askedOfWeb(request: Request): Asked {
  const { pathname, search } = new URL(request.url)
  const header: HeaderOf = (name) => request.headers.get(name) ?? undefined
  return { method: request.method, path: pathname, query: search, originalPath: pathname, header }
}

function partsOf(url: string): { readonly path: string; readonly query: string } {
  const at = url.indexOf('?')
  return at === -1 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at) }
}

/** Headers of which there are several are for others. */
const headerOfNode =
  ({ headers }: IncomingMessage): HeaderOf =>
  (name) => {
    const value = headers[name]
    return typeof value === 'string' ? value : undefined
  }

/**
 * Sends an answer as Express does.
 * @throws what the body fails with; the connection is closed then
 */
export async function sendToNode(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  try {
    response.statusCode = status
    for (const [name, value] of Object.entries(headers))
      response.setHeader(
        name,
        withOwn(name, value, (each) => response.getHeader(each)),
      )
  } catch (error) {
    // The app has answered meanwhile. Nobody reads the body, which keeps the file and the session.
    if (body instanceof Readable) body.destroy()
    throw error
  }
  if (body instanceof Readable) await pipeline(body, response)
  else response.end(body)
}

/** Sets an answer as Koa does, so that middleware in front still sees it. */
export function sendToKoa(context: KoaContext, { status, headers, body }: Answer): void {
  context.status = status
  if (body !== undefined) context.body = body
  for (const [name, value] of Object.entries(headers))
    context.set(
      name,
      withOwn(name, value, (each) => context.response.get(each)),
    )
  // Koa would leave the client waiting for the rest.
  if (body instanceof Readable) body.once('error', () => context.res.destroy())
}

export function toWeb({ status, headers, body }: Answer): Response {
  return new Response(body instanceof Readable ? Readable.toWeb(body) : (body ?? null), { status, headers })
}

const POLICY = 'Content-Security-Policy'
const CACHING = 'Cache-Control'

/**
 * What the app has set stays where it asks for more: its own policy counts too, and what no cache
 * may store, as `negotiate()` says of callers with a session, is not stored.
 */
function withOwn(name: string, value: string, ownOf: (name: string) => unknown): string {
  if (name === POLICY) return joined(ownOf(POLICY), value)
  const own = name === CACHING ? ownOf(CACHING) : undefined
  return typeof own === 'string' && /\bno-store\b/i.test(own) ? own : value
}

/** Several policies all count: the app's own stays. CSP level 3 section 8.1. */
function joined(own: unknown, policy: string): string {
  return [own, policy]
    .flat()
    .filter((each) => typeof each === 'string' && each !== '')
    .join(', ')
}
