import { AdType, AuthorizationData, encode, kerberosFlags } from '@s4u/krb5'
import type { Authenticator, EncTicketPart } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { ifRelevant, keyOf, NOW, pacOf, SERVICE_KEY } from '../fixtures/issued-token.js'
import { readClientCapabilities } from './client-capabilities.js'
import { findPac } from './find-pac.js'

const cname = { nameType: 1, nameString: ['alice'] }
const ticketWith = (authorizationData: AuthorizationData | undefined): EncTicketPart => ({
  flags: kerberosFlags(),
  key: keyOf(7),
  crealm: 'AD.TEST',
  cname,
  transited: { trType: 1, contents: new Uint8Array(0) },
  authtime: NOW,
  endtime: NOW,
  authorizationData,
})
const authenticatorWith = (authorizationData: AuthorizationData | undefined): Authenticator => ({
  crealm: 'AD.TEST',
  cname,
  ctime: NOW,
  cusec: 0,
  authorizationData,
})

const pac = { adType: AdType.WIN2K_PAC, adData: pacOf('alice', NOW, SERVICE_KEY) }
const note = { adType: 4711, adData: Uint8Array.of(1) }
const refusal = (code: string, message: string, hint?: string) =>
  expect.objectContaining({ name: 'RejectedTokenError', code, message, hint })
const HINT =
  'It restricts what the ticket is good for in a way that is not known here. Whoever issues it must mark it AD-IF-RELEVANT.'

describe('the PAC of a ticket', () => {
  test('is the one in AD-IF-RELEVANT, among other elements', () => {
    expect(findPac(ticketWith(ifRelevant(note, pac)))?.bytes).toEqual(pac.adData)
    expect(findPac(ticketWith([...ifRelevant(note), ...ifRelevant(pac)]))?.bytes).toEqual(pac.adData)
    const forTheKdc = { adType: AdType.MANDATORY_FOR_KDC, adData: encode(AuthorizationData, [note]) }
    expect(findPac(ticketWith([forTheKdc, ...ifRelevant(pac)]))?.bytes).toEqual(pac.adData)
  })

  test('is none where there is none', () => {
    for (const data of [undefined, [], ifRelevant(note)]) expect(findPac(ticketWith(data))).toBeUndefined()
  })

  test.each([
    ['two PACs', ifRelevant(pac, pac), 'KRB_AP_ERR_MODIFIED', 'the ticket has 2 PACs', undefined],
    [
      'three PACs',
      [...ifRelevant(pac, pac), ...ifRelevant(pac)],
      'KRB_AP_ERR_MODIFIED',
      'the ticket has 3 PACs',
      undefined,
    ],
    [
      'what is not known',
      [...ifRelevant(pac), note],
      'KDC_ERR_POLICY',
      'the ticket carries critical authorization data of type 4711',
      HINT,
    ],
    ['a PAC as such', [pac], 'KDC_ERR_POLICY', 'the ticket carries critical authorization data of type 128', HINT],
  ])('makes a ticket with %s refused', (_what, data, code, message, hint) => {
    expect(() => findPac(ticketWith(data))).toThrow(refusal(code, message, hint))
  })
})

describe('what a client says about itself', () => {
  const etypes = { adType: AdType.ETYPE_NEGOTIATION, adData: Uint8Array.of(0x30, 6, 2, 1, 20, 2, 1, 18) }
  const options = (...octets: readonly number[]) => ({
    adType: AdType.AUTH_DATA_AP_OPTIONS,
    adData: Uint8Array.from(octets),
  })
  const read = (data: AuthorizationData | undefined) => readClientCapabilities(authenticatorWith(data))

  test('is nothing where it says nothing', () => {
    for (const data of [undefined, [], ifRelevant(note)])
      expect(read(data)).toEqual({ subkeyEtypes: [], channelBindingAware: false })
  })

  test('is which encryption types it likes, best first', () => {
    expect(read(ifRelevant(note, etypes))).toEqual({ subkeyEtypes: [20, 18], channelBindingAware: false })
  })

  test.each([
    [[0, 0x40, 0, 0], true],
    [[0xff, 0xff, 0xff, 0xff], true],
    [[0, 0x40, 0, 0, 9], true],
    [[0xff, 0xbf, 0xff, 0xff], false],
    [[0x40, 0, 0, 0], false],
    [[0, 0, 0x40, 0], false],
    [[0, 0, 0, 0x40], false],
    [[0, 0x40, 0], false],
    [[], false],
  ])('is with the options %j whether it knows channel bindings: %s', (octets, aware) => {
    expect(read(ifRelevant(options(...octets)))).toEqual({ subkeyEtypes: [], channelBindingAware: aware })
  })

  test('is both', () => {
    expect(read(ifRelevant(etypes, options(0, 0x40, 0, 0)))).toEqual({
      subkeyEtypes: [20, 18],
      channelBindingAware: true,
    })
  })

  test('is refused when part of it must not be ignored and is not known', () => {
    expect(() => read([note])).toThrow(
      refusal('KDC_ERR_POLICY', 'the authenticator carries critical authorization data of type 4711', HINT),
    )
  })
})
