import {
  addToCcache,
  AuthorizationData,
  ConfigurationError,
  type CredentialInfo,
  decode,
  decodeCcache,
  decodeKerbExtError,
  decodeKpasswdMessage,
  decodeKpasswdResult,
  decodePasswordPolicy,
  decodeNtlmCredential,
  decodeSupportedEnctypes,
  decodeTokenInfoIntegrity,
  elementAt,
  encode,
  encodeCcache,
  flattenAuthorizationData,
  formatPrincipal,
  Key,
  Keytab,
  KeyUsage,
  MalformedTokenError,
  NameType,
  openCredentialInfo,
  Pac,
  PaOtpChallenge,
  PaOtpRequest,
  parseKrb5Conf,
  parsePrincipal,
  parseSid,
  parseSpn,
  RejectedTokenError,
} from '@s4u/krb5'
import { readCertificateUpn } from '../../packages/krb5/src/names/read-certificate-upn.js'
import { decompressXpressHuffman } from '../../packages/krb5/src/pac/encoding/xpress-huffman.js'
import { arbitraryMessage } from './inputs/arbitraries.js'
import { type Decoder, decoder } from './decoder.js'
import { certificateDecoders } from './decoders/certificates.js'
import { gatewayDecoders } from './decoders/gateway.js'
import { gssDecoders } from './decoders/gssapi.js'
import { networkDecoders } from './decoders/network.js'
import { redisDecoders } from './decoders/redis.js'
import { ntlmDecoders } from './decoders/ntlm.js'
import { dceDecoders } from './decoders/dce.js'
import { rpcDecoders } from './decoders/rpc.js'
import { dropInDecoders } from './decoders/drop-in.js'
import { saslDecoders } from './decoders/sasl.js'
import { signInDecoders } from './decoders/sign-in.js'
import { smbDecoders } from './decoders/smb.js'
import * as fc from 'fast-check'
import { type MessageCodec, messageCodecs } from '../vectors/message-codecs.js'
import {
  ccaches,
  certificates,
  configurations,
  fromHex,
  keytabs,
  octetsIn,
  recorded,
  texts,
  vectorFile,
} from './inputs/seeds.js'

const MAX_CLAIMS = 1 << 16
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const key = new Key(18, new Uint8Array(32).fill(7))

