import { closeOptions, type OptionTableOf, pickOptions } from '@s4u/krb5'
import type { AskedLevel } from '@s4u/negotiate'
import { NTLM_OPTIONS, type NtlmOptions } from '@s4u/ntlm'

/** Options of `ntlm()`: those of the acceptor for NTLM, and those of a way to sign in. */
export interface NtlmSourceOptions extends Omit<NtlmOptions, 'channelBinding' | 'now' | 'random'> {
  /**
   * Extended protection: whether a client must bind its response to the TLS connection. Default:
   * `require` where the negotiator's `channelBinding` does, else `allow`: what is bound must be
   * right. Set it to `require` where all clients are browsers.
   */
  readonly channelBinding?: NtlmOptions['channelBinding']
  /**
   * How far the service may act for the users: `identification` to know them only, which needs no
   * permission to vouch for them, and begins no session. Default: as far as the directory permits.
   */
  readonly level?: AskedLevel
  /** Whether NTLM may come over TLS only. Default `true`: without, whoever listens can relay it. */
  readonly requireTls?: boolean
}

const { now: _now, random: _random, ...OF_ACCEPTOR } = NTLM_OPTIONS

/** Every name in NtlmSourceOptions; others are refused. */
export const NTLM_SOURCE_OPTIONS = {
  ...OF_ACCEPTOR,
  level: 'value',
  requireTls: 'flag',
} as const satisfies OptionTableOf<NtlmSourceOptions>

/** The options, divided among the acceptor and the source. */
export interface NtlmSourceSettings {
  readonly ofAcceptor: Omit<NtlmOptions, 'now' | 'random'>
  readonly level: AskedLevel | undefined
  readonly requireTls: boolean
}

/** @throws ConfigurationError for an unknown option */
export function readNtlmSourceOptions(given: NtlmSourceOptions): NtlmSourceSettings {
  const options = closeOptions('ntlm', given, NTLM_SOURCE_OPTIONS)
  const { level, requireTls = true } = options
  return { ofAcceptor: pickOptions<NtlmOptions>(options, NTLM_OPTIONS), level, requireTls }
}
