import type { InitiatorOptions } from '@s4u/gssapi'
import { ConfigurationError, shownInput } from '@s4u/krb5'
import {
  GSS_C_ANON_FLAG,
  GSS_C_CONF_FLAG,
  GSS_C_DELEG_FLAG,
  GSS_C_INTEG_FLAG,
  GSS_C_MUTUAL_FLAG,
  GSS_C_REPLAY_FLAG,
  GSS_C_SEQUENCE_FLAG,
  GSS_MECH_OID_KRB5,
  GSS_MECH_OID_SPNEGO,
  GSS_C_NO_OID,
} from '../constants.js'
import type { InitializeClientOptions } from './client-options.js'

/** What a context is to be like. */
export interface ContextWishes extends Required<Pick<InitiatorOptions, 'mutual' | 'framing' | 'flags'>> {
  /** Whether the user's ticket-granting ticket is forwarded. */
  readonly forward: boolean
}

/**
 * Reads `flags` and `mechOID`.
 *
 * @throws ConfigurationError for what is no number, and for what a context cannot offer
 */
export function contextWishes(options: InitializeClientOptions): ContextWishes {
  const flags = requireBits(options.flags ?? options.gssFlag ?? DEFAULT_FLAGS)
  if ((flags & GSS_C_ANON_FLAG) !== 0) throw anonymous()
  return {
    mutual: (flags & GSS_C_MUTUAL_FLAG) !== 0,
    forward: (flags & GSS_C_DELEG_FLAG) !== 0,
    flags: (flags & (GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG)) | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG,
    framing: framingOf(options.mechOID ?? GSS_C_NO_OID),
  }
}

const DEFAULT_FLAGS = GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG

function requireBits(flags: number): number {
  if (Number.isInteger(flags) && flags >= 0 && flags <= 0xffff_ffff) return flags
  throw new ConfigurationError(`flags must be a sum of GSS_C_…_FLAG, not ${shownInput(flags)}`)
}

function framingOf(mechanism: number): 'krb5' | 'spnego' {
  if (mechanism === GSS_MECH_OID_SPNEGO) return 'spnego'
  if (mechanism === GSS_MECH_OID_KRB5 || mechanism === GSS_C_NO_OID) return 'krb5'
  throw new ConfigurationError(
    `mechOID must be GSS_MECH_OID_KRB5 or GSS_MECH_OID_SPNEGO, not ${shownInput(mechanism)}`,
    {
      code: 'GSS_S_BAD_MECH',
    },
  )
}

function anonymous(): ConfigurationError {
  return new ConfigurationError('GSS_C_ANON_FLAG is set, and contexts without a name of the client are not supported', {
    code: 'GSS_S_UNAVAILABLE',
  })
}
