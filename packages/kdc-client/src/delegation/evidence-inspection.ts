import {
  AdType,
  type EncTicketPart,
  flattenAuthorizationData,
  hasFlag,
  openTicket,
  Pac,
  type Ticket,
  TicketFlag,
} from '@s4u/krb5'
import type { EvidenceTicket } from '../tickets/service-ticket.js'
import type { Authority, SignIn } from '../credentials/authority.js'

/**
 * What was found inside a ticket that serves as evidence. Empty if there is no key that decrypts
 * it.
 */
export interface EvidenceFindings {
  /**
   * The ticket is no evidence: it is a ticket-granting ticket, or it is encrypted for another
   * service.
   */
  readonly unusable?: 'granting-ticket' | 'other-key'
  /** The flag inside the ticket. */
  readonly isForwardable?: boolean
  readonly hasPac?: boolean
  /** What the directory said about the user when the ticket was issued. Undefined without a PAC. */
  readonly user?: UserRestrictions
}

/** The settings of an account that forbid delegation. */
export interface UserRestrictions {
  /** "Account is sensitive and cannot be delegated". */
  readonly isSensitive: boolean
  /** The user is a member of Protected Users. */
  readonly isProtected: boolean
}

/**
 * Looks into a ticket that serves as evidence. A KDC refuses a delegation with the same code for
 * many causes, and the ticket itself tells some of them. The result is used to explain or to
 * refuse, and never to permit: everybody who knows the key of the service could have made the
 * ticket.
 */
export async function inspectEvidence({ ticket }: EvidenceTicket, authority: Authority): Promise<EvidenceFindings> {
  if (ticket.sname.nameString[0] === 'krbtgt') return { unusable: 'granting-ticket' }
  if (authority.kind !== 'sign-in') return {}
  const part = await openWithAny(ticket, authority)
  if (part === 'no key') return {}
  if (part === 'other key') return { unusable: 'other-key' }
  return { isForwardable: hasFlag(part.flags, TicketFlag.FORWARDABLE), ...seenInPac(part) }
}

async function openWithAny(ticket: Ticket, signIn: SignIn): Promise<EncTicketPart | 'no key' | 'other key'> {
  const { etype, kvno } = ticket.encPart
  const { keys } = await signIn.keysFor(etype, kvno)
  for (const key of keys) {
    try {
      return openTicket(ticket, key).encTicketPart
    } catch {
      // The key has another version, or the ticket is for another account.
    }
  }
  return keys.length === 0 ? 'no key' : 'other key'
}

function seenInPac({ authorizationData = [] }: EncTicketPart): Pick<EvidenceFindings, 'hasPac' | 'user'> {
  try {
    const found = flattenAuthorizationData(authorizationData).find(({ adType }) => adType === AdType.WIN2K_PAC)
    if (found === undefined) return { hasPac: false }
    const info = Pac.decode(found.adData).logonInfo
    if (info === undefined) return { hasPac: true }
    return {
      hasPac: true,
      user: {
        isSensitive: (info.userAccountControl & USER_NOT_DELEGATED) !== 0,
        isProtected: info.groupIds.some(({ relativeId }) => relativeId === PROTECTED_USERS),
      },
    }
  } catch {
    // A PAC that cannot be decoded tells nothing.
    return {}
  }
}

/** Source: MS-SAMR section 2.2.1.12, "USER_NOT_DELEGATED". */
const USER_NOT_DELEGATED = 0x4000

/** Source: MS-DTYP section 2.4.2.4, "PROTECTED_USERS". */
const PROTECTED_USERS = 525
