import {
  AdType,
  checksumTypeName,
  encryptionTypeByName,
  encryptionTypeName,
  findEncryptionType,
  KdcOption,
  KeyUsage,
  KRB_ERROR_CODES,
  NameType,
  PaType,
  TicketFlag,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { rc4MessageType } from '../../packages/krb5/src/crypto/encryption-types/rc4-checksum.js'
import { asn1Facts } from './asn1-facts.js'
import { testGssConstants } from './gss-constants.js'
import type { Vectors } from './vectors.js'

/** The numbers of the RFCs against ours, by name. */
export function testConstants(vectors: Vectors): void {
  describe('the numbers of the RFCs:', () => {
    const same = (group: string, ours: Readonly<Record<string, number>>, nameOf: (name: string) => string): void =>
      test.each(vectors.constants(group))(`${group} %s`, (name, value) => expect(ours[nameOf(name)]).toBe(value))

    same('kdcErrors', KRB_ERROR_CODES, (name) => name)
    same('paTypes', PaType, (name) => constantName(name.replace('PA-', '')))
    same('adTypes', AdType, (name) => AD_TYPES[name] ?? constantName(name.replace('AD-', '')))
    same('nameTypes', NameType, (name) => constantName(name.replace('NT-', '')))
    same('kdcOptions', KdcOption, constantName)
    same('ticketFlags', TicketFlag, constantName)
    same('keyUsages', KeyUsage, (name) => KEY_USAGES[name])
    testEncryptionTypes(vectors)
    test.each(vectors.constants('rc4KeyUsageTranslation'))('key usage %s of rc4-hmac', (usage, messageType) => {
      // Erratum of RFC 4757 section 3.
      expect(rc4MessageType(Number(usage))[0]).toBe(usage === '9' ? 9 : messageType)
    })
    testGssConstants(vectors.constants('gss'))
    test.each(vectors.constants('asn1Facts'))('fact %s of ASN.1 has its test', (_number, fact) => {
      const check = asn1Facts.find(({ words }) => String(fact).startsWith(words))
      expect(check?.holds()).toBe(true)
    })
  })
}

function testEncryptionTypes(vectors: Vectors): void {
  test.each(vectors.constants('etypes'))('encryption type %s', (name, etype) => {
    expect(encryptionTypeName(Number(etype))).toBe(name)
    if (findEncryptionType(Number(etype))) expect(encryptionTypeByName(name).etype).toBe(etype)
    else expect(() => encryptionTypeByName(name)).toThrow(/is refused/)
  })

  test.each(vectors.constants('checksumTypes'))('checksum type %s', (name, type) => {
    const ours = checksumTypeName(Number(type))
    // With single DES nothing is made or believed, and the last is no checksum.
    if (/^(?:rsa-md\d-des|des-mac|gssapi)/.test(name)) expect(ours).toBe(`cksumtype ${String(type)}`)
    else expect(ours).toBe(name.split(/[ (]/)[0])
  })

  test.each(vectors.constants('checksumAndKeySizes'))('sizes %s', (_number, value) => {
    const sizes: Readonly<Record<string, number | undefined>> = Object(value)
    const type = findEncryptionType(Number(sizes.etype))
    if (sizes.etype === 16) return expect(type).toBeUndefined()
    expect(type?.keyLength).toBe(sizes.keyBytes)
    expect(type?.confounderLength).toBe(sizes.confounderBytes)
    expect(type?.checksumLength).toBe(sizes.macBytes)
    expect(type?.checksumType).toBe(sizes.checksum)
    return expect(type?.defaultIterations).toBe(sizes.defaultIterations)
  })
}

/** `enc-tkt-in-skey` is `ENC_TKT_IN_SKEY`; what stands in parentheses is a remark. */
function constantName(name: string): string {
  return name.replace(/ \(.*/, '').replaceAll('-', '_').toUpperCase()
}

const AD_TYPES: Readonly<Record<string, string>> = {
  'KERB-AUTH-DATA-TOKEN-RESTRICTIONS (AD-TOKEN-RESTRICTIONS)': 'TOKEN_RESTRICTIONS',
}

const KEY_USAGES: Readonly<Record<string, keyof typeof KeyUsage>> = {
  'AS-REQ PA-ENC-TIMESTAMP': 'PA_ENC_TIMESTAMP',
  'ticket enc-part': 'TICKET',
  'AS-REP enc-part': 'AS_REP',
  'TGS-REQ authdata (session key)': 'TGS_REQ_AUTHDATA_SESSION_KEY',
  'TGS-REQ authdata (subkey)': 'TGS_REQ_AUTHDATA_SUBKEY',
  'TGS-REQ PA-TGS-REQ AP-REQ authenticator checksum': 'TGS_REQ_CHECKSUM',
  'TGS-REQ PA-TGS-REQ AP-REQ authenticator': 'TGS_REQ_AUTHENTICATOR',
  'TGS-REP enc-part (session key)': 'TGS_REP_SESSION_KEY',
  'TGS-REP enc-part (authenticator subkey)': 'TGS_REP_SUBKEY',
  'AP-REQ authenticator checksum': 'AP_REQ_CHECKSUM',
  'AP-REQ authenticator': 'AP_REQ_AUTHENTICATOR',
  'AP-REP enc-part': 'AP_REP',
  'KRB-PRIV enc-part': 'KRB_PRIV',
  'KRB-CRED enc-part': 'KRB_CRED',
  'KRB-SAFE checksum': 'KRB_SAFE',
  'PAC credential data / KERB_NON_KERB_SALT (MS-KILE)': 'PAC_CREDENTIAL',
  'PA-FOR-USER / KERB_NON_KERB_CKSUM_SALT (MS-SFU, MS-PAC signatures)': 'NON_KERB_CHECKSUM',
  'AD-KDC-ISSUED checksum': 'AD_KDC_ISSUED',
  'RFC 4121 acceptor seal': 'ACCEPTOR_SEAL',
  'RFC 4121 acceptor sign': 'ACCEPTOR_SIGN',
  'RFC 4121 initiator seal': 'INITIATOR_SEAL',
  'RFC 4121 initiator sign': 'INITIATOR_SIGN',
  'PA-S4U-X509-USER request checksum (MS-SFU)': 'PA_S4U_X509_USER_REQUEST',
  'PA-S4U-X509-USER reply checksum (MS-SFU)': 'PA_S4U_X509_USER_REPLY',
  'AS-REQ checksum (PA-AS-CHECKSUM / RFC 6113)': 'AS_REQ',
  'FAST req-checksum': 'FAST_REQ_CHECKSUM',
  'FAST enc': 'FAST_ENC',
  'FAST rep': 'FAST_REP',
  'FAST finished': 'FAST_FINISHED',
  'encrypted challenge client': 'ENC_CHALLENGE_CLIENT',
  'encrypted challenge KDC': 'ENC_CHALLENGE_KDC',
  CAMMAC: 'CAMMAC',
}
