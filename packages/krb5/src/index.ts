/**
 * Kerberos V5 as data: messages, keys, keytabs, credential caches and PACs. Octets become values,
 * and values octets; there are no sockets and no clock.
 *
 * `decode(ApReq, bytes)` and `encode(ApReq, value)` work for every message: each is an interface,
 * and a codec of the same name. `Key` seals, opens and signs. `Keytab` and `decodeCcache` read the
 * files that other Kerberos programs write.
 */

export {
  openApReq,
  openAuthenticator,
  openEncryptedData,
  openTicket,
  sealApReq,
  sealedApReq,
  sealEncryptedData,
  sealMessage,
} from './ap-exchange.js'
export type { ApReqOptions, OpenedApReq, OpenedTicket } from './ap-exchange.js'
export { type Codec, decode, encode, withEncoding } from './asn1/codec.js'
export { field, type FieldsOf, optional, sequence } from './asn1/sequence.js'
export { decodeReadable, sequenceOf } from './asn1/sequence-of.js'
export { application, context, explicit } from './asn1/tagged.js'
export { closeOptions, NO_OPTIONS, pickOptions, requireKnownOptions } from './options/closed-options.js'
export { requireOneOf } from './options/choices.js'
export { noticeOfOldName, type RenamedOptions, underNewNames } from './journal/renamed-options.js'
export { nearestOption, type OptionTable, type OptionTableOf } from './options/option-table.js'
export { hintOfCopies } from './options/copies.js'
export { DerFault, DerReader, DerWriter } from './asn1/der.js'
export { elementAt } from './asn1/element.js'
export {
  hasFlag,
  Int32,
  KerberosFlags,
  kerberosFlags,
  KerberosString,
  KerberosTime,
  OctetString,
  sameKvno,
  UInt32,
} from './asn1/primitives.js'
export { ByteReader } from './bytes/byte-reader.js'
export { ByteWriter } from './bytes/byte-writer.js'
export { addToCcache, decodeCcache, encodeCacheEntry, encodeCachePrincipal, encodeCcache } from './files/ccache.js'
export type { CacheContents, CachedCredential, CacheSetting, CredentialCache } from './files/ccache.js'
export { certificateUpn } from './names/certificate-upn.js'
export { KeyUsage } from './crypto/key-usage.js'
export {
  checksumTypeName,
  hmacMd5Checksum,
  makeChecksum,
  makeUnkeyedChecksumThatProvesNothing,
  verifyChecksumOfType,
} from './crypto/checksum-types.js'
export { combineKeys } from './crypto/combine-keys.js'
export { digest, type DigestName, type HashName } from './crypto/digest.js'
export { Key, type RandomSource } from './crypto/key.js'
export { platformRandom } from './crypto/random.js'
export { rc4 } from './crypto/algorithms/rc4.js'
export { rc4TokenCipher } from './crypto/rc4-tokens.js'
export {
  DEFAULT_ETYPES,
  encryptionTypeByName,
  encryptionTypeName,
  encryptionTypesByName,
  findEncryptionType,
} from './crypto/registry.js'
export type { ForwardedTicket } from './forwarded-ticket.js'
export { ERROR_MEANINGS, type S4uErrorCode } from './errors/error-codes.js'
export { KRB_ERROR_CODES, krbErrorName, type KrbErrorName } from './errors/krb-error-codes.js'
export {
  ConfigurationError,
  MalformedTokenError,
  MissingKeyError,
  RejectedTokenError,
  S4uError,
} from './errors/errors.js'
export { helpOf } from './errors/error-help.js'
export type { ErrorDetails, ErrorStatus, MalformedDetails } from './errors/errors.js'
export { shownInput, shownName, shownPath } from './errors/shown-input.js'
export { Keytab, type KeytabEntry } from './files/keytab.js'
export { type ConfiguredKdc, KDC_LOCATION_FORMS, kdcLocationOf } from './configuration/kdc-location.js'
export { configurationPaths, readConfigurationFiles } from './configuration/configuration-files.js'
export {
  builtInCacheName,
  configuredName,
  defaultClientKeytabName,
  defaultKeytabName,
  type NameSetting,
} from './configuration/default-names.js'
export { secondsOfDuration } from './configuration/duration.js'
export { thisMachine } from './configuration/this-machine.js'
export type { Machine } from './platform/machine.js'
export { REALM_SETTINGS_READ, SETTINGS_READ, settingsNotRead, type UnreadSetting } from './configuration/settings.js'
export { type IncludeReader, Krb5Conf, type Krb5ConfOptions, parseKrb5Conf } from './configuration/krb5-conf.js'
export { keytabFilePath, unreadableKeytab } from './files/keytab-location.js'
export { andLeftOut, type LeftOut, noticeOfLeftOut } from './files/left-out.js'
export { ApOption, ApRep, ApReq, Authenticator, EncApRepPart } from './messages/ap.js'
export {
  AdAndOr,
  AdKdcIssued,
  AdType,
  AuthorizationData,
  flattenAuthorizationData,
  KerbAdRestrictionEntries,
} from './messages/authorization-data.js'
export type {
  AuthorizationDataElement,
  FoundAuthorizationData,
  KerbAdRestrictionEntry,
} from './messages/authorization-data.js'
export { Checksum, EncryptedData, EncryptionKey } from './messages/encrypted-data.js'
export {
  FX_FAST_ARMOR_AP_REQUEST,
  KrbFastArmor,
  KrbFastReq,
  KrbFastResponse,
  PaFxFastReply,
  PaAuthenticationSet,
  PaFxFastRequest,
} from './messages/padata/fast.js'
export type {
  KrbFastArmoredRep,
  KrbFastArmoredReq,
  KrbFastFinished,
  PaAuthenticationSetElement,
} from './messages/padata/fast.js'
export {
  AsRep,
  EncAsRepPart,
  EncTgsRepPart,
  TgsRep,
  type EncKdcRepPart,
  type KdcRep,
  type LastReqEntry,
} from './messages/kdc-rep.js'
export { AsReq, KdcOption, KdcReqBody, TgsReq, type KdcReq } from './messages/kdc-req.js'
export { KrbError } from './messages/krb-error.js'
export {
  ChangePasswdData,
  decodeKpasswdMessage,
  decodeKpasswdResult,
  encodeKpasswdMessage,
  encodeKpasswdResult,
  KPASSWD_RESULTS,
  type KpasswdMessage,
  type KpasswdResult,
  kpasswdResultName,
  KpasswdVersion,
} from './messages/kpasswd.js'
export { decodePasswordPolicy, encodePasswordPolicy, type PasswordPolicy } from './messages/password-policy.js'
export {
  EncKrbCredPart,
  EncKrbPrivPart,
  KrbCred,
  KrbPriv,
  KrbSafe,
  KrbSafeBody,
} from './messages/krb-safe-priv-cred.js'
export type { KrbCredInfo, UserData } from './messages/krb-safe-priv-cred.js'
export {
  OtpFlag,
  OtpFormat,
  PaOtpChallenge,
  PaOtpEncRequest,
  PaOtpRequest,
  type OtpTokenInfo,
} from './messages/padata/otp.js'
export { MessageType } from './messages/message-type.js'
export {
  EtypeInfo,
  EtypeInfo2,
  EtypeInfo2Entry,
  findPaData,
  KerbErrorData,
  MethodData,
  PacOption,
  PaData,
  PaEncTsEnc,
  PaPacOptions,
  PaPacRequest,
  PaType,
  KerbKeyListRep,
  KerbKeyListReq,
  TypedData,
} from './messages/pa-data.js'
export type { EtypeInfoEntry, TypedDataElement } from './messages/pa-data.js'
export { forUserChecksumInput, PaForUser, PaS4uX509User, S4uOption, S4uUserId } from './messages/padata/pa-s4u.js'
export {
  decodeKerbExtError,
  decodeSupportedEnctypes,
  decodeTokenInfoIntegrity,
  encodeKerbExtError,
  encodeSupportedEnctypes,
  encodeTokenInfoIntegrity,
  KERB_ERR_TYPE_EXTENDED,
  type KerbExtError,
  SupportedEnctype,
  supportedEnctypeBits,
  type TokenInfoIntegrity,
  TokenIntegrityLevel,
} from './messages/ms-kile.js'
export { NameType, PrincipalName } from './messages/principal-name.js'
export { EncTicketPart, HostAddress, HostAddresses, Ticket, TicketFlag, TransitedEncoding } from './messages/ticket.js'
export type { AttributesInfo } from './pac/buffers/attributes-info.js'
export { PacAttribute } from './pac/buffers/attributes-info.js'
export { PacBufferType } from './pac/buffers/buffer-type.js'
export type { Claim, ClaimsArray } from './pac/buffers/claims.js'
export type { ClientInfo } from './pac/buffers/client-info.js'
export type { PacBuffer } from './pac/container.js'
export {
  type CredentialInfo,
  openCredentialInfo,
  sealCredentialInfo,
  SupplementalCredential,
} from './pac/buffers/credential-info.js'
export type { DelegationInfo } from './pac/buffers/delegation-info.js'
export type { DeviceInfo, DomainGroupMembership } from './pac/buffers/device-info.js'
export { encodePac, type PacContents, type PacSigning } from './pac/encode-pac.js'
export {
  FILETIME_NEVER,
  type Filetime,
  filetimeOfMilliseconds,
  millisecondsOfFiletime,
} from './pac/encoding/filetime.js'
export { GroupAttribute, type GroupMembership, type SidAndAttributes } from './pac/buffers/group-membership.js'
export { type LogonInfo, UserFlag } from './pac/buffers/logon-info.js'
export { type CountedPointer, NdrReader, type UnicodeStringHeader } from './pac/encoding/ndr-reader.js'
export { NdrWriter } from './pac/encoding/ndr-writer.js'
export { decodeNtlmCredential, encodeNtlmCredential, NtlmCredential } from './pac/buffers/ntlm-credential.js'
export { Pac, type PacExcerpt } from './pac/pac.js'
export { decodeSid, encodeSid, formatSid, parseSid, type Sid } from './pac/encoding/sid.js'
export type { PacSignature } from './pac/signature.js'
export { UpnDnsFlag, type UpnDnsInfo, type UpnDnsInfoExtension } from './pac/buffers/upn-dns-info.js'
export {
  asciiLower,
  asciiUpper,
  formatName,
  formatPrincipal,
  parsePrincipal,
  type Principal,
  sameName,
  samePrincipal,
  sameRealmIgnoringCase,
} from './names/principal.js'
export { formatSpn, parseSpn, type ServicePrincipalName } from './names/service-principal-name.js'
export {
  type AuthToLocal,
  authToLocal,
  authToLocalOf,
  defaultLocalName,
  type LocalNameMapping,
} from './local-names/auth-to-local.js'
export { type GivenKind, requireGiven } from './options/given.js'
export { hostBasedService, withoutHostBasedForm } from './names/host-based-name.js'
export { printable, printableMessage, printableName } from './errors/printable.js'
export { Journal, type JournalEntry, journalsOf } from './journal/journal.js'
export { journalFor } from './journal/process-journal.js'
export type { Outlets } from './platform/outlets.js'
export { type Runtime, runtimeOf } from './platform/runtime.js'
export { thisRuntime, unavailableOn } from './configuration/this-runtime.js'
export { type Logger, type LogLevel, requireLogger } from './journal/logger.js'
export type { Notice } from './journal/notice.js'
export { NOTICE_MEANINGS, type NoticeCode } from './journal/notice-codes.js'
export { RpcAssociation, type RpcBindOptions, type RpcTransport } from './rpc/rpc-association.js'
export type { RpcInterface } from './rpc/rpc-bind.js'
export { RpcFaultError } from './rpc/rpc-errors.js'
export {
  decodeRpcPdu,
  encodeRpcPdu,
  rpcFragmentLength,
  RpcFlag,
  type RpcPdu,
  RpcPduType,
  type RpcVerifier,
} from './rpc/rpc-pdu.js'
export type { RpcFragment, RpcProtection } from './rpc/rpc-protection.js'
