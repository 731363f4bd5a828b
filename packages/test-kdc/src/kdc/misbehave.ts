import { type EncKdcRepPart, hasFlag, kerberosFlags, NameType, type PrincipalName, TicketFlag } from '@s4u/krb5'

/**
 * The faults of the KDC that a test of a client can switch on, also while the realm runs. All are
 * off by default.
 */
export interface Misbehaviour {
  /** Never answers over UDP. */
  dropUdp?: boolean
  /** Answers everything over UDP with KRB_ERR_RESPONSE_TOO_BIG. */
  answerTooBig?: boolean
  /**
   * Closes each new connection at once, and an open one at its next request. Does not answer
   * datagrams. The port stays taken; for ECONNREFUSED on a socket, do not call `listen()`. The
   * in-memory transport rejects with ECONNREFUSED.
   */
  dead?: boolean
  /** Takes connections and requests, and never answers. */
  silent?: boolean
  /** Answers after this many milliseconds. */
  slow?: number
  /** A ticket in the name of `mallory`. */
  wrongClient?: boolean
  /** A ticket in the name of a client in `MALLORY.TEST`. */
  wrongRealm?: boolean
  /** A ticket for `HTTP/mallory.test`. */
  wrongService?: boolean
  /** A reply with another nonce than the request. */
  wrongNonce?: boolean
  /** Sends the reply to the request before this one. */
  replayPreviousReply?: boolean
  /** A session key of type RC4, even if the client did not offer it. */
  downgradeEtype?: boolean
  /** Other flags than asked for: the opposite of forwardable, and proxiable. */
  changeFlags?: boolean
  /** The reply says that the ticket begins and ends two weeks later. */
  beginsLater?: boolean
  /** The reply says that the ticket ends two weeks later. */
  endsLater?: boolean
  /** The reply says that the ticket can be renewed for two more weeks. */
  renewsLater?: boolean
  /** Cuts the last 20 octets off each reply. */
  truncate?: boolean
  /**
   * Announces nearly four gigabytes: in the length prefix over TCP, in the DER length in memory,
   * where there is no prefix.
   */
  hugeLengthPrefix?: boolean
  /** Answers every TGS request with a referral to another realm that does not exist. */
  endlessReferral?: boolean
  /**
   * Ignores S4U, as an old KDC does: the service gets an ordinary ticket in its own name. A client
   * that does not compare names would take it for the ticket of the user.
   */
  ignoreS4u?: boolean
  /** FAST (RFC 6113 section 5.4): another nonce inside the armor of replies and errors. */
  fastWrongNonce?: boolean
  /** FAST: replies and errors are armored with another key than the request. */
  fastWrongKey?: boolean
  /** FAST: replies have no armor, as from a KDC that does not know FAST. */
  fastStripped?: boolean
  /** FAST: errors have no armor. */
  fastPlainErrors?: boolean
  /** FAST: armored errors do not say inside the armor what is wrong. */
  fastNoError?: boolean
  /** FAST: armored errors lack the cookie that the next request must show. */
  fastNoCookie?: boolean
  /** FAST: replies lack KrbFastFinished, which binds ticket and client to the armor. */
  fastNoFinished?: boolean
  /** FAST: KrbFastFinished has the checksum of another ticket. */
  fastWrongChecksum?: boolean
  /** FAST: KrbFastFinished names another client. */
  fastWrongClient?: boolean
  /** FAST: KrbFastFinished names another realm. */
  fastWrongRealm?: boolean
  /** FAST: replies are sealed with only the long-term key, and have no strengthen key. */
  fastNoStrengthenKey?: boolean
  /** FAST: replies have a strengthen key, and are not sealed with it. */
  fastUnusedStrengthenKey?: boolean
  /** FAST: replies do not prove that the KDC knows the key of the client. */
  fastNoChallenge?: boolean
  /** FAST: replies prove another key than that of the client. */
  fastWrongChallenge?: boolean
}

/** The names of client and service in a ticket that is about to be issued. */
export interface TicketNames {
  readonly crealm: string
  readonly cname: PrincipalName
  readonly sname: PrincipalName
}

/** Returns the names that the ticket carries: the true ones, or `mallory`. */
export function misname(names: TicketNames, misbehave: Misbehaviour): TicketNames {
  return {
    crealm: misbehave.wrongRealm ? 'MALLORY.TEST' : names.crealm,
    cname: misbehave.wrongClient ? { nameType: NameType.PRINCIPAL, nameString: ['mallory'] } : names.cname,
    sname: misbehave.wrongService ? { nameType: NameType.SRV_INST, nameString: ['HTTP', 'mallory.test'] } : names.sname,
  }
}

/**
 * Returns the sealed part of the reply, with a wrong nonce, flags or times where that is asked for.
 */
export function missealed(part: EncKdcRepPart, misbehave: Misbehaviour): EncKdcRepPart {
  const nonce = misbehave.wrongNonce ? (part.nonce + 1) % 2 ** 31 : part.nonce
  const flags = misbehave.changeFlags ? changed(part.flags) : part.flags
  return { ...part, ...mistimed(part, misbehave), nonce, flags }
}

function mistimed(part: EncKdcRepPart, misbehave: Misbehaviour): Partial<EncKdcRepPart> {
  const { authtime, starttime = authtime, endtime, renewTill = endtime } = part
  return {
    ...(misbehave.beginsLater && { starttime: starttime + WEEKS, endtime: endtime + WEEKS }),
    ...(misbehave.endsLater && { endtime: endtime + WEEKS }),
    ...(misbehave.renewsLater && { renewTill: renewTill + WEEKS }),
  }
}

/** Returns the type of the session key: `etype`, or RC4. */
export function sessionKeyTypeFor(etype: number, misbehave: Misbehaviour): number {
  return misbehave.downgradeEtype ? RC4 : etype
}

/** Returns the octets that are sent, over any transport. */
export function mangle(reply: Uint8Array, misbehave: Misbehaviour): Uint8Array {
  return misbehave.truncate ? reply.subarray(0, Math.max(0, reply.length - 20)) : reply
}

function changed(flags: Uint8Array): Uint8Array {
  const kept = Array.from({ length: 32 }, (_, bit) => bit).filter(
    (bit) => bit !== TicketFlag.FORWARDABLE && hasFlag(flags, bit),
  )
  return kerberosFlags(
    ...kept,
    TicketFlag.PROXIABLE,
    ...(hasFlag(flags, TicketFlag.FORWARDABLE) ? [] : [TicketFlag.FORWARDABLE]),
  )
}

const RC4 = 23
const WEEKS = 14 * 24 * 3600_000
