import { RejectedTokenError } from '@s4u/krb5'
import type { SignInResult } from '@s4u/negotiate'
import type { NtlmScheme } from './ntlm-header.js'

/** What is done with the next token of a connection. */
export type NextLeg = (token: Uint8Array) => SignInResult | Promise<SignInResult>

/**
 * Keeps what each connection waits for: one token, in the same scheme, within a minute. A token of
 * one scheme does not go on in the other: the list of mechanisms, which SPNEGO protects, would be
 * left out.
 */
export class Handshakes {
  readonly #now: () => number
  /** What a connection holds goes with it. */
  readonly #waiting = new WeakMap<object, Waiting>()

  constructor(now: () => number) {
    this.#now = now
  }

  keep(connection: object, scheme: NtlmScheme, next: NextLeg): void {
    this.#waiting.set(connection, { scheme, next, until: this.#now() + LIFETIME })
  }

  isWaiting(connection: object, scheme: NtlmScheme): boolean {
    return this.#waiting.get(connection)?.scheme === scheme
  }

  forget(connection: object): void {
    this.#waiting.delete(connection)
  }

  /** Takes out what a connection waits for. @throws RejectedTokenError where it is nothing */
  take(connection: object, scheme: NtlmScheme): NextLeg {
    const waiting = this.#waiting.get(connection)
    this.#waiting.delete(connection)
    if (waiting === undefined || waiting.scheme !== scheme) throw notUnderWay()
    if (this.#now() > waiting.until) throw tooLate()
    return waiting.next
  }
}

interface Waiting {
  readonly scheme: NtlmScheme
  readonly next: NextLeg
  readonly until: number
}

function notUnderWay(): RejectedTokenError {
  return new RejectedTokenError('the client answers a challenge that this connection was not given, or used before', {
    code: 'KRB_AP_ERR_REPEAT',
    hint: 'Somebody replays a response, or a proxy shares connections between clients: NTLM needs the connection of the client itself.',
  })
}

function tooLate(): RejectedTokenError {
  return new RejectedTokenError('the client went on with its handshake too late', { code: 'KRB_AP_ERR_SKEW' })
}

/** How long a leg may take; milliseconds. A person may have to type a password. */
const LIFETIME = 60_000
