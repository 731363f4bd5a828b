/**
 * The ASN.1 of Kerberos as its specifications print it, and a reader for that notation. Tests use
 * it as a second opinion: neither this text nor its reader is related to the codecs of the
 * packages.
 *
 * Source: RFC 4120 appendix A, RFC 6113 section 5.4, MS-SFU section 2.2, MS-KILE section 2.2.
 */
const text = `
  PrincipalName ::= SEQUENCE { name-type [0] Int32, name-string [1] SEQUENCE OF KerberosString }
  HostAddress ::= SEQUENCE { addr-type [0] Int32, address [1] OctetString }
  HostAddresses ::= SEQUENCE OF HostAddress
  AuthorizationData ::= SEQUENCE OF SEQUENCE { ad-type [0] Int32, ad-data [1] OctetString }
  PA-DATA ::= SEQUENCE { padata-type [1] Int32, padata-value [2] OctetString }
  EncryptedData ::= SEQUENCE { etype [0] Int32, kvno [1] Kvno OPTIONAL, cipher [2] OctetString }
  Checksum ::= SEQUENCE { cksumtype [0] Int32, checksum [1] OctetString }
  Ticket ::= [APPLICATION 1] SEQUENCE {
    tkt-vno [0] INTEGER (5), realm [1] KerberosString, sname [2] PrincipalName, enc-part [3] EncryptedData }
  TransitedEncoding ::= SEQUENCE { tr-type [0] Int32, contents [1] OctetString }
  EncTicketPart ::= [APPLICATION 3] SEQUENCE {
    flags [0] KerberosFlags, key [1] EncryptionKey, crealm [2] KerberosString, cname [3] PrincipalName,
    transited [4] TransitedEncoding, authtime [5] KerberosTime, starttime [6] KerberosTime OPTIONAL, endtime [7] KerberosTime,
    renew-till [8] KerberosTime OPTIONAL, caddr [9] HostAddresses OPTIONAL,
    authorization-data [10] AuthorizationData OPTIONAL }
  AS-REQ ::= [APPLICATION 10] SEQUENCE {
    pvno [1] INTEGER (5), msg-type [2] INTEGER (10), padata [3] METHOD-DATA OPTIONAL, req-body [4] KDC-REQ-BODY }
  TGS-REQ ::= [APPLICATION 12] SEQUENCE {
    pvno [1] INTEGER (5), msg-type [2] INTEGER (12), padata [3] METHOD-DATA OPTIONAL, req-body [4] KDC-REQ-BODY }
  KDC-REQ-BODY ::= SEQUENCE {
    kdc-options [0] KerberosFlags, cname [1] PrincipalName OPTIONAL, realm [2] KerberosString, sname [3] PrincipalName OPTIONAL,
    from [4] KerberosTime OPTIONAL, till [5] KerberosTime, rtime [6] KerberosTime OPTIONAL, nonce [7] UInt32,
    etype [8] SEQUENCE OF Int32, addresses [9] HostAddresses OPTIONAL, enc-authorization-data [10] EncryptedData OPTIONAL,
    additional-tickets [11] SEQUENCE OF Ticket OPTIONAL }
  AS-REP ::= [APPLICATION 11] SEQUENCE {
    pvno [0] INTEGER (5), msg-type [1] INTEGER (11), padata [2] METHOD-DATA OPTIONAL, crealm [3] KerberosString,
    cname [4] PrincipalName, ticket [5] Ticket, enc-part [6] EncryptedData }
  TGS-REP ::= [APPLICATION 13] SEQUENCE {
    pvno [0] INTEGER (5), msg-type [1] INTEGER (13), padata [2] METHOD-DATA OPTIONAL, crealm [3] KerberosString,
    cname [4] PrincipalName, ticket [5] Ticket, enc-part [6] EncryptedData }
  EncKDCRepPart ::= SEQUENCE {
    key [0] EncryptionKey, last-req [1] SEQUENCE OF SEQUENCE { lr-type [0] Int32, lr-value [1] KerberosTime }, nonce [2] UInt32,
    key-expiration [3] KerberosTime OPTIONAL, flags [4] KerberosFlags, authtime [5] KerberosTime,
    starttime [6] KerberosTime OPTIONAL, endtime [7] KerberosTime, renew-till [8] KerberosTime OPTIONAL,
    srealm [9] KerberosString, sname [10] PrincipalName, caddr [11] HostAddresses OPTIONAL,
    encrypted-pa-data [12] METHOD-DATA OPTIONAL }
  EncASRepPart ::= [APPLICATION 25] EncKDCRepPart
  EncTGSRepPart ::= [APPLICATION 26] EncKDCRepPart
  AP-REQ ::= [APPLICATION 14] SEQUENCE {
    pvno [0] INTEGER (5), msg-type [1] INTEGER (14), ap-options [2] KerberosFlags, ticket [3] Ticket,
    authenticator [4] EncryptedData }
  Authenticator ::= [APPLICATION 2] SEQUENCE {
    authenticator-vno [0] INTEGER (5), crealm [1] KerberosString, cname [2] PrincipalName, cksum [3] Checksum OPTIONAL,
    cusec [4] Microseconds, ctime [5] KerberosTime, subkey [6] EncryptionKey OPTIONAL, seq-number [7] UInt32 OPTIONAL,
    authorization-data [8] AuthorizationData OPTIONAL }
  AP-REP ::= [APPLICATION 15] SEQUENCE { pvno [0] INTEGER (5), msg-type [1] INTEGER (15), enc-part [2] EncryptedData }
  EncAPRepPart ::= [APPLICATION 27] SEQUENCE {
    ctime [0] KerberosTime, cusec [1] Microseconds, subkey [2] EncryptionKey OPTIONAL, seq-number [3] UInt32 OPTIONAL }
  KRB-SAFE ::= [APPLICATION 20] SEQUENCE {
    pvno [0] INTEGER (5), msg-type [1] INTEGER (20), safe-body [2] KRB-SAFE-BODY, cksum [3] Checksum }
  KRB-SAFE-BODY ::= SEQUENCE {
    user-data [0] OctetString, timestamp [1] KerberosTime OPTIONAL, usec [2] Microseconds OPTIONAL,
    seq-number [3] UInt32 OPTIONAL, s-address [4] HostAddress, r-address [5] HostAddress OPTIONAL }
  KRB-PRIV ::= [APPLICATION 21] SEQUENCE { pvno [0] INTEGER (5), msg-type [1] INTEGER (21), enc-part [3] EncryptedData }
  EncKrbPrivPart ::= [APPLICATION 28] KRB-SAFE-BODY
  KRB-CRED ::= [APPLICATION 22] SEQUENCE {
    pvno [0] INTEGER (5), msg-type [1] INTEGER (22), tickets [2] SEQUENCE OF Ticket, enc-part [3] EncryptedData }
  EncKrbCredPart ::= [APPLICATION 29] SEQUENCE {
    ticket-info [0] SEQUENCE OF KrbCredInfo, nonce [1] UInt32 OPTIONAL, timestamp [2] KerberosTime OPTIONAL,
    usec [3] Microseconds OPTIONAL, s-address [4] HostAddress OPTIONAL, r-address [5] HostAddress OPTIONAL }
  KrbCredInfo ::= SEQUENCE {
    key [0] EncryptionKey, prealm [1] KerberosString OPTIONAL, pname [2] PrincipalName OPTIONAL, flags [3] KerberosFlags OPTIONAL,
    authtime [4] KerberosTime OPTIONAL, starttime [5] KerberosTime OPTIONAL, endtime [6] KerberosTime OPTIONAL,
    renew-till [7] KerberosTime OPTIONAL, srealm [8] KerberosString OPTIONAL, sname [9] PrincipalName OPTIONAL,
    caddr [10] HostAddresses OPTIONAL }
  KRB-ERROR ::= [APPLICATION 30] SEQUENCE {
    pvno [0] INTEGER (5), msg-type [1] INTEGER (30), ctime [2] KerberosTime OPTIONAL, cusec [3] Microseconds OPTIONAL,
    stime [4] KerberosTime, susec [5] Microseconds, error-code [6] Int32, crealm [7] KerberosString OPTIONAL,
    cname [8] PrincipalName OPTIONAL, realm [9] KerberosString, sname [10] PrincipalName, e-text [11] KerberosString OPTIONAL,
    e-data [12] OctetString OPTIONAL }
  METHOD-DATA ::= SEQUENCE OF PA-DATA
  TYPED-DATA ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { data-type [0] Int32, data-value [1] OctetString OPTIONAL }
  AD-KDCIssued ::= SEQUENCE {
    ad-checksum [0] Checksum, i-realm [1] KerberosString OPTIONAL, i-sname [2] PrincipalName OPTIONAL,
    elements [3] AuthorizationData }
  AD-AND-OR ::= SEQUENCE { condition-count [0] Int32, elements [1] AuthorizationData }
  KERB-AD-RESTRICTION-ENTRY ::= SEQUENCE OF SEQUENCE { restriction-type [0] Int32, restriction [1] OctetString }
  KERB-KEY-LIST-REQ ::= SEQUENCE OF Int32
  KERB-KEY-LIST-REP ::= SEQUENCE OF EncryptionKey
  PA-AUTHENTICATION-SET ::= SEQUENCE OF SEQUENCE {
    pa-type [0] Int32, pa-hint [1] OctetString OPTIONAL, pa-value [2] OctetString OPTIONAL }
  PA-ENC-TS-ENC ::= SEQUENCE { patimestamp [0] KerberosTime, pausec [1] Microseconds OPTIONAL }
  ETYPE-INFO ::= SEQUENCE OF SEQUENCE { etype [0] Int32, salt [1] OctetString OPTIONAL }
  ETYPE-INFO2 ::= SEQUENCE OF SEQUENCE { etype [0] Int32, salt [1] KerberosString OPTIONAL, s2kparams [2] OctetString OPTIONAL }
  KERB-PA-PAC-REQUEST ::= SEQUENCE { include-pac [0] BOOLEAN }
  PA-PAC-OPTIONS ::= SEQUENCE { flags [0] KerberosFlags }
  KERB-ERROR-DATA ::= SEQUENCE { data-type [1] Int32, data-value [2] OctetString OPTIONAL }
  PA-FOR-USER ::= SEQUENCE {
    user-name [0] PrincipalName, user-realm [1] KerberosString, cksum [2] Checksum, auth-package [3] KerberosString }
  ChangePasswdData ::= SEQUENCE {
    newpasswd [0] OctetString, targname [1] PrincipalName OPTIONAL, targrealm [2] KerberosString OPTIONAL }
  S4UUserID ::= SEQUENCE {
    nonce [0] UInt32, cname [1] PrincipalName OPTIONAL, crealm [2] KerberosString, subject-certificate [3] OctetString OPTIONAL,
    options [4] KerberosFlags OPTIONAL }
  PA-S4U-X509-USER ::= SEQUENCE { user-id [0] S4UUserID, checksum [1] Checksum }
  KrbFastArmor ::= SEQUENCE { armor-type [0] Int32, armor-value [1] OctetString }
  PA-FX-FAST-REQUEST ::= [0] SEQUENCE {
    armor [0] KrbFastArmor OPTIONAL, req-checksum [1] Checksum, enc-fast-req [2] EncryptedData }
  KrbFastReq ::= SEQUENCE { fast-options [0] KerberosFlags, padata [1] METHOD-DATA, req-body [2] KDC-REQ-BODY }
  PA-FX-FAST-REPLY ::= [0] SEQUENCE { enc-fast-rep [0] EncryptedData }
  KrbFastResponse ::= SEQUENCE {
    padata [0] METHOD-DATA, strengthen-key [1] EncryptionKey OPTIONAL, finished [2] KrbFastFinished OPTIONAL, nonce [3] UInt32 }
  KrbFastFinished ::= SEQUENCE {
    timestamp [0] KerberosTime, usec [1] Microseconds, crealm [2] KerberosString, cname [3] PrincipalName,
    ticket-checksum [4] Checksum }
`

