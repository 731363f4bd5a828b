import { AdType, Pac, RejectedTokenError } from '@s4u/krb5'
import type { EncTicketPart } from '@s4u/krb5'
import { understoodElements } from './authorization-data.js'

/**
 * Returns the PAC of a ticket, without verifying it. A PAC counts only inside AD-IF-RELEVANT of the
 * sealed ticket: the client chooses what the authenticator carries. Source: MS-PAC section 2.1.
 *
 * @throws RejectedTokenError KDC_ERR_POLICY for a restriction that is not known here and may not be
 * ignored
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
