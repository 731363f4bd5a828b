import {
  readForwardedCertificate,
  readForwardedChain,
} from '../../../packages/sign-in/src/certificate/proxy/forwarded-certificate.js'
import {
  securityIdentitiesOf,
  WEAK_MAPPINGS,
} from '../../../packages/sign-in/src/certificate/mapping/security-identities.js'
import { readStatusSources } from '../../../packages/sign-in/src/certificate/revocation/certificate-sources.js'
import { parseLdapAddress } from '../../../packages/sign-in/src/certificate/revocation/ldap-list.js'
import { decodeOcspResponse } from '../../../packages/sign-in/src/certificate/revocation/ocsp-response.js'
import { decodeRevocationList } from '../../../packages/sign-in/src/certificate/revocation/revocation-list.js'
import { isSignedBy } from '../../../packages/sign-in/src/certificate/revocation/signed-data.js'
import { unknownCritical } from '../../../packages/sign-in/src/certificate/trust/certificate-use.js'
import { accountSidOf } from '../../../packages/sign-in/src/certificate/x509/account-sid.js'
import { readAlternativeNames } from '../../../packages/sign-in/src/certificate/x509/alternative-names.js'
import { readClientCertificate } from '../../../packages/sign-in/src/certificate/x509/client-certificate.js'
import { readDer, readTime } from '../../../packages/sign-in/src/certificate/x509/read-der.js'
import { X509Certificate } from 'node:crypto'
import { Authority } from '../../stories/fixtures/authority.js'
import { type Decoder, decoder } from '../decoder.js'
import { certificates, fromHex, texts } from '../inputs/seeds.js'

const SID = 'S-1-5-21-1-2-3-1104'
const authority = new Authority('DC=test,CN=CA')
const { publicKey } = new X509Certificate(authority.certificate.der)
const alice = authority.issue({
  subject: 'DC=test,CN=alice',
  upns: ['alice@ad.test'],
  emails: ['alice@mail.test'],
  uris: [`tag:microsoft.com,2022-09-14:sid:${SID}`],
  sid: SID,
  ocsp: 'http://ocsp.test/',
  crl: 'http://crl.test/ca.crl',
})
const LDAP = 'ldap:///CN=CA,CN=Public%20Key?certificateRevocationList?base?objectClass=*'
const base64 = Buffer.from(alice.der).toString('base64')
const extension = (oid: string): Uint8Array => {
  const found = readClientCertificate(alice.der).fields.extensions.get(oid)
  if (found === undefined) throw new Error(`no extension ${oid}`)
  return found.value
}
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** What certificates bring, what proxies say of them, and what authorities say. */
export const certificateDecoders: readonly Decoder[] = [
  ...headerDecoders(),
  decoder('certificate of a client', [alice.der, authority.certificate.der, ...certificates], readCertificate),
  decoder('subjectAltName', [extension('2.5.29.17')], readAlternativeNames),
  decoder('SID of a certificate', [extension('1.3.6.1.4.1.311.25.2')], (bytes) => accountSidOf(bytes, [])),
  decoder('SID in a URI', texts(`tag:microsoft.com,2022-09-14:sid:${SID}`), (bytes) =>
    accountSidOf(undefined, [latin1(bytes)]),
  ),
  decoder(
    'time of X.509',
    [fromHex(`170d${hexOf('261130095959Z')}`), fromHex(`180f${hexOf('20261130095959Z')}`)],
    readSameTime,
  ),
  decoder('revocation list', lists(), readList),
  decoder('LDAP address of a list', texts(LDAP, LDAP.replace('//', '//[::1]:389')), (bytes) =>
    parseLdapAddress(latin1(bytes)),
  ),
  decoder('OCSP answer', answers(), readAnswer),
]

function headerDecoders(): Decoder[] {
  const escaped = encodeURIComponent(alice.pem)
  const ca = Buffer.from(authority.certificate.der).toString('base64')
  const xfcc = [`By=spiffe://x;Hash=ab;Cert="${escaped}";Subject="CN=a;b\\"";URI=`, `Chain="${escaped}";DNS=a;DNS=b`]
  const read = (format: Parameters<typeof readForwardedCertificate>[1]) => (bytes: Uint8Array) =>
    readForwardedCertificate(latin1(bytes), format)
  return [
    decoder('Client-Cert (RFC 9440)', texts(`:${base64}:`), read('rfc9440')),
    decoder('Client-Cert-Chain (RFC 9440)', texts(`:${base64}:, :${ca}:`), (bytes) =>
      readForwardedChain(latin1(bytes)),
    ),
    decoder('certificate of nginx', texts(escaped, alice.pem.trim().replaceAll('\n', ' ')), read('pem')),
    decoder('certificate of HAProxy', texts(base64, `${base64},${ca}`), read('base64')),
    decoder('certificate of Envoy', texts(...xfcc), read('xfcc')),
  ]
}

function readCertificate(bytes: Uint8Array): void {
  const read = readClientCertificate(bytes)
  readStatusSources(read.fields)
  securityIdentitiesOf(read, WEAK_MAPPINGS)
  unknownCritical(read.fields)
}

/** A time is that which is written: no June 31, no month 0. */
function readSameTime(bytes: Uint8Array): void {
  const time = readDer('time', bytes, readTime)
  const written = latin1(bytes.subarray(2))
  const digits = new Date(time)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '')
  if (!digits.endsWith(written)) throw new Error(`${written} was read as ${digits}`)
}

function lists(): Uint8Array[] {
  const point = fromHex('301aa015a0138611687474703a2f2f63726c2e746573742f63618101ff')
  const times = { thisUpdate: Date.UTC(2026, 0), nextUpdate: Date.UTC(2026, 1) }
  return [
    authority.list({ revoked: ['01', '0203'], ...times }),
    authority.list({ ...times, revoked: ['7f'], extensions: [{ oid: '2.5.29.20', value: fromHex('020101') }] }),
    authority.list({ ...times, extensions: [{ oid: '2.5.29.28', critical: true, value: point }] }),
  ]
}

function readList(bytes: Uint8Array): void {
  isSignedBy(decodeRevocationList(bytes), publicKey)
}

function answers(): Uint8Array[] {
  const times = { thisUpdate: Date.UTC(2026, 0), nextUpdate: Date.UTC(2026, 1) }
  return [
    authority.ocsp(alice, { ...times, nonce: new Uint8Array(16) }),
    authority.ocsp(alice, { ...times, status: 'revoked', certificates: [authority.certificate.der] }),
    authority.ocsp(alice, { ...times, status: 'unknown', nextUpdate: null }),
  ]
}

function readAnswer(bytes: Uint8Array): void {
  isSignedBy(decodeOcspResponse(bytes), publicKey)
}

function hexOf(text: string): string {
  return Buffer.from(text).toString('hex')
}
