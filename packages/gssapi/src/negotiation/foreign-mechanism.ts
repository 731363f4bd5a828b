import { MalformedTokenError } from '@s4u/krb5'
import { Mechanism } from '../framing/oids.js'
import { isFramed, unframe } from '../framing/token-framing.js'

/** What a client that has no Kerberos for us offers in its place. */
export type ForeignMechanism = 'ntlm' | 'negoex' | 'iakerb' | 'unknown'

/** Which mechanism a token without framing belongs to. */
export function signatureOf(token: Uint8Array): 'ntlm' | 'negoex' | undefined {
  // All of them begin with this letter, and no framed token does.
  if (token[0] !== 0x4e) return undefined
  return SIGNATURES.find(({ octets }) => octets.every((octet, index) => octet === token[index]))?.mechanism
}

/**
 * Which other mechanism the token belongs to that a client has put where one of Kerberos should be.
 */
export function foreignMechanismOf(token: Uint8Array): 'ntlm' | 'negoex' | 'iakerb' | undefined {
  if (!isFramed(token)) return signatureOf(token)
  const family = familyOf([mechanismOf(token)])
  return family === 'unknown' ? undefined : family
}

/**
 * NTLM explains more than its companions: a Windows client that has no Kerberos ticket offers
 * NEGOEX too.
 */
export function familyOf(mechanisms: readonly string[]): ForeignMechanism {
  for (const [oid, family] of FAMILIES) if (mechanisms.includes(oid)) return family
  return 'unknown'
}

/** What is no framed token after all is for the decoders of Kerberos to say. */
function mechanismOf(token: Uint8Array): string {
  try {
    return unframe(token).mechanism
  } catch (error) {
    if (error instanceof MalformedTokenError) return ''
    throw error
  }
}

/**
 * Tokens of mechanisms that are not framed at all. Source: MS-NLMP section 2.2.1, MS-NEGOEX section
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
