import {
  ApOption,
  encryptionTypeName,
  findEncryptionType,
  hasFlag,
  RejectedTokenError,
  sameName,
  TicketFlag,
} from '@s4u/krb5'
import type { ApReq, Authenticator, EncTicketPart, Key } from '@s4u/krb5'

/**
 * Refuses user-to-user authentication, for which the service would need a TGT of its own: it is for
 * peers without a long-term key.
 * @throws RejectedTokenError KRB_AP_ERR_NO_TGT
 */
export function refuseUserToUser({ apOptions }: ApReq): void {
  if (!hasFlag(apOptions, ApOption.USE_SESSION_KEY)) return
  throw new RejectedTokenError(
    'the client asks for user-to-user authentication, and a service has no TGT to be asked for',
    {
      code: 'KRB_AP_ERR_NO_TGT',
      hint: 'The SPN belongs to an account for which the KDC demands user-to-user: give the service an account with a key.',
    },
  )
}

/**
 * Requires that authenticator and ticket name the same client. Source: RFC 4120 section 3.2.3.
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH
 */
export function requireSameClient(authenticator: Authenticator, ticket: EncTicketPart): void {
  if (authenticator.crealm === ticket.crealm && sameName(authenticator.cname, ticket.cname)) return
  throw new RejectedTokenError('the authenticator is in the name of another client than the ticket', {
    code: 'KRB_AP_ERR_BADMATCH',
  })
}

/** Returns the client's time in an authenticator; milliseconds since the epoch. */
export function timeOf({ ctime, cusec }: Pick<Authenticator, 'ctime' | 'cusec'>): number {
  return ctime + Math.floor(cusec / 1000)
}

/**
 * Requires that the client's clock is at most `clockSkew` milliseconds away from ours. Source: RFC
 * 4120 section 3.2.3.
 * @throws RejectedTokenError KRB_AP_ERR_SKEW
 */
export function requireClock(authenticator: Authenticator, now: number, clockSkew: number): void {
  const ahead = timeOf(authenticator) - now
  if (Math.abs(ahead) <= clockSkew) return
  const direction = ahead > 0 ? 'ahead' : 'behind'
  throw new RejectedTokenError(`client clock ${duration(ahead)} ${direction}`, {
    code: 'KRB_AP_ERR_SKEW',
    hint: `Synchronise the clocks of client and server; ${duration(clockSkew)} are tolerated. A token that somebody kept and sent later gives the same error.`,
  })
}

/**
 * Requires that the ticket is valid now. Source: RFC 4120 section 3.2.3.
 * @throws RejectedTokenError KRB_AP_ERR_TKT_NYV, KRB_AP_ERR_TKT_EXPIRED
 */
export function requireTicketTime(ticket: EncTicketPart, now: number, clockSkew: number): void {
  const start = ticket.starttime ?? ticket.authtime
  if (hasFlag(ticket.flags, TicketFlag.INVALID)) {
    throw new RejectedTokenError('the ticket is postdated and was not validated', { code: 'KRB_AP_ERR_TKT_NYV' })
  }
  if (start - now > clockSkew) {
    throw new RejectedTokenError(`the ticket becomes valid in ${duration(start - now)}`, {
      code: 'KRB_AP_ERR_TKT_NYV',
      hint: 'The clock of this server is behind that of the KDC, or the ticket is postdated.',
    })
  }
  if (now - ticket.endtime > clockSkew) {
    throw new RejectedTokenError(`the ticket expired ${duration(now - ticket.endtime)} ago`, {
      code: 'KRB_AP_ERR_TKT_EXPIRED',
      hint: 'The client must get a new ticket. If it has a fresh one, the clock of this server is ahead.',
    })
  }
}

/** Returns whether keys of an encryption type may be used. */
export type EtypePermission = (etype: number) => boolean

/**
 * Requires a permitted encryption type of a key that the context uses: the KDC chooses the session
 * key, the client the subkey.
 * @param which `session key`, `subkey`
 * @throws RejectedTokenError KDC_ERR_ETYPE_NOSUPP
 */
export function requirePermittedKey({ etype }: Key, which: string, permits: EtypePermission): void {
  if (permits(etype)) return
  throw new RejectedTokenError(`the ${which} is of type ${encryptionTypeName(etype)}, which may not be used`, {
    code: 'KDC_ERR_ETYPE_NOSUPP',
    hint: findEncryptionType(etype)?.weak === false ? NOT_LISTED : WEAK,
  })
}

const WEAK =
  'Let the KDC issue AES session keys (msDS-SupportedEncryptionTypes of the service account), or set allowWeakEncryption for rc4-hmac.'
const NOT_LISTED =
  'Permit the type where it is left out: in the option permittedEncryptionTypes, or in permitted_enctypes of krb5.conf.'

/** Returns a time span as `00:10:03`, without its sign. */
function duration(milliseconds: number): string {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}
