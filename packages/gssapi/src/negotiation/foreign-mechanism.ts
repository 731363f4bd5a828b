import { MalformedTokenError } from '@s4u/krb5'
import { Mechanism } from '../framing/oids.js'
import { isFramed, unframe } from '../framing/token-framing.js'

/** The mechanism that a client offers if it has no Kerberos ticket for this service. */
export type ForeignMechanism = 'ntlm' | 'negoex' | 'iakerb' | 'unknown'

/** Returns the mechanism of a token without framing. */
export function signatureOf(token: Uint8Array): 'ntlm' | 'negoex' | undefined {
  // All of them begin with this letter; a framed token never does.
  if (token[0] !== 0x4e) return undefined
  return SIGNATURES.find(({ octets }) => octets.every((octet, index) => octet === token[index]))?.mechanism
}

/** Returns the mechanism of a token that a client has put in the place of a Kerberos token. */
export function foreignMechanismOf(token: Uint8Array): 'ntlm' | 'negoex' | 'iakerb' | undefined {
  if (!isFramed(token)) return signatureOf(token)
  const family = familyOf([mechanismOf(token)])
  return family === 'unknown' ? undefined : family
}

/**
 * Returns the kind of the mechanisms. NTLM comes first, since it explains most: a Windows client
 * without a Kerberos ticket offers NEGOEX too.
 */
export function familyOf(mechanisms: readonly string[]): ForeignMechanism {
  for (const [oid, family] of FAMILIES) if (mechanisms.includes(oid)) return family
  return 'unknown'
}

/**
 * Returns the mechanism of a token. If the framing is wrong, the decoders of Kerberos report it.
 */
function mechanismOf(token: Uint8Array): string {
  try {
    return unframe(token).mechanism
  } catch (error) {
    if (error instanceof MalformedTokenError) return ''
    throw error
  }
}

/**
 * The first octets of tokens that have no framing. Source: MS-NLMP section 2.2.1, MS-NEGOEX section
 * 2.2.6.1.
 */
const SIGNATURES = [
  { mechanism: 'ntlm', octets: new TextEncoder().encode('NTLMSSP\0') },
  { mechanism: 'negoex', octets: new TextEncoder().encode('NEGOEXTS') },
] as const

const FAMILIES: ReadonlyMap<string, ForeignMechanism> = new Map([
  [Mechanism.NTLM, 'ntlm'],
  [Mechanism.NEGOEX, 'negoex'],
  [Mechanism.IAKERB, 'iakerb'],
])
