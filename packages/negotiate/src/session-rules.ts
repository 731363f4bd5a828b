import { createHash } from 'node:crypto'
import type { Acceptor } from '@s4u/acceptor'
import type { NegotiatorKdcOptions } from './kdc/kdc-options.js'
import type { NegotiatorOptions } from './negotiator-options.js'

/**
 * Options that do not decide who is let in, or that are applied to each request anyway. All other
 * options are rules, new ones too: a rule that is missing here by mistake would let the session of
 * a laxer app into a stricter one.
 */
const NO_RULES: ReadonlySet<string> = new Set<keyof NegotiatorOptions>([
  ...([
    'keytab',
    'now',
    'random',
    'openedTicketCacheSize',
    'ticketCacheSize',
    'replayCache',
    'session',
    'delegation',
  ] as const),
  ...([
    'kdc',
    'kpasswd',
    'kdcTimeLimit',
    'domains',
    'ticketCache',
    'encryptionTypes',
    'armor',
    'fast',
    'fetch',
    'directory',
  ] as const),
  ...(['onEvent', 'onChallenge', 'onAuthenticated', 'onFailed', 'logger', 'clientAddress', 'tlsCertificate'] as const),
  ...(['signInOptions', 'trustedProxies'] as const),
  ...(['mode', 'challenge', 'otherChallenges', 'negotiateOnce', 'http2Challenge'] as const),
  ...(['impersonateCallerForAllOperations', 'outsideImpersonation', 'crossSite', 'corsPreflight'] as const),
])

/**
 * Returns a digest of the rules that two apps must share to accept each other's sessions. These
 * are the rules by which a caller was let in (services, trusted realms, PACs, channel bindings,
 * replays, protocol transition, …). If the options name no services, those of the keytab count.
 * Functions cannot be compared; only their presence counts.
 */
export function sessionRulesOf(
  options: Omit<NegotiatorOptions, keyof NegotiatorKdcOptions>,
  acceptor: Pick<Acceptor, 'principals'>,
): () => string {
  const rules = Object.fromEntries(Object.entries(options).filter(([name]) => !NO_RULES.has(name)))
  const own = plain({
    ...rules,
    takesReplays: options.replayCache === false,
    protocolTransition: options.delegation?.protocolTransition ?? false,
  })
  if (options.service !== undefined) return once(() => digestOf([own]))
  let names: readonly string[] | undefined
  let digest = ''
  return () => {
    // The list is a new object only when the keytab has been read again.
    const { principals } = acceptor
    if (principals !== names) digest = digestOf([own, plain([...principals])])
    names = principals
    return digest
  }
}

function once(make: () => string): () => string {
  let made: string | undefined
  return () => (made ??= make())
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url')
}

/**
 * How deep options are compared: the rules of a source in a list have three levels of their own. An
 * object of the app may go deeper, or contain itself.
 */
const MAX_DEPTH = 8

/**
 * Returns the same value for the same meaning: lists of names and members are sorted, absent
 * members are left out.
 */
function plain(value: unknown, depth = 0): unknown {
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  if (depth >= MAX_DEPTH) return 'nested'
  if (Array.isArray(value)) {
    const list = value.map((one) => JSON.stringify(plain(one, depth + 1)))
    return list.sort()
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return 'an object'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
  return members.map(([name, member]) => [name, plain(member, depth + 1)])
}
