/**
 * Reading what a client sends: messages, tickets, PACs. The keys are known, as they are to a
 * service that runs for a while.
 */
import { createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  AdType,
  ApReq,
  AuthorizationData,
  Authenticator,
  decode,
  encode,
  encodePac,
  EncTicketPart,
  FILETIME_NEVER,
  filetimeOfMilliseconds,
  Key,
  kerberosFlags,
  KeyUsage,
  openTicket,
  Pac,
  parsePrincipal,
  sealEncryptedData,
  TicketFlag,
} from '@s4u/krb5'

const NOW = Date.now()
const REALM = 'AD.TEST'
const CLIENT = parsePrincipal('alice@AD.TEST')
const SERVICE = parsePrincipal('HTTP/web.ad.test@AD.TEST')

export default async function bench(measure) {
  const serviceKey = Key.random(18)
  const sessionKey = Key.random(18)
  const pac = pacOf(20, serviceKey)
  const encTicketPart = encode(EncTicketPart, ticketPart(sessionKey, pac))
  const ticket = {
    realm: REALM,
    sname: SERVICE.name,
    encPart: sealEncryptedData(encTicketPart, serviceKey, KeyUsage.TICKET, undefined, 3),
  }
  const authenticator = encode(Authenticator, authenticatorOf(Key.random(18)))
  const apReq = encode(ApReq, {
    apOptions: kerberosFlags(2),
    ticket,
    authenticator: sealEncryptedData(authenticator, sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR),
  })

  await measure('decode-ap-req-chain', () => [
    decode(ApReq, apReq),
    decode(EncTicketPart, encTicketPart),
    decode(Authenticator, authenticator),
  ])
  const decoded = decode(ApReq, apReq)
  await measure('encode-ap-req', () => encode(ApReq, decoded))
  await measureOpening(measure, ticket, serviceKey)
  await measurePac(measure, 'pac-20-groups', pac, serviceKey)
  await measurePac(measure, 'pac-1000-groups', pacOf(1000, serviceKey), serviceKey)
}

/**
 * Ciphertext stealing (RFC 3962 section 5) takes two passes through the cipher, since the octets of
 * the second come out of the first; and a checksum is compared in constant time. No bare call of
 * `node:crypto` does without.
 */
async function measureOpening(measure, ticket, serviceKey) {
  const [iv, raw, macKey] = [new Uint8Array(16), randomBytes(32), randomBytes(32)]
  const { cipher } = ticket.encPart
  const blocks = cipher.subarray(0, Math.floor(cipher.length / 16) * 16)
  const [block, checksum] = [cipher.subarray(0, 16), cipher.subarray(-12)]
  // Made once per key, as ours is.
  const decipher = createDecipheriv('aes-256-cbc', raw, iv).setAutoPadding(false)
  await measure(
    'open-ticket-pac',
    () => openTicket(ticket, serviceKey),
    () => {
      const plaintext = [decipher.update(blocks), decipher.update(block)]
      const mac = createHmac('sha1', macKey).update(blocks).digest()
      return [plaintext, timingSafeEqual(mac.subarray(0, 12), checksum)]
    },
  )
}

/** Decoded and verified, next to the HMAC alone. */
async function measurePac(measure, name, bytes, serviceKey) {
  const macKey = randomBytes(32)
  await measure(
    name,
    () => {
      const pac = Pac.decode(bytes)
      pac.verifyServerChecksum(serviceKey)
      return pac.logonInfo
    },
    () => createHmac('sha1', macKey).update(bytes).digest(),
  )
}

function ticketPart(key, pac) {
  const adData = encode(AuthorizationData, [{ adType: AdType.WIN2K_PAC, adData: pac }])
  return {
    flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.RENEWABLE, TicketFlag.PRE_AUTHENT),
    key,
    crealm: REALM,
    cname: CLIENT.name,
    transited: { trType: 1, contents: new Uint8Array() },
    authtime: NOW,
    starttime: NOW,
    endtime: NOW + 36_000_000,
    renewTill: NOW + 604_800_000,
    authorizationData: [{ adType: AdType.IF_RELEVANT, adData }],
  }
}

function authenticatorOf(subkey) {
  return {
    crealm: REALM,
    cname: CLIENT.name,
    cksum: { cksumtype: 0x8003, checksum: new Uint8Array(24) },
    cusec: 123_456,
    ctime: NOW,
    subkey,
    seqNumber: 0x1234_5678,
  }
}

/** The PAC of a user in some groups, as a domain controller signs it. */
function pacOf(groups, server) {
  const never = FILETIME_NEVER
  const logonInfo = {
    logonTime: filetimeOfMilliseconds(NOW),
    logoffTime: never,
    kickOffTime: never,
    passwordLastSet: filetimeOfMilliseconds(NOW),
    passwordCanChange: filetimeOfMilliseconds(NOW),
    passwordMustChange: never,
    effectiveName: 'alice',
    fullName: 'Alice Liddell',
    logonScript: '',
    profilePath: '',
    homeDirectory: '',
    homeDirectoryDrive: '',
    logonCount: 7,
    badPasswordCount: 0,
    userId: 1105,
    primaryGroupId: 513,
    groupIds: Array.from({ length: groups }, (_, index) => ({ relativeId: 1200 + index, attributes: 7 })),
    userFlags: 0x20,
    logonServer: 'DC1',
    logonDomainName: 'AD',
    logonDomainId: 'S-1-5-21-1004336348-1177238915-682003330',
    userAccountControl: 0x10,
    subAuthStatus: 0,
    lastSuccessfulInteractiveLogon: 0n,
    lastFailedInteractiveLogon: 0n,
    failedInteractiveLogonCount: 0,
    extraSids: [{ sid: 'S-1-18-1', attributes: 7 }],
    resourceGroupDomainSid: undefined,
    resourceGroups: [],
  }
  const clientInfo = { clientId: filetimeOfMilliseconds(NOW), name: 'alice' }
  return encodePac({ logonInfo, clientInfo }, { server, kdc: Key.random(18), encTicketPart: new Uint8Array(9) })
}
