import { AdType, decode, Int32, sequenceOf } from '@s4u/krb5'
import type { Authenticator } from '@s4u/krb5'
import { understoodElements } from './authorization-data.js'

/** What a client says about itself in the authenticator. */
export interface ClientCapabilities {
  /**
   * The encryption types that the client would like for the subkey, best first. Source: RFC 4537
   * section 3.
   */
  readonly subkeyEtypes: readonly number[]
  /**
   * Whether the client knows channel bindings. If it does, bindings of zeros mean that the client
   * has bound the token to no channel. Source: MS-KILE section 3.2.5.8.
   */
  readonly channelBindingAware: boolean
}

/**
 * Reads the client's capabilities from the authenticator.
 * @throws RejectedTokenError KDC_ERR_POLICY
 * @throws MalformedTokenError
 */
export function readClientCapabilities({ authorizationData }: Authenticator): ClientCapabilities {
  if (authorizationData === undefined) return NO_CAPABILITIES
  const elements = understoodElements(authorizationData, 'authenticator')
  const find = (type: number): Uint8Array | undefined => elements.find(({ adType }) => adType === type)?.adData
  const etypes = find(AdType.ETYPE_NEGOTIATION)
  const options = find(AdType.AUTH_DATA_AP_OPTIONS)
  return {
    subkeyEtypes: etypes === undefined ? [] : decode(EtypeList, etypes),
    channelBindingAware: options !== undefined && (littleEndian32(options) & AP_OPTION_CHANNEL_BINDING) !== 0,
  }
}

/** `EtypeList ::= SEQUENCE OF Int32`. Source: RFC 4537 section 3. */
const EtypeList = sequenceOf(Int32)

const NO_CAPABILITIES: ClientCapabilities = { subkeyEtypes: [], channelBindingAware: false }

/** KERB_AP_OPTIONS_CBT. Source: MS-KILE section 2.2.3. */
const AP_OPTION_CHANNEL_BINDING = 0x4000

function littleEndian32(octets: Uint8Array): number {
  return octets.length < 4 ? 0 : octets[0] | (octets[1] << 8) | (octets[2] << 16) | (octets[3] << 24)
}
