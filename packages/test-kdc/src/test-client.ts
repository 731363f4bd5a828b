/** A client of bare requests for the tests here: it encodes, sends, decodes, and judges nothing. Never exported. */
import {
  AsRep,
  AsReq,
  Authenticator,
  type Codec,
  decode,
  EncAsRepPart,
  type EncKdcRepPart,
  encode,
  EncryptedData,
  EncTgsRepPart,
  type EncTicketPart,
  forUserChecksumInput,
  KdcOption,
  KdcReqBody,
  type KdcRep,
  Key,
  kerberosFlags,
  KerbErrorData,
  KeyUsage,
  KrbError,
  krbErrorName,
  makeChecksum,
  MethodData,
  NameType,
  openEncryptedData,
  openTicket,
  Pac,
  type PaData,
  PaEncTsEnc,
  PaForUser,
  PaPacOptions,
  PacOption,
  PaS4uX509User,
  PaType,
  type PrincipalName,
  sealApReq,
  sealEncryptedData,
  S4uUserId,
  TgsRep,
  TgsReq,
  type Ticket,
} from '@s4u/krb5'
import { pacBytesOf } from './ticket-seal.js'
import type { TestRealm } from './test-realm.js'

/** What a client holds after an exchange. */
export interface Credential {
  readonly ticket: Ticket
  readonly part: EncKdcRepPart
  readonly reply: KdcRep
}

/** A KRB-ERROR as an exception. */
export class KrbErrorReceived extends Error {
  readonly error: KrbError
  constructor(error: KrbError) {
    super(krbErrorName(error.errorCode))
    this.error = error
  }

  /** The NTSTATUS of the e-data, of a TGS error (KERB-ERROR-DATA) or an AS error (METHOD-DATA). */
  get ntStatus(): number | undefined {
    const { eData } = this.error
    if (eData === undefined) return undefined
    const data = eData[2] === 0xa1 ? decode(KerbErrorData, eData).dataValue : decode(MethodData, eData).find((each) => each.padataType === 3)?.padataValue
    return data && new DataView(data.buffer, data.byteOffset).getUint32(0, true)
  }
}

export const principal = (...nameString: string[]): PrincipalName => ({
  nameType: nameString.length === 1 ? NameType.PRINCIPAL : NameType.SRV_INST,
  nameString,
})
export const enterprise = (name: string): PrincipalName => ({ nameType: NameType.ENTERPRISE, nameString: [name] })
export const spn = (text: string): PrincipalName => principal(...text.split('/'))

export interface Wishes {
  readonly options?: readonly number[]
  readonly etypes?: readonly number[]
  readonly till?: number
  readonly rtime?: number
  readonly from?: number
  readonly nonce?: number
  readonly padata?: readonly PaData[]
  readonly additionalTickets?: readonly Ticket[]
  readonly subkey?: Key | null
  readonly bodyRealm?: string
  /** Changes the authenticator before it is sealed. */
  readonly authenticator?: (value: Authenticator) => Authenticator
  readonly checksumType?: number
}

const LATER = Date.UTC(2037, 0, 1)
let nonces = 1000

export async function exchange<T>(realm: TestRealm, request: Uint8Array, codec: Codec<T>, at = realm.realm): Promise<T> {
  const reply = await realm.transport(request, { realm: at })
  if (reply[0] === 0x7e) throw new KrbErrorReceived(decode(KrbError, reply))
  return decode(codec, reply)
}

function bodyOf(realm: string, sname: PrincipalName | undefined, wishes: Wishes, cname?: PrincipalName): KdcReqBody {
  const { options = [KdcOption.FORWARDABLE, KdcOption.RENEWABLE], etypes = [18, 17], till = LATER, rtime = LATER, from } = wishes
  return {
    kdcOptions: kerberosFlags(...options),
    cname,
    realm: wishes.bodyRealm ?? realm,
    sname,
    from,
    till,
    rtime,
    nonce: wishes.nonce ?? nonces++,
    etype: etypes,
    additionalTickets: wishes.additionalTickets,
  }
}

/** AS exchange; with `key: undefined`, without pre-authentication. */
export async function signIn(realm: TestRealm, cname: PrincipalName, key: Key | undefined, wishes: Wishes & { sname?: PrincipalName; time?: number } = {}): Promise<Credential> {
  const reqBody = bodyOf(realm.realm, wishes.sname ?? principal('krbtgt', realm.realm), wishes, cname)
  const padata = [...(key === undefined ? [] : [timestamp(key, wishes.time ?? realm.now)]), ...(wishes.padata ?? [])]
  const reply = await exchange(realm, encode(AsReq, { padata, reqBody }), AsRep)
  const part = decode(EncAsRepPart, openEncryptedData(reply.encPart, key ?? Key.random(18), KeyUsage.AS_REP))
  return { ticket: reply.ticket, part, reply }
}

export async function signInWithPassword(realm: TestRealm, name: string, password: string, wishes: Wishes & { sname?: PrincipalName } = {}): Promise<Credential> {
  const key = await Key.fromPassword(wishes.etypes?.[0] ?? 18, password, `${realm.realm}${name}`)
  return signIn(realm, principal(name), key, wishes)
}

export function signInWithKeytab(realm: TestRealm, name: string, wishes: Wishes = {}): Promise<Credential> {
  return signIn(realm, principal(name), realm.keytabFor(name).entries[0].key, wishes)
}