export type Asn1Type =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'list'; readonly of: Asn1Type; readonly minimum: number }
  | {
      readonly kind: 'tagged'
      readonly tagClass: 'application' | 'context'
      readonly number: number
      readonly of: Asn1Type
    }
  | { readonly kind: 'sequence'; readonly fields: readonly Asn1Field[] }

export interface Asn1Field {
  /** `encPart` for `enc-part`. */
  readonly property: string
  readonly number: number
  readonly type: Asn1Type
  readonly optional: boolean
}

/** The definitions by name. A name without one is a primitive type. */
export const definitions: ReadonlyMap<string, Asn1Type> = parse(text)

export function definitionOf(name: string): Asn1Type {
  const type = definitions.get(name)
  if (type === undefined) throw new Error(`the ASN.1 has no ${name}`)
  return type
}

function parse(module: string): Map<string, Asn1Type> {
  const tokens = module.match(/::=|[{}[\](),]|[\w-]+/g) ?? []
  let at = 0
  const next = (): string => tokens[at++]
  const take = (expected: string): void => {
    if (next() !== expected)
      throw new Error(`${expected} expected at ${tokens.slice(Math.max(0, at - 4), at + 2).join(' ')}`)
  }
  const bracketed = (): { tagClass: 'application' | 'context'; number: number } => {
    take('[')
    const application = tokens[at] === 'APPLICATION'
    if (application) next()
    const number = Number(next())
    take(']')
    return { tagClass: application ? 'application' : 'context', number }
  }
  const field = (): Asn1Field => {
    const property = next().replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    const { number } = bracketed()
    const parsed = type()
    const optional = tokens[at] === 'OPTIONAL'
    if (optional) next()
    return { property, number, type: parsed, optional }
  }
  const sequence = (): Asn1Type => {
    const sized = tokens[at] === 'SIZE'
    if (sized) for (const token of ['SIZE', '(', '1', 'MAX', ')']) take(token)
    if (tokens[at] === 'OF') {
      next()
      return { kind: 'list', of: type(), minimum: sized ? 1 : 0 }
    }
    const fields: Asn1Field[] = []
    do {
      next()
      fields.push(field())
    } while (tokens[at] === ',')
    take('}')
    return { kind: 'sequence', fields }
  }
  const type = (): Asn1Type => {
    if (tokens[at] === '[') return { kind: 'tagged', ...bracketed(), of: type() }
    const name = next()
    if (name === 'SEQUENCE') return sequence()
    if (name !== 'INTEGER') return { kind: 'name', name }
    take('(')
    const value = Number(next())
    take(')')
    return { kind: 'constant', value }
  }
  const found = new Map<string, Asn1Type>()
  while (at < tokens.length) {
    const name = next()
    take('::=')
    found.set(name, type())
  }
  return found
}
