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
 * What can be seen of a ticket that is shown as evidence, where there is a key that opens it.
 * Nothing where there is none.
 */
export interface EvidenceFindings {
  /**
   * It is no evidence at all: a ticket-granting ticket, or one that is sealed for somebody else.
   */
  readonly unusable?: 'granting-ticket' | 'other-key'
  /** As it is sealed. */
  readonly isForwardable?: boolean
  readonly hasPac?: boolean
  /**
   * What the directory said of the user when the ticket was issued. Undefined where no PAC tells.
   */
  readonly user?: UserRestrictions
}

/** What keeps a user from being delegated. */
export interface UserRestrictions {
  /** "Account is sensitive and cannot be delegated". */
  readonly isSensitive: boolean
  /** A member of Protected Users. */
  readonly isProtected: boolean
}

/**
 * Looks into evidence. A KDC gives the same refusal for many causes; the ticket itself knows some
 * of them. What is found makes a refusal clearer, or one more: it never permits anything, since
 * whoever knows the key of the service could have written it.
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
      // Of another version, or of another account.
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
    // A PAC that cannot be read tells nothing.
    return {}
  }
}

/** Source: MS-SAMR section 2.2.1.12, "USER_NOT_DELEGATED". */
const USER_NOT_DELEGATED = 0x4000

/** Source: MS-DTYP section 2.4.2.4, "PROTECTED_USERS". */
const PROTECTED_USERS = 525
