import {
  AdType,
  AuthorizationData,
  encode,
  encodePac,
  EncTicketPart,
  FILETIME_NEVER,
  Key,
  kerberosFlags,
  Keytab,
  KeyUsage,
  type LogonInfo,
  type PacContents,
  parsePrincipal,
  sealEncryptedData,
  TicketFlag,
} from '@s4u/krb5'
import { expect, test } from 'vitest'
import { inspectEvidence } from './evidence-inspection.js'
import { keytabAuthority } from '../credentials/keytab-authority.js'
import type { EvidenceTicket } from '../tickets/service-ticket.js'
import type { Authority } from '../credentials/authority.js'

const REALM = 'AD.TEST'
const KEY = Key.random(18)
const OTHER = Key.random(18)
const web = parsePrincipal('svc-web', { realm: REALM })
const authority = keytabAuthority(
  { keytab: new Keytab([{ principal: web, kvno: 2, key: KEY, timestamp: 0 }]) },
  { realm: undefined, defaultRealm: undefined },
  [18],
)

const never = { logoffTime: FILETIME_NEVER, kickOffTime: FILETIME_NEVER, passwordMustChange: FILETIME_NEVER }
const LOGON: LogonInfo = {
  ...{ ...never, logonTime: 0n, passwordLastSet: 0n, passwordCanChange: 0n, effectiveName: 'alice', fullName: '' },
  ...{ logonScript: '', profilePath: '', homeDirectory: '', homeDirectoryDrive: '', logonCount: 0 },
  ...{ badPasswordCount: 0, userId: 1104, primaryGroupId: 513, groupIds: [{ relativeId: 513, attributes: 7 }] },
  ...{ userFlags: 0x20, logonServer: 'DC1', logonDomainName: 'AD', logonDomainId: 'S-1-5-21-1-2-3' },
  ...{ userAccountControl: 0x10, subAuthStatus: 0, lastSuccessfulInteractiveLogon: 0n },
  ...{ lastFailedInteractiveLogon: 0n, failedInteractiveLogonCount: 0, extraSids: [] },
  ...{ resourceGroupDomainSid: undefined, resourceGroups: [] },
}

interface Issued {
  readonly key?: Key
  readonly kvno?: number
  readonly etype?: number
  readonly service?: string
  readonly forwardable?: boolean
  readonly pac?: PacContents
  readonly broken?: boolean
}

function evidenceOf(issued: Issued = {}): EvidenceTicket {
  const { key = KEY, kvno = 2, service = 'HTTP/web.ad.test', forwardable = true, pac, broken = false } = issued
  const client = parsePrincipal('alice', { realm: REALM })
  const octets = pac && encodePac(pac, { server: key, kdc: OTHER })
  const authorizationData: AuthorizationData | undefined =
    octets && ifRelevant(broken ? octets.subarray(0, 40) : octets)
  const part: EncTicketPart = {
    flags: forwardable ? kerberosFlags(TicketFlag.FORWARDABLE) : kerberosFlags(),
    ...{ key: OTHER, crealm: REALM, cname: client.name, authtime: 0, starttime: 0, endtime: 9_000 },
    transited: { trType: 1, contents: new Uint8Array(0) },
    ...(authorizationData && { authorizationData }),
  }
  const encPart = sealEncryptedData(encode(EncTicketPart, part), key, KeyUsage.TICKET, undefined, kvno)
  const { name } = parsePrincipal(service, { realm: REALM })
  // What the evidence says of itself is not looked at.
  return {
    client,
    ticket: { realm: REALM, sname: name, encPart },
    forwardable: true,
    expiresAt: 9_000,
    origin: 'presented',
  }
}

const ifRelevant = (adData: Uint8Array): AuthorizationData => [
  { adType: AdType.IF_RELEVANT, adData: encode(AuthorizationData, [{ adType: AdType.WIN2K_PAC, adData }]) },
]

test.each<[string, Issued, object]>([
  ['without a PAC', {}, { isForwardable: true, hasPac: false }],
  ['that is not forwardable', { forwardable: false }, { isForwardable: false, hasPac: false }],
  ['with a PAC that says nothing of accounts', { pac: {} }, { isForwardable: true, hasPac: true }],
  [
    'of an ordinary user',
    { pac: { logonInfo: LOGON } },
    { isForwardable: true, hasPac: true, user: { isSensitive: false, isProtected: false } },
  ],
  [
    'of a sensitive user',
    { pac: { logonInfo: { ...LOGON, userAccountControl: 0x4010 } } },
    { isForwardable: true, hasPac: true, user: { isSensitive: true, isProtected: false } },
  ],
  [
    'of a member of Protected Users',
    { pac: { logonInfo: { ...LOGON, groupIds: [...LOGON.groupIds, { relativeId: 525, attributes: 7 }] } } },
    { isForwardable: true, hasPac: true, user: { isSensitive: false, isProtected: true } },
  ],
  ['with a PAC that cannot be read', { pac: { logonInfo: LOGON }, broken: true }, { isForwardable: true }],
  ['of another version than the keytab has, with its key', { kvno: 9 }, { isForwardable: true, hasPac: false }],
  ['for another service', { key: OTHER }, { unusable: 'other-key' }],
  ['for another service, of another version', { key: OTHER, kvno: 1 }, { unusable: 'other-key' }],
  ['of a type of which there is no key', { key: Key.random(17) }, {}],
  ['that is a ticket-granting ticket', { service: 'krbtgt/AD.TEST', key: OTHER }, { unusable: 'granting-ticket' }],
])('of a ticket %s is seen what is in it', async (_what, issued, seen) => {
  expect(await inspectEvidence(evidenceOf(issued), authority)).toEqual(seen)
})

test('without a key nothing is seen', async () => {
  const ready: Authority = { kind: 'ready-ticket', principal: web, tgt: () => Promise.reject(new Error()) as never }
  expect(await inspectEvidence(evidenceOf(), ready)).toEqual({})
})
