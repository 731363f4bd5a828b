import { AdType, decode, flattenAuthorizationData, Int32, Pac, RejectedTokenError, sequenceOf } from '@s4u/krb5'
import type { Authenticator, EncTicketPart, FoundAuthorizationData } from '@s4u/krb5'

/**
 * The PAC of a ticket, not verified. It counts only inside AD-IF-RELEVANT of the sealed ticket: what the authenticator
 * carries was chosen by the client. Source: MS-PAC section 2.1.
 *
 * @throws RejectedTokenError KDC_ERR_POLICY for a restriction that we do not know and may not ignore
 * @throws MalformedTokenError
 */
export function findPac({ authorizationData }: EncTicketPart): Pac | undefined {
  if (authorizationData === undefined) return undefined
  const elements = flattenAuthorizationData(authorizationData)
  requireKnown(elements, 'ticket')
  const pacs = elements.filter(({ adType, ifRelevant }) => adType === AdType.WIN2K_PAC && ifRelevant)
  if (pacs.length > 1) {
    throw new RejectedTokenError(`the ticket has ${pacs.length} PACs`, { code: 'KRB_AP_ERR_MODIFIED' })
  }
  return pacs.length === 0 ? undefined : Pac.decode(pacs[0].adData)
}

/** What a client says about itself in the authenticator. */
export interface ClientCapabilities {
  /** Encryption types that it would like for the subkey, best first. RFC 4537 section 3. */
  readonly subkeyEtypes: readonly number[]
  /** It knows channel bindings, so bindings of zeros are a statement. MS-KILE section 3.2.5.8. */
  readonly channelBindingAware: boolean
}

/** @throws RejectedTokenError KDC_ERR_POLICY, MalformedTokenError */
export function readClientCapabilities({ authorizationData }: Authenticator): ClientCapabilities {
  if (authorizationData === undefined) return NO_CAPABILITIES
  const elements = flattenAuthorizationData(authorizationData)
  requireKnown(elements, 'authenticator')
  const find = (type: number): Uint8Array | undefined => elements.find(({ adType }) => adType === type)?.adData
  const etypes = find(AdType.ETYPE_NEGOTIATION)
  const options = find(AdType.AUTH_DATA_AP_OPTIONS)
  return {
    subkeyEtypes: etypes === undefined ? [] : decode(EtypeList, etypes),
    channelBindingAware: options !== undefined && (littleEndian32(options) & AP_OPTION_CHANNEL_BINDING) !== 0,
  }
}

/** `EtypeList ::= SEQUENCE OF Int32`. RFC 4537 section 3. */
const EtypeList = sequenceOf(Int32)

const NO_CAPABILITIES: ClientCapabilities = { subkeyEtypes: [], channelBindingAware: false }

/** KERB_AP_OPTIONS_CBT. MS-KILE section 2.2.3. */
const AP_OPTION_CHANNEL_BINDING = 0x4000

/** Types that may stand outside AD-IF-RELEVANT: those addressed to the KDC alone. Source: RFC 4120 section 5.2.6.3. */
const NOT_FOR_SERVICES: ReadonlySet<number> = new Set([AdType.MANDATORY_FOR_KDC])

/** Source: RFC 4120 section 5.2.6: whoever does not know an element must refuse, unless it stands in AD-IF-RELEVANT. */
function requireKnown(elements: readonly FoundAuthorizationData[], where: string): void {
  const unknown = elements.find(({ adType, ifRelevant }) => !ifRelevant && !NOT_FOR_SERVICES.has(adType))
  if (unknown === undefined) return
  throw new RejectedTokenError(`the ${where} carries critical authorization data of type ${unknown.adType}`, {
    code: 'KDC_ERR_POLICY',
    hint: 'It restricts what the ticket is good for in a way that is not known here. Whoever issues it must mark it AD-IF-RELEVANT.',
  })
}

function littleEndian32(octets: Uint8Array): number {
  return octets.length < 4 ? 0 : octets[0] | (octets[1] << 8) | (octets[2] << 16) | (octets[3] << 24)
}