export const decoders: readonly Decoder[] = [
  ...messageCodecs.map(messageDecoder),
  decoder('authorization data, nested', recorded('EncTicketPart').slice(0, 3).map(authorizationDataOf), (bytes) =>
    flattenAuthorizationData(decode(AuthorizationData, bytes)),
  ),
  decoder('an element of a message', recorded('TGS-REQ'), (bytes) => elementAt(bytes, 'req-body', 0x6c, 0x30, 0xa4)),
  decoder('PA-SUPPORTED-ENCTYPES', [fromHex('1c000700')], decodeSupportedEnctypes),
  decoder('KERB_EXT_ERROR', [fromHex('720000c00000000001000000')], decodeKerbExtError),
  decoder(
    'LSAP_TOKEN_INFO_INTEGRITY',
    [fromHex(`0100000000200000${'0123456789abcdef'.repeat(4)}`)],
    decodeTokenInfoIntegrity,
  ),
  decoder('KPASSWD message', [fromHex('000a00010002aabbccdd')], decodeKpasswdMessage),
  decoder('KPASSWD result', [fromHex('00045061737377')], decodeKpasswdResult),
  decoder(
    'password policy',
    [fromHex(`0000000000050000000d00000001${'00'.repeat(8)}000000c92a69c000`)],
    decodePasswordPolicy,
  ),
  decoder('PAC', octetsIn('pac/pacs.json', 'pac'), readPac),
  decoder('PAC_CREDENTIAL_DATA', credentialData(), (bytes) =>
    openCredentialInfo(sealedCredentials(bytes), key).forEach(decodeNtlmCredential),
  ),
  decoder('PAC claims', octetsIn('pac/claims.json', 'data'), (bytes) => readPacBuffer(13, bytes)),
  ...pacBuffers().map(([type, seeds]) => decoder(`PAC buffer ${type}`, seeds, (bytes) => readPacBuffer(type, bytes))),
  decoder('X.509 certificate', certificates, readCertificateUpn),
  decoder('XPRESS Huffman', compressed(), (bytes) => {
    const length = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8)
    return decompressXpressHuffman(bytes.subarray(2), length, MAX_CLAIMS, 'claims')
  }),
  decoder('keytab', keytabs, (bytes) => void Keytab.decode(Keytab.decode(bytes).encode()), [ConfigurationError]),
  decoder('credential cache', ccaches, (bytes) => void decodeCcache(encodeCcache(decodeCcache(bytes))), [
    ConfigurationError,
  ]),
  decoder('a credential cache that a ticket is added to', ccaches, addTicket, [ConfigurationError]),
  decoder('krb5.conf', configurations, readConfiguration, [ConfigurationError]),
  decoder(
    'PA-OTP-CHALLENGE',
    [fromHex('300f8002aabba209300780050000000000')],
    (bytes) => void decode(PaOtpChallenge, encode(PaOtpChallenge, decode(PaOtpChallenge, bytes))),
  ),
  decoder(
    'PA-OTP-REQUEST',
    [fromHex('302080050000000000a20aa003020112a2030401098506313233343536860370696e')],
    (bytes) => void decode(PaOtpRequest, encode(PaOtpRequest, decode(PaOtpRequest, bytes))),
  ),
  ...textDecoders(),
  ...gssDecoders,
  ...networkDecoders,
  ...certificateDecoders,
  ...signInDecoders,
  ...smbDecoders,
  ...gatewayDecoders,
  ...ntlmDecoders,
  ...rpcDecoders,
  ...dceDecoders,
  ...redisDecoders,
  ...saslDecoders,
  ...dropInDecoders,
]

/** What could be read before can be read afterwards, and the ticket with it. */
function addTicket(bytes: Uint8Array): void {
  const { credentials } = decodeCcache(ccaches[0])
  const before = decodeCcache(bytes)
  const after = decodeCcache(addToCcache(bytes, credentials[0]))
  if (after.credentials.length === 0 || after.settings.length !== before.settings.length)
    throw new Error('adding a ticket has lost something')
}

/** Whatever is decoded can be encoded, and is then the same. */
function messageDecoder({ name, decode: read, encode: write }: MessageCodec): Decoder {
  const generated = fc.sample(arbitraryMessage(name), { numRuns: 12, seed: 1 }).map(write)
  return decoder(name, [...recorded(name), ...generated], (bytes) => {
    const canonical = write(read(bytes))
    if (Buffer.compare(write(read(canonical)), canonical) !== 0) throw new Error(`${name} has two encodings`)
  })
}

function readPac(bytes: Uint8Array): void {
  const pac = Pac.decode(bytes)
  for (const { type, data } of pac.buffers) readPacBuffer(type, data)
  try {
    pac.verifyServerChecksum(key)
  } catch (error) {
    if (!(error instanceof RejectedTokenError)) throw error
  }
}

/** The buffers of all recorded PACs, by type. */
function pacBuffers(): [number, Uint8Array[]][] {
  const single: { vectors: { type: number; data: string }[] } = Object(vectorFile('pac/buffers.json'))
  const found = new Map<number, Uint8Array[]>()
  const add = (type: number, data: Uint8Array): unknown => found.set(type, [...(found.get(type) ?? []), data])
  for (const { type, data } of single.vectors) add(type, fromHex(data))
  for (const bytes of octetsIn('pac/pacs.json', 'pac'))
    for (const { type, data } of Pac.decode(bytes).buffers) add(type, data)
  return [...found].sort(([a], [b]) => a - b)
}

