import { channelBindingsHash, ContextFlag, tlsExporter } from '@s4u/gssapi'
import { AdType } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { ChannelBindingPolicy } from './channel-binding.js'
import { ifRelevant, issue, oddToken } from '../fixtures/issued-token.js'
import { acceptorWith } from '../fixtures/outcomes.js'
import { requireChannel } from './channel-binding.js'

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

describe('a refusal says what is wrong with the channel', () => {
  const unbound = new Uint8Array(16)
  const hints = {
    channel:
      'channelBinding is require, but the request came without TLS, or TLS ends at a proxy: name its certificate.',
    client:
      'The client cannot bind the channel. Most clients outside Windows cannot: channelBinding allow lets them in.',
    other:
      'TLS ends at a proxy with another certificate than the configured one, or somebody relays the token of a user.',
  }

  test.each([
    ['require', unbound, false, undefined, 'the channel of this request is not known', hints.channel],
    ['require', unbound, false, [], 'the channel of this request is not known', hints.channel],
    ['require', unbound, false, ours, 'the client did not bind the channel', hints.client],
    ['allow', unbound, true, ours, 'the client did not bind the channel', hints.client],
    ['allow', channelBindingsHash(theirs), false, ours, 'the token was made for another channel', hints.other],
    ['require', channelBindingsHash(theirs), true, [ours], 'the token was made for another channel', hints.other],
  ] as const)('%#: %s', (policy, presented, aware, offered, message, hint) => {
    expect(() => requireChannel(policy, presented, aware, offered)).toThrow(
      expect.objectContaining({ name: 'RejectedTokenError', code: 'GSS_S_BAD_BINDINGS', message, hint }),
    )
  })

  test.each([
    ['off', channelBindingsHash(ours), true, ours, false],
    ['off', unbound, true, undefined, false],
    ['allow', unbound, false, ours, false],
    ['allow', unbound, true, undefined, false],
    ['allow', channelBindingsHash(theirs), true, undefined, false],
    ['allow', channelBindingsHash(theirs), true, [], false],
    ['allow', channelBindingsHash(ours), false, ours, true],
    ['require', channelBindingsHash(ours), false, [theirs, ours], true],
  ] as const)('%#: and %s lets in what is right, bound or not', (policy, presented, aware, offered, bound) => {
    expect(requireChannel(policy, presented, aware, offered)).toBe(bound)
  })
})
