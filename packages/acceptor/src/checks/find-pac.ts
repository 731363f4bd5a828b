import { AdType, Pac, RejectedTokenError } from '@s4u/krb5'
import type { EncTicketPart } from '@s4u/krb5'
import { understoodElements } from './authorization-data.js'

/**
 * The PAC of a ticket, not verified. It counts only inside AD-IF-RELEVANT of the sealed ticket:
 * what the authenticator carries was chosen by the client. Source: MS-PAC section 2.1.
 *
 * @throws RejectedTokenError KDC_ERR_POLICY for a restriction that we do not know and may not
 * ignore
 * @throws MalformedTokenError
 */
export function findPac({ authorizationData }: EncTicketPart): Pac | undefined {
  if (authorizationData === undefined) return undefined
  const elements = understoodElements(authorizationData, 'ticket')
  const pacs = elements.filter(({ adType, ifRelevant }) => adType === AdType.WIN2K_PAC && ifRelevant)
  if (pacs.length > 1) {
    throw new RejectedTokenError(`the ticket has ${pacs.length} PACs`, { code: 'KRB_AP_ERR_MODIFIED' })
  }
  return pacs.length === 0 ? undefined : Pac.decode(pacs[0].adData)
}
