import {
  AdAndOr,
  AdKdcIssued,
  ApRep,
  ApReq,
  AsRep,
  AsReq,
  Authenticator,
  AuthorizationData,
  ChangePasswdData,
  Checksum,
  type Codec,
  decode,
  EncApRepPart,
  encode,
  EncAsRepPart,
  EncKrbCredPart,
  EncKrbPrivPart,
  EncryptedData,
  EncTgsRepPart,
  EncTicketPart,
  EtypeInfo,
  EtypeInfo2,
  HostAddresses,
  KdcReqBody,
  KerbAdRestrictionEntries,
  KerbErrorData,
  KerbKeyListRep,
  KerbKeyListReq,
  KrbCred,
  KrbError,
  KrbFastArmor,
  KrbFastReq,
  KrbFastResponse,
  KrbPriv,
  KrbSafe,
  KrbSafeBody,
  MethodData,
  PaAuthenticationSet,
  PaData,
  PaEncTsEnc,
  PaForUser,
  PaFxFastReply,
  PaFxFastRequest,
  PaPacOptions,
  PaPacRequest,
  PaS4uX509User,
  PrincipalName,
  S4uUserId,
  TgsRep,
  TgsReq,
  Ticket,
  TransitedEncoding,
  TypedData,
} from '@s4u/krb5'

/** A message type, whatever its values are. */
export interface MessageCodec {
  /** Its name in the ASN.1 of the specifications. */
  readonly name: string
  readonly decode: (bytes: Uint8Array) => unknown
  /** Encodes what `decode` gave, or a generated value of the type. */
  readonly encode: (value: unknown) => Uint8Array
}

function message<T>(name: string, codec: Codec<T>): MessageCodec {
  // The value is of the type by construction: it was decoded, or generated from the ASN.1 of the
  // same name.
  return { name, decode: (bytes) => decode(codec, bytes), encode: (value) => encode(codec, value as T) }
}

export const messageCodecs: readonly MessageCodec[] = [
  message('AD-AND-OR', AdAndOr),
  message('AD-KDCIssued', AdKdcIssued),
  message('AP-REP', ApRep),
  message('AP-REQ', ApReq),
  message('AS-REP', AsRep),
  message('AS-REQ', AsReq),
  message('Authenticator', Authenticator),
  message('AuthorizationData', AuthorizationData),
  message('ChangePasswdData', ChangePasswdData),
  message('Checksum', Checksum),
  message('ETYPE-INFO', EtypeInfo),
  message('ETYPE-INFO2', EtypeInfo2),
  message('EncAPRepPart', EncApRepPart),
  message('EncASRepPart', EncAsRepPart),
  message('EncKrbCredPart', EncKrbCredPart),
  message('EncKrbPrivPart', EncKrbPrivPart),
  message('EncTGSRepPart', EncTgsRepPart),
  message('EncTicketPart', EncTicketPart),
  message('EncryptedData', EncryptedData),
  message('HostAddresses', HostAddresses),
  message('KDC-REQ-BODY', KdcReqBody),
  message('KERB-AD-RESTRICTION-ENTRY', KerbAdRestrictionEntries),
  message('KERB-ERROR-DATA', KerbErrorData),
  message('KERB-KEY-LIST-REP', KerbKeyListRep),
  message('KERB-KEY-LIST-REQ', KerbKeyListReq),
  message('KERB-PA-PAC-REQUEST', PaPacRequest),
  message('KRB-CRED', KrbCred),
  message('KRB-ERROR', KrbError),
  message('KRB-PRIV', KrbPriv),
  message('KRB-SAFE', KrbSafe),
  message('KRB-SAFE-BODY', KrbSafeBody),
  message('KrbFastArmor', KrbFastArmor),
  message('KrbFastReq', KrbFastReq),
  message('KrbFastResponse', KrbFastResponse),
  message('METHOD-DATA', MethodData),
  message('PA-AUTHENTICATION-SET', PaAuthenticationSet),
  message('PA-DATA', PaData),
  message('PA-ENC-TS-ENC', PaEncTsEnc),
  message('PA-FOR-USER', PaForUser),
  message('PA-FX-FAST-REPLY', PaFxFastReply),
  message('PA-FX-FAST-REQUEST', PaFxFastRequest),
  message('PA-PAC-OPTIONS', PaPacOptions),
  message('PA-S4U-X509-USER', PaS4uX509User),
  message('PrincipalName', PrincipalName),
  message('S4UUserID', S4uUserId),
  message('TGS-REP', TgsRep),
  message('TGS-REQ', TgsReq),
  message('Ticket', Ticket),
  message('TYPED-DATA', TypedData),
  message('TransitedEncoding', TransitedEncoding),
]

export function messageCodec(name: string): MessageCodec {
  const found = messageCodecs.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no message ${name}`)
  return found
}
