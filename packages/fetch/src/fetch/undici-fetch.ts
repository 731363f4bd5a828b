import { type Runtime, thisRuntime } from '@s4u/kdc-client'
import { loadUndici, undici } from '../connections/undici.js'
import type { Fetch } from '../options/token-options.js'

/**
 * Returns the fetch that sends where the app names none: the global one, if it can send by the
 * connections of one identity. The global fetch of Bun and of Deno cannot.
 */
export function platformFetch(runtime: Runtime | undefined = thisRuntime): Fetch {
  return globalFetchShares(runtime) ? undiciFetch : globalThis.fetch
}

/** Returns whether the global fetch of a runtime ignores its dispatcher. */
export function globalFetchShares(runtime: Runtime | undefined = thisRuntime): boolean {
  return runtime === 'Bun' || runtime === 'Deno'
}

/**
 * The fetch of undici, for requests and responses of the platform: undici has classes of its own,
 * which `Bun.serve` and `Deno.serve` do not take. A body that can be sent again is held in memory,
 * so that its length can be told: many servers do not take one in chunks.
 */
export const undiciFetch: Fetch = async (input, init) => {
  await loadUndici()
  const request = new Request(input, init)
  const { method, headers, signal, redirect } = request
  const isStream = init !== undefined && 'duplex' in init
  const body = request.body === null || isStream ? request.body : await request.arrayBuffer()
  const { integrity } = init ?? {}
  const common = {
    method,
    headers: [...headers],
    signal,
    redirect,
    body,
    duplex: 'half',
    dispatcher: dispatcherIn(init),
  }
  const sent: object = { ...common, ...(integrity !== undefined && { integrity }) }
  return answerOf(await undici().fetch(request.url, sent))
}

function dispatcherIn(init: RequestInit | undefined): unknown {
  return init !== undefined && 'dispatcher' in init ? init.dispatcher : undefined
}

type UndiciResponse = Awaited<ReturnType<ReturnType<typeof undici>['fetch']>>

/** Statuses whose responses have no body. Source: WHATWG Fetch, "null body status". */
const WITHOUT_BODY: readonly number[] = [204, 205, 304]

function answerOf(answer: UndiciResponse): Response {
  const { status, statusText, url } = answer
  // Two declarations of one class: that of undici and that of the platform.
  const body = WITHOUT_BODY.includes(status) ? null : (answer.body as ReadableStream | null)
  const response = new Response(body, { status, statusText, headers: [...answer.headers] })
  return Object.defineProperty(response, 'url', { value: url, configurable: true })
}
