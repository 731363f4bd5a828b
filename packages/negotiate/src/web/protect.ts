import { STATUS_CODES } from 'node:http'
import { closeOptions, ConfigurationError, type OptionTableOf, requireGiven, S4uError } from '@s4u/kdc-client'
import { requireOneOf } from '@s4u/krb5'
import type { Mode } from '../authenticate/mode.js'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Gate } from '../routes/gate.js'
import type { WebConnection } from './web-connection.js'
import { withoutTaken } from './taken-headers.js'
import { responseOf, type WebOutcome, withHeaders } from './web-outcome.js'

/** A handler of web-standard requests, with what its runtime gives beside the request. */
export type WebHandler<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Promise<Response>

/** Options of `negotiator.protect`, for one handler of web-standard requests. */
export interface ProtectOptions<Rest extends readonly unknown[] = readonly unknown[]> {
  /** `required` (default) answers 401 to an unknown caller; `optional` lets it pass. */
  readonly mode?: Exclude<Mode, 'off'>
  /**
   * Returns what the runtime knows of the connection. Default: nothing. Example, in Deno:
   * `(request, info) => ({ clientAddress: info.remoteAddr.hostname })`.
   */
  readonly connection?: (request: Request, ...rest: Rest) => WebConnection
  /** Checks that a caller must pass, in order: `[groupGate(['S-1-5-…'])]`. Default: none. */
  readonly gates?: readonly Gate[]
  /**
   * Answers CORS preflights, which come without credentials, where the negotiator has
   * `corsPreflight`. Default: 204 without headers of CORS, so that browsers refuse the other
   * origin.
   */
  readonly preflight?: (request: Request, ...rest: Rest) => Response | Promise<Response>
  /**
   * Receives each error of s4u with which the handler fails, for the log: the caller gets its
   * status only. Default: `console.error`. Other errors are thrown.
   */
  readonly onError?: (error: S4uError, request: Request) => void
}

/** Every name in ProtectOptions; others are refused. */
export const PROTECT_OPTIONS = {
  mode: 'value',
  connection: 'function',
  gates: 'value',
  preflight: 'function',
  onError: 'function',
} as const satisfies OptionTableOf<ProtectOptions>

/** What `protect` needs of its negotiator. */
export interface WebNegotiator {
  authenticateRequest(request: Request, options: WebConnection & { readonly mode: Mode }): Promise<WebOutcome>
}

/** The app's handler. */
export type ProtectedHandler<Rest extends readonly unknown[], Caller = CallerIdentity | undefined> = (
  request: Request,
  identity: Caller,
  ...rest: Rest
) => Response | Promise<Response>

/** Returns a handler in front of `handler`. @throws ConfigurationError */
export function protectedBy<Rest extends readonly unknown[]>(
  negotiator: WebNegotiator,
  handler: ProtectedHandler<Rest, never>,
  given: ProtectOptions<Rest> | undefined,
): WebHandler<Rest> {
  requireGiven(
    'protect: the handler',
    handler,
    'function',
    'Write negotiator.protect((request, identity) => response).',
  )
  const options = closeOptions<ProtectOptions<Rest>>('protect', given, PROTECT_OPTIONS)
  const { mode = 'required', gates = [], preflight = () => new Response(null, { status: 204 }) } = options
  requireOneOf('protect: mode', mode, ['required', 'optional'])
  requireGates(gates)
  return async (received, ...rest) => {
    const outcome = await negotiator.authenticateRequest(received, { ...options.connection?.(received, ...rest), mode })
    if (outcome.response !== undefined) return outcome.response
    const request = withoutTaken(received, outcome.request)
    const { identity, headers } = outcome
    // Behind `required`, the only request without a caller is a preflight.
    if (mode === 'required' && identity === undefined) return withHeaders(await preflight(request, ...rest), headers)
    const run = runThrough(gates, outcome)
    if ('response' in run) return withHeaders(run.response, headers)
    const handle = (): Response | Promise<Response> => Reflect.apply(handler, undefined, [request, identity, ...rest])
    return withHeaders(await answered(() => run.run(handle), request, options), headers)
  }
}

/** Returns the runner of the handler, or the refusal of a gate. */
function runThrough(
  gates: readonly Gate[],
  { request, identity, ...outcome }: Exclude<WebOutcome, { status: 'challenge' }>,
): { readonly run: typeof outcome.run } | { readonly response: Response } {
  let { run } = outcome
  for (const gate of gates) {
    const verdict = gate(request, identity)
    if (verdict.status === 'challenge') return { response: responseOf(verdict) }
    const outer = run
    run = (next) => outer(() => verdict.run(next))
  }
  return { run }
}

/**
 * Answers errors of s4u with their status. Runtimes would show a page with the stack to the caller,
 * and with it the names of accounts and services.
 */
async function answered(
  handle: () => Response | Promise<Response>,
  request: Request,
  { onError = logError }: Pick<ProtectOptions, 'onError'>,
): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    if (!S4uError.is(error)) throw error
    onError(error, request)
    const { status = 500 } = error
    return new Response(`${STATUS_CODES[status]}\n`, { status, headers: { 'Content-Type': 'text/plain' } })
  }
}

function requireGates(gates: unknown): void {
  if (Array.isArray(gates) && gates.every((gate) => typeof gate === 'function')) return
  throw new ConfigurationError('protect: gates must be a list of gates', {
    hint: "Write gates: [groupGate(['S-1-5-21-1-2-3-512']), negotiator.impersonation('required')].",
  })
}

function logError(error: S4uError): void {
  // As a framework does with an error that no handler takes.
  // oxlint-disable-next-line no-console
  console.error(error)
}
