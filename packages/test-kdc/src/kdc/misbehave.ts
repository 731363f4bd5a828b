import { type EncKdcRepPart, hasFlag, kerberosFlags, NameType, type PrincipalName, TicketFlag } from '@s4u/krb5'

/** What a KDC, or somebody on the way to it, may do wrong on purpose. All off by default; may be switched at any time. */
export interface Misbehaviour {
  /** Never answers over UDP. */
  dropUdp?: boolean
  /** Answers everything over UDP with KRB_ERR_RESPONSE_TOO_BIG. */
  answerTooBig?: boolean
  /**
   * Closes connections as soon as they are made, and open ones at their next request; takes datagrams without a sound. The port stays
   * taken: for ECONNREFUSED on a socket, do not listen. In memory: rejects with ECONNREFUSED.
   */
  dead?: boolean
  /** Accepts connections and requests and never answers. */
  silent?: boolean
  /** Answers after so many milliseconds. */
  slow?: number
  /** A ticket in the name of `mallory`. */
  wrongClient?: boolean
  /** A ticket in the name of a client in `MALLORY.TEST`. */
  wrongRealm?: boolean
  /** A ticket for `HTTP/mallory.test`. */
  wrongService?: boolean
  wrongNonce?: boolean
  /** Sends the reply to the request before, whatever is asked. */
  replayPreviousReply?: boolean
  /** A session key of type RC4, whatever the client offered. */
  downgradeEtype?: boolean
  /** Flags in the reply that are not those asked for: forwardable is turned over, and the ticket becomes proxiable. */
  changeFlags?: boolean
  /** Times in the reply that nobody asked for: it begins, ends or can be renewed weeks later. */
  beginsLater?: boolean
  endsLater?: boolean
  renewsLater?: boolean
  /** Leaves out the last octets of each reply. */
  truncate?: boolean
  /** Over TCP: says that nearly four gigabytes follow. In memory, where no length precedes, the DER length says so. */
  hugeLengthPrefix?: boolean
  /** Refers every TGS request to yet another realm. */
  endlessReferral?: boolean
  /** Does not know S4U: such requests get an ordinary ticket in the name of the service that asked. */
  ignoreS4u?: boolean
  /**
   * Of FAST (RFC 6113 section 5.4), in answers to armored requests: another nonce inside the armor
   * of replies and errors.
   */
  fastWrongNonce?: boolean
  /** Replies and errors armored with a key that is not the channel's. */
  fastWrongKey?: boolean
  /** Replies without their armor, as from a KDC that does not know FAST. */
  fastStripped?: boolean
  /** Errors without their armor. */
  fastPlainErrors?: boolean
  /** Armored errors that do not say inside of the armor what is wrong. */
  fastNoError?: boolean
  /** Armored errors without the cookie that the next request must show. */
  fastNoCookie?: boolean
  /**
   * Replies without the part that binds ticket and client to the channel; or one of another ticket,
   * client or realm.
   */
  fastNoFinished?: boolean
  fastWrongChecksum?: boolean
  fastWrongClient?: boolean
  fastWrongRealm?: boolean
  /**
   * Replies sealed with the long-term key alone: without a key that makes it stronger, or with one
   * that is not used.
   */
  fastNoStrengthenKey?: boolean
  fastUnusedStrengthenKey?: boolean
  /** Replies that do not show that the KDC knows the client's key, or that show another key. */
  fastNoChallenge?: boolean
  fastWrongChallenge?: boolean
}

/** The names of client and service in a ticket about to be issued. */
export interface TicketNames {
  readonly crealm: string
  readonly cname: PrincipalName
  readonly sname: PrincipalName
}

export function misname(names: TicketNames, misbehave: Misbehaviour): TicketNames {
  return {
    crealm: misbehave.wrongRealm ? 'MALLORY.TEST' : names.crealm,
    cname: misbehave.wrongClient ? { nameType: NameType.PRINCIPAL, nameString: ['mallory'] } : names.cname,
    sname: misbehave.wrongService ? { nameType: NameType.SRV_INST, nameString: ['HTTP', 'mallory.test'] } : names.sname,
  }
}

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

export function sessionKeyTypeFor(etype: number, misbehave: Misbehaviour): number {
  return misbehave.downgradeEtype ? RC4 : etype
}

/** A reply on its way out, over whatever transport. */
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
