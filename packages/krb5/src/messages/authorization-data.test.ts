import { describe, expect, test } from 'vitest'
import { decode, encode } from '../asn1/codec.js'
import { MalformedTokenError } from '../errors/errors.js'
import {
  AdAndOr,
  AdKdcIssued,
  AdType,
  AuthorizationData,
  flattenAuthorizationData,
  KerbAdRestrictionEntries,
} from './authorization-data.js'

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values)
const ifRelevant = (...elements: AuthorizationData) => ({
  adType: AdType.IF_RELEVANT,
  adData: encode(AuthorizationData, elements),
})
const x = { adType: 1000, adData: octets(1, 2) }
const y = { adType: -1000, adData: octets() }
const z = { adType: AdType.AND_OR, adData: octets(9) }

function nested(depth: number): AuthorizationData {
  let data: AuthorizationData = [x]
  for (let level = 0; level < depth; level++) data = [ifRelevant(...data)]
  return data
}

describe('authorization data', () => {
  test('is written as RFC 4120 section 5.2.6 has it', () => {
    const bytes = Buffer.from('3012 3010 a004020203e8 a1080406010203040506'.replaceAll(' ', ''), 'hex')
    expect(encode(AuthorizationData, [{ adType: 1000, adData: octets(1, 2, 3, 4, 5, 6) }])).toEqual(octets(...bytes))
    expect(decode(AuthorizationData, octets(...bytes))).toEqual([{ adType: 1000, adData: octets(1, 2, 3, 4, 5, 6) }])
  })

  test('is one list, in order, with the mark of what stood in AD-IF-RELEVANT, however deep', () => {
    expect(flattenAuthorizationData([ifRelevant(ifRelevant(x), z), y])).toEqual([
      { ...x, ifRelevant: true },
      { ...z, ifRelevant: true },
      { ...y, ifRelevant: false },
    ])
    expect(flattenAuthorizationData([x, ifRelevant(), ifRelevant(y), z])).toEqual([
      { ...x, ifRelevant: false },
      { ...y, ifRelevant: true },
      { ...z, ifRelevant: false },
    ])
    expect(flattenAuthorizationData([])).toEqual([])
  })

  test('that was found in such a container keeps the mark', () => {
    expect(flattenAuthorizationData([x, ifRelevant(y)], true)).toEqual([
      { ...x, ifRelevant: true },
      { ...y, ifRelevant: true },
    ])
  })

  test('may nest as deep as any real token, and no deeper', () => {
    expect(flattenAuthorizationData(nested(31))).toEqual([{ ...x, ifRelevant: true }])
    const tooDeep = () => flattenAuthorizationData(nested(32))
    expect(tooDeep).toThrow(MalformedTokenError)
    expect(tooDeep).toThrow('AuthorizationData: expected at most 32 containers, found more')
  })

  test('whose container holds something else is refused', () => {
    const broken = [{ adType: AdType.IF_RELEVANT, adData: octets(0x30, 3, 4, 1, 0) }]
    expect(() => flattenAuthorizationData(broken)).toThrow(
      'AuthorizationData[0]: expected SEQUENCE, found OCTET STRING',
    )
  })

  test.each([
    ['without its type', '30063004a1020400', 'AuthorizationData[0].ad-type: expected [0], found [1]'],
    ['without its data', '30073005a003020101', 'AuthorizationData[0].ad-data: expected [1], found the end'],
    [
      'of a type that is no INTEGER',
      '30073005a003040101',
      'AuthorizationData[0].ad-type: expected INTEGER, found OCTET STRING',
    ],
  ])('with an element %s is refused', (_what, bytes, message) => {
    expect(() => decode(AuthorizationData, octets(...Buffer.from(bytes, 'hex')))).toThrow(message)
  })
})

// The numbers of RFC 4120 section 7.5.4, RFC 4537, RFC 7751 and MS-KILE section 2.2: on the wire
// nothing else tells them apart.
test('the types have their numbers', () => {
  expect(AdType).toEqual({
    IF_RELEVANT: 1,
    KDC_ISSUED: 4,
    AND_OR: 5,
    MANDATORY_FOR_KDC: 8,
    INITIAL_VERIFIED_CAS: 9,
    CAMMAC: 96,
    AUTHENTICATION_INDICATOR: 97,
    WIN2K_PAC: 128,
    ETYPE_NEGOTIATION: 129,
    TOKEN_RESTRICTIONS: 141,
    KERB_LOCAL: 142,
    AUTH_DATA_AP_OPTIONS: 143,
    TARGET_PRINCIPAL: 144,
    SIGNTICKET: 512,
  })
})

describe('the containers', () => {
  const checksum = { cksumtype: 16, checksum: octets(1, 2, 3) }

  test('of what the KDC says name who signed, or leave it out', () => {
    const bare = { adChecksum: checksum, elements: [x] }
    const named = { ...bare, iRealm: 'AD.TEST', iSname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] } }
    expect(decode(AdKdcIssued, encode(AdKdcIssued, bare))).toEqual({ ...bare, iRealm: undefined, iSname: undefined })
    expect(decode(AdKdcIssued, encode(AdKdcIssued, named))).toEqual(named)
    expect(Buffer.from(encode(AdKdcIssued, { adChecksum: checksum, elements: [] })).toString('hex')).toBe(
      '3014a00e300ca003020110a1050403010203a3023000',
    )
    expect(() => decode(AdKdcIssued, octets(0x30, 0))).toThrow('AD-KDCIssued.ad-checksum: expected [0], found the end')
  })

  test('of which some must be satisfied say how many', () => {
    expect(Buffer.from(encode(AdAndOr, { conditionCount: 2, elements: [] })).toString('hex')).toBe(
      '3009a003020102a1023000',
    )
    expect(decode(AdAndOr, encode(AdAndOr, { conditionCount: 2, elements: [x, y] }))).toEqual({
      conditionCount: 2,
      elements: [x, y],
    })
    expect(() => decode(AdAndOr, octets(0x30, 0))).toThrow('AD-AND-OR.condition-count: expected [0], found the end')
  })

  test('of restrictions hold a type and its octets', () => {
    const entries = [{ restrictionType: 0, restriction: octets(7) }]
    const bytes = encode(KerbAdRestrictionEntries, entries)
    expect(Buffer.from(bytes).toString('hex')).toBe('300c300aa003020100a103040107')
    expect(decode(KerbAdRestrictionEntries, bytes)).toEqual(entries)
    expect(() => decode(KerbAdRestrictionEntries, octets(0x30, 2, 0x30, 0))).toThrow(
      'KERB-AD-RESTRICTION-ENTRY[0].restriction-type: expected [0], found the end',
    )
  })
})

test('an element that lacks something cannot be encoded, and says what', () => {
  const nothing = JSON.parse('{}')
  expect(() => encode(AuthorizationData, [nothing])).toThrow('expected AuthorizationDataElement.ad-data')
  expect(() => encode(KerbAdRestrictionEntries, [nothing])).toThrow('expected KERB-AD-RESTRICTION-ENTRY.restriction')
})
