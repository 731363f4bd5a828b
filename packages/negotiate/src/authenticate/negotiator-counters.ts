import type { NtlmUse } from './ntlm-use.js'
import type { Authenticated } from './outcome.js'

/** How many times each thing happened since the negotiator was made. */
export interface NegotiatorCounters {
  readonly challenged: number
  readonly authenticated: Readonly<Record<Authenticated['by'], number>>
  /** By reason: `{ KRB_AP_ERR_REPEAT: 3 }`. */
  readonly failed: Readonly<Record<string, number>>
  /** By source of `signIn`: `{ form: { signedIn: 3, refused: { KDC_ERR_PREAUTH_FAILED: 1 } } }`. */
  readonly signIn: Readonly<Record<string, SourceCounters>>
  /** Callers with NTLM, let in or refused, each handshake once. */
  readonly ntlm: NtlmCounters
}

/** Who still comes with NTLM. When these stand still, it can be turned off. */
export interface NtlmCounters {
  /** `{ address: 3 }`: the URL has an IP address, a name without a key, or there was no ticket. */
  readonly byReason: Readonly<Record<string, number>>
  /** `{ 'curl/7.88.1': 3 }`; after the first fifty products, `others`. */
  readonly byUserAgent: Readonly<Record<string, number>>
}

/** How many times each thing happened at one source of `signIn`. */
export interface SourceCounters {
  readonly signedIn: number
  /** By reason. They are among `failed` too. */
  readonly refused: Readonly<Record<string, number>>
}

/** What is counted of a caller who is known, or refused. */
interface CountedCaller {
  /** The name of the source of `signIn`. */
  readonly source?: string
  readonly ntlm?: NtlmUse
}

/** Counts the callers of one negotiator. */
export class CallerCounts {
  readonly #authenticated = { token: 0, session: 0, connection: 0, 'sign-in': 0 }
  readonly #ofSources = new Map<string, { signedIn: number; readonly refused: Map<string, number> }>()
  readonly #failed = new Map<string, number>()
  readonly #ntlm = { byReason: new Map<string, number>(), byUserAgent: new Map<string, number>() }
  #challenged = 0

  /** The numbers of now. */
  get counters(): NegotiatorCounters {
    return {
      challenged: this.#challenged,
      authenticated: { ...this.#authenticated },
      failed: Object.fromEntries(this.#failed),
      signIn: Object.fromEntries(
        Array.from(this.#ofSources, ([name, { signedIn, refused }]) => [
          name,
          { signedIn, refused: Object.fromEntries(refused) },
        ]),
      ),
      ntlm: {
        byReason: Object.fromEntries(this.#ntlm.byReason),
        byUserAgent: Object.fromEntries(this.#ntlm.byUserAgent),
      },
    }
  }

  challenged(): void {
    this.#challenged++
  }

  authenticated({ by, source, ntlm }: CountedCaller & { readonly by: Authenticated['by'] }): void {
    this.#authenticated[by]++
    this.#countNtlm(ntlm)
    if (source !== undefined) this.#countersOf(source).signedIn++
  }

  failed({ code, source, ntlm }: CountedCaller & { readonly code: string }): void {
    count(this.#failed, code)
    this.#countNtlm(ntlm)
    if (source !== undefined) count(this.#countersOf(source).refused, code)
  }

  #countNtlm(ntlm: NtlmUse | undefined): void {
    if (ntlm === undefined) return
    const { byReason, byUserAgent } = this.#ntlm
    count(byReason, ntlm.reason)
    const isKnown = byUserAgent.has(ntlm.userAgent) || byUserAgent.size < MAX_USER_AGENTS
    count(byUserAgent, isKnown ? ntlm.userAgent : 'others')
  }

  #countersOf(source: string): { signedIn: number; readonly refused: Map<string, number> } {
    const found = this.#ofSources.get(source) ?? { signedIn: 0, refused: new Map<string, number>() }
    this.#ofSources.set(source, found)
    return found
  }
}

/** Clients name themselves, and could fill the memory with names. */
const MAX_USER_AGENTS = 50

function count(counts: Map<string, number>, code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1)
}