/** What Windows and Samba seal for users who sign in with a smart card. */
function credentialData(): Uint8Array[] {
  return [...octetsIn('pac/pacs.json', 'credentialData'), ...octetsIn('pac/credentials.json', 'data')]
}

function sealedCredentials(plaintext: Uint8Array): CredentialInfo {
  return { version: 0, encryptionType: key.etype, serializedData: key.seal(KeyUsage.PAC_CREDENTIAL, plaintext) }
}

/** Compressed octets behind the length of the plain ones, in two octets. */
function compressed(): Uint8Array[] {
  const file: { vectors: { compressed: string; length: number }[] } = Object(vectorFile('pac/xpress-huffman.json'))
  return file.vectors
    .filter(({ length }) => length < MAX_CLAIMS)
    .map(({ compressed, length }) => Uint8Array.of(length & 0xff, length >> 8, ...fromHex(compressed)))
}

/** One buffer in a PAC of its own. */
function readPacBuffer(type: number, data: Uint8Array): void {
  const bytes = new Uint8Array(24 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 1, true)
  view.setUint32(8, type, true)
  view.setUint32(12, data.length, true)
  view.setUint32(16, 24, true)
  bytes.set(data, 24)
  const pac = Pac.decode(bytes)
  void [
    pac.logonInfo,
    pac.credentialInfo,
    pac.serverChecksum,
    pac.kdcChecksum,
    pac.clientInfo,
    pac.delegationInfo,
    pac.upnDnsInfo,
  ]
  void [
    pac.clientClaims,
    pac.deviceInfo,
    pac.deviceClaims,
    pac.ticketChecksum,
    pac.attributes,
    pac.requestor,
    pac.fullChecksum,
  ]
  pac.sids()
  pac.denyOnlySids()
}

function readConfiguration(bytes: Uint8Array): void {
  const include = { readFile: () => '[included]\n a = b\n', listFolder: () => ['a', 'b.conf', '.c'] }
  const conf = parseKrb5Conf(text(bytes), { include })
  for (const section of conf.names()) for (const name of conf.names(section)) conf.strings(section, name)
  for (const realm of conf.names('realms')) conf.kdcsOf(realm)
  for (const realm of conf.names('capaths')) conf.capath(realm, 'B')
  conf.realmOf('web.ad.test')
  conf.boolean('libdefaults', 'forwardable')
  conf.duration('libdefaults', 'ticket_lifetime')
}

function textDecoders(): Decoder[] {
  const principals = texts(
    'alice@AD.TEST',
    'HTTP/web.ad.test@AD.TEST',
    'a\\/b\\@c\\\\\\n\\t\\b@R\\@S',
    'zoë@AD.TEST',
    'bob@corp.example@AD.TEST',
  )
  const spns = texts(
    'HTTP/web.ad.test',
    'HTTP/web.ad.test:8080',
    'MSSQLSvc/db.ad.test:1433/name',
    'ldap/[fd00::1]:389/ad.test',
  )
  return [
    decoder('principal', principals, (bytes) => {
      const parsed = parsePrincipal(utf8(bytes))
      const printed = formatPrincipal(parsed)
      if (formatPrincipal(parsePrincipal(printed)) !== printed) throw new Error('a principal is printed as another')
    }),
    decoder('enterprise principal', principals, (bytes) =>
      parsePrincipal(utf8(bytes), { nameType: NameType.ENTERPRISE }),
    ),
    decoder('SPN', spns, (bytes) => parseSpn(utf8(bytes))),
    decoder(
      'SID',
      texts('S-1-5-21-1-2-3-512', 'S-1-5-32-544', 'S-1-0x1234567890AB-7'),
      (bytes) => parseSid(text(bytes)),
      [MalformedTokenError, ConfigurationError],
    ),
  ]
}

function authorizationDataOf(encTicketPart: Uint8Array): Uint8Array {
  return elementAt(encTicketPart, 'authorization-data', 0x63, 0x30, 0xaa)
}