function timestamp(key: Key, time: number): PaData {
  const bytes = encode(PaEncTsEnc, { patimestamp: time, pausec: 0 })
  return { padataType: PaType.ENC_TIMESTAMP, padataValue: encode(EncryptedData, sealEncryptedData(bytes, key, KeyUsage.PA_ENC_TIMESTAMP)) }
}

/** TGS exchange with the KDC of `at`, the realm whose TGT this is. */
export async function requestTicket(realm: TestRealm, tgt: Credential, sname: PrincipalName | undefined, wishes: Wishes = {}): Promise<Credential> {
  const at = tgt.ticket.sname.nameString[1] ?? realm.realm
  const request = tgsRequest(realm, tgt, sname, wishes)
  const reply = await exchange(realm, request.bytes, TgsRep, at)
  const usage = request.subkey === undefined ? KeyUsage.TGS_REP_SESSION_KEY : KeyUsage.TGS_REP_SUBKEY
  const part = decode(EncTgsRepPart, openEncryptedData(reply.encPart, request.subkey ?? tgt.part.key, usage))
  return { ticket: reply.ticket, part, reply }
}

export function tgsRequest(realm: TestRealm, tgt: Credential, sname: PrincipalName | undefined, wishes: Wishes): { bytes: Uint8Array; subkey: Key | undefined } {
  const { key } = tgt.part
  const subkey = wishes.subkey === null ? undefined : (wishes.subkey ?? Key.random(key.etype))
  const reqBody = bodyOf(tgt.ticket.sname.nameString[1] ?? realm.realm, sname, wishes)
  const body = encode(KdcReqBody, reqBody)
  const cksumtype = wishes.checksumType ?? key.checksumType
  const checksum = cksumtype === key.checksumType ? makeChecksum(key, cksumtype, KeyUsage.TGS_REQ_CHECKSUM, body) : new Uint8Array(16)
  const plain: Authenticator = { crealm: tgt.reply.crealm, cname: tgt.reply.cname, cksum: { cksumtype, checksum }, ctime: realm.now, cusec: 0, subkey }
  const authenticator = wishes.authenticator?.(plain) ?? plain
  const usage = KeyUsage.TGS_REQ_AUTHENTICATOR
  const apReq = sealApReq({ apOptions: kerberosFlags(), ticket: tgt.ticket, sessionKey: key, authenticator, usage })
  const padata = [{ padataType: PaType.TGS_REQ, padataValue: apReq }, ...(wishes.padata ?? [])]
  return { bytes: encode(TgsReq, { padata, reqBody }), subkey }
}

/** PA-FOR-USER for this TGT. */
export function forUser(tgt: Credential, userName: PrincipalName, userRealm: string, cksumtype = -138): PaData {
  const named = { userName, userRealm, authPackage: 'Kerberos' }
  const input = forUserChecksumInput(named)
  const checksum =
    cksumtype === 7 ? new Uint8Array(16) : makeChecksum(tgt.part.key, cksumtype, KeyUsage.NON_KERB_CHECKSUM, input, { hmacMd5WithAnyKey: true })
  return { padataType: PaType.FOR_USER, padataValue: encode(PaForUser, { ...named, cksum: { cksumtype, checksum } }) }
}

/** PA-S4U-X509-USER; the checksum is the subkey's. */
export function x509User(key: Key, userId: S4uUserId): PaData {
  const checksum = { cksumtype: key.checksumType, checksum: key.checksum(KeyUsage.PA_S4U_X509_USER_REQUEST, encode(S4uUserId, userId)) }
  return { padataType: PaType.S4U_X509_USER, padataValue: encode(PaS4uX509User, { userId, checksum }) }
}

export function toSelf(realm: TestRealm, tgt: Credential, service: string, user: string, wishes: Wishes = {}): Promise<Credential> {
  const padata = [forUser(tgt, user.includes('@') ? enterprise(user) : principal(user), realm.realm), ...(wishes.padata ?? [])]
  return requestTicket(realm, tgt, spn(service), { ...wishes, padata })
}

export function byProxy(realm: TestRealm, tgt: Credential, evidence: Credential, target: string, wishes: Wishes & { resourceBased?: boolean } = {}): Promise<Credential> {
  const options = [KdcOption.FORWARDABLE, KdcOption.CANONICALIZE, KdcOption.CNAME_IN_ADDL_TKT]
  const padata = wishes.resourceBased === false ? [] : [resourceBasedOption]
  return requestTicket(realm, tgt, spn(target), { options, additionalTickets: [evidence.ticket], padata, ...wishes })
}

export const resourceBasedOption: PaData = {
  padataType: PaType.PAC_OPTIONS,
  padataValue: encode(PaPacOptions, { flags: kerberosFlags(PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION) }),
}

/** What the service sees. */
export function openAsService(realm: TestRealm, service: string, { ticket }: Credential): { part: EncTicketPart; pac: Pac } {
  const entry = realm.keytabFor(service).entries.find(({ key }) => key.etype === ticket.encPart.etype)
  if (entry === undefined) throw new Error('no key of that type')
  const part = openTicket(ticket, entry.key).encTicketPart
  const bytes = pacBytesOf(part)
  if (bytes === undefined) throw new Error('no PAC')
  const pac = Pac.decode(bytes)
  pac.verifyServerChecksum(entry.key)
  return { part, pac }
}
