import { channel } from 'node:diagnostics_channel'
import type { S4uError } from '@s4u/krb5'
import { nameOfSite } from '../requests/name-of-site.js'
import type { ReceivedRequest, SiteRequest } from '../requests/steps.js'

/** The name of the diagnostics channel on which every alert and every request appears. */
export const GATEWAY_CHANNEL = 's4u:gateway'

/** What somebody must look at: an inner server, the directory or the gateway is set up wrong. */
export interface GatewayAlert {
  readonly kind: 'alert'
  /** The code of the error: `S4U_INNER_REFUSED`. */
  readonly code: string
  /** What is wrong, in a sentence. */
  readonly message: string
  /** What to do. */
  readonly hint?: string
  /** The request that showed it. */
  readonly id?: string
  /** The site of that request. */
  readonly site?: string
  /** The address of the client. */
  readonly client?: string
}

/** A request that has ended: what the access log says of it. */
export interface GatewayRequestEvent {
  readonly kind: 'request'
  /** Milliseconds, until its last octet was sent. */
  readonly duration: number
  /** The HTTP status of the answer. */
  readonly status: number
  /** The site, where one was found. */
  readonly site?: string | undefined
  /** The user, where one is known: `alice@AD.TEST`. */
  readonly user?: string | undefined
  /** How the user was known: `negotiate`, `session`, `form`. */
  readonly way?: string | undefined
  /** The code of a refusal. */
  readonly code?: string | undefined
}

const diagnostics = channel(GATEWAY_CHANNEL)

/** Publishes a request that has ended, where somebody listens. */
export function publishRequest(make: () => GatewayRequestEvent): void {
  if (diagnostics.hasSubscribers) diagnostics.publish(make())
}

/** Returns an alert with all that is known. No token and no password is ever in an error. */
export function alertOf({ code, message, hint }: S4uError, request?: ReceivedRequest | SiteRequest): GatewayAlert {
  return {
    kind: 'alert',
    code,
    message,
    ...(hint !== undefined && { hint }),
    ...(request && { id: request.id }),
    ...(request && 'site' in request && { site: nameOfSite(request.site) }),
    ...(request?.clientAddress !== undefined && { client: request.clientAddress }),
  }
}

/** Publishes each alert, and says which of them are worth a line of the log. */
export class Alerts {
  readonly #now: () => number
  readonly #told = new Map<string, { at: number; more: number }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Returns the line for an alert; undefined where the same was told a moment ago. A server that is
   * set up wrong refuses every request, and its alerts must not hide the others.
   */
  publish(alert: GatewayAlert): (GatewayAlert & { readonly more?: number }) | undefined {
    if (diagnostics.hasSubscribers) diagnostics.publish(alert)
    const key = `${alert.code} ${alert.message}`
    const before = this.#told.get(key)
    if (before !== undefined && this.#now() < before.at + QUIET) {
      before.more++
      return undefined
    }
    if (this.#told.size >= MAX_TOLD) this.#told.clear()
    this.#told.set(key, { at: this.#now(), more: 0 })
    return before === undefined || before.more === 0 ? alert : { ...alert, more: before.more }
  }
}

/** After this time the same is told again, with how often it was not; milliseconds. */
const QUIET = 60_000
/** Messages name users: so many are remembered. */
const MAX_TOLD = 1_000
