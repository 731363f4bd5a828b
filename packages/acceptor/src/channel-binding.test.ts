import { channelBindingsHash, ContextFlag, tlsExporter } from '@s4u/gssapi'
import { AdType } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { ChannelBindingPolicy } from './acceptor-options.js'
import { ifRelevant, issue, oddToken } from './fixtures/issued-token.js'
import { acceptorWith } from './fixtures/outcomes.js'

const ours = tlsExporter(new Uint8Array(32).fill(1))
const theirs = tlsExporter(new Uint8Array(32).fill(2))
const awareOfBindings = ifRelevant({ adType: AdType.AUTH_DATA_AP_OPTIONS, adData: Uint8Array.of(0, 0x40, 0, 0) })

/** What becomes of a client that bound `client`, at an acceptor whose channel is `server`. */
async function outcomeOf(
  channelBinding: ChannelBindingPolicy,
  client: Uint8Array | undefined,
  server: Uint8Array | readonly Uint8Array[] | undefined,
  aware = false,
): Promise<string> {
  const token = oddToken(issue(), {
    channelBindings: client && channelBindingsHash(client),
    authenticator: {},
    flags: ContextFlag.MUTUAL | ContextFlag.CHANNEL_BOUND,
  })
  const unbound = oddToken(issue(), { authenticator: aware ? { authorizationData: awareOfBindings } : {} })
  const outcome = await acceptorWith({ channelBinding }).accept(client ? token : unbound, { channelBindings: server })
  if (outcome.status === 'refused') return outcome.error.code
  return outcome.status === 'accepted' && (outcome.context.flags & ContextFlag.CHANNEL_BOUND) !== 0
    ? 'bound'
    : outcome.status
}

describe('channel binding', () => {
  test('off looks at nothing, and never says that the channel is bound', async () => {
    expect(await outcomeOf('off', theirs, ours)).toBe('accepted')
    expect(await outcomeOf('off', ours, ours)).toBe('accepted')
  })

  test.each(['allow', 'require'] as const)('%s accepts the right one and refuses a wrong one', async (policy) => {
    expect(await outcomeOf(policy, ours, ours)).toBe('bound')
    expect(await outcomeOf(policy, theirs, ours)).toBe('GSS_S_BAD_BINDINGS')
    expect(await outcomeOf(policy, ours, [theirs, ours])).toBe('bound')
  })

  test('allow accepts a client that binds nothing, unless that client knows better', async () => {
    expect(await outcomeOf('allow', undefined, ours)).toBe('accepted')
    expect(await outcomeOf('allow', undefined, ours, true)).toBe('GSS_S_BAD_BINDINGS')
  })

  test('allow accepts any binding where the channel is not known', async () => {
    expect(await outcomeOf('allow', ours, undefined)).toBe('accepted')
  })

  test('require refuses a client that binds nothing, and requests whose channel is not known', async () => {
    expect(await outcomeOf('require', undefined, ours)).toBe('GSS_S_BAD_BINDINGS')
    expect(await outcomeOf('require', ours, undefined)).toBe('GSS_S_BAD_BINDINGS')
    expect(await outcomeOf('require', ours, [])).toBe('GSS_S_BAD_BINDINGS')
  })
})
