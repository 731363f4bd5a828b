import { KRB_ERROR_CODES, type KrbErrorName } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { DelegationFacts } from './delegation-facts.js'
import { explainDelegation } from './delegation-refusal.js'
import { DelegationRefusedError } from '../errors/kdc-errors.js'
import type { KdcAnswer } from '../errors/kdc-answer.js'

const web = 'svc-web@AD.TEST'
const alice = 'alice@AD.TEST'

function explain(facts: DelegationFacts, more: Partial<KdcAnswer> = {}, code: KrbErrorName = 'KDC_ERR_BADOPTION') {
  const errorCode = KRB_ERROR_CODES[code]
  const error = explainDelegation(
    { step: 'S4U2Proxy', account: web, target: 'HTTP/api.ad.test', user: alice, errorCode, ...more },
    facts,
  )
  if (!(error instanceof DelegationRefusedError)) throw error
  return error
}

const presented = { origin: 'presented', forwardable: false } as const
const vouched = { origin: 's4u2self', forwardable: false } as const
const of = (isSensitive: boolean, isProtected: boolean) => ({ hasPac: true, user: { isSensitive, isProtected } })

const SENSITIVE = /^userAccountControl of (alice|svc-web)@AD\.TEST must not have NOT_DELEGATED/
const PROTECTED = /^alice@AD\.TEST must not be in the group Protected Users/
const FLAG = /^alice@AD\.TEST must ask for a forwardable ticket/
const TRANSITION = /^userAccountControl of svc-web@AD\.TEST must have TRUSTED_TO_AUTH_FOR_DELEGATION/

describe('evidence that cannot be passed on', () => {
  test.each([
    ['of whom nothing is known', undefined, [SENSITIVE, PROTECTED, FLAG]],
    ['who is sensitive', of(true, false), [SENSITIVE]],
    ['in Protected Users', of(false, true), [PROTECTED]],
    ['who is both', of(true, true), [SENSITIVE, PROTECTED]],
    ['who is neither', of(false, false), [FLAG]],
  ])('of a user %s, who presented it', (_who, sight, attributes) => {
    const { reason, settings } = explain({ evidence: presented, sight })
    expect(reason).toBe('evidence-not-forwardable')
    expect(settings.map(({ attribute }) => attribute)).toEqual(attributes.map((one) => expect.stringMatching(one)))
  })

  test.each([
    ['of whom nothing is known', undefined, 'protocol-transition-not-allowed', [TRANSITION, SENSITIVE, PROTECTED]],
    ['who is sensitive', of(true, false), 'user-not-delegable', [SENSITIVE]],
    ['in Protected Users', of(false, true), 'user-not-delegable', [PROTECTED]],
    ['who is neither', of(false, false), 'protocol-transition-not-allowed', [TRANSITION]],
  ])('of a user %s, for whom the service vouched', (_who, sight, expected, attributes) => {
    const { reason, settings } = explain({ evidence: vouched, sight })
    expect(reason).toBe(expected)
    expect(settings.map(({ attribute }) => attribute)).toEqual(attributes.map((one) => expect.stringMatching(one)))
  })

  test('because nothing that the service gets can be, is the fault of its own account', () => {
    const { reason, settings } = explain({ evidence: vouched, ownTicket: { forwardable: false } })
    expect(reason).toBe('service-not-delegable')
    expect(settings[0]).toMatchObject({
      attribute: `userAccountControl of ${web} must not have NOT_DELEGATED (0x100000, "sensitive"); this protects from delegation: if it is meant so, leave it`,
      samba: 'samba-tool user sensitive svc-web off',
      mit: `kadmin.local modprinc +allow_forwardable ${web}`,
    })
  })

  test('because of a credential cache that was not asked for as forwardable, is got anew', () => {
    const ownTicket = { forwardable: false, isFromElsewhere: true }
    expect(explain({ evidence: vouched, ownTicket }).settings[0].mit).toBe(`kinit -f ${web}`)
  })
})

test('what protects a user may be meant so, which is said before the command that takes it away', () => {
  const { hint } = explain({ evidence: presented, sight: of(true, true) })
  const meant = 'this protects from delegation: if it is meant so, leave it'
  const lines = (hint ?? '').split('\n')
  for (const command of ['-AccountNotDelegated $false', "Remove-ADGroupMember 'Protected Users'"]) {
    const at = lines.findIndex((line) => line.includes(command))
    expect(lines.slice(0, at).findLast((line) => line.includes(' must '))).toContain(meant)
  }
})

describe('evidence that is none', () => {
  test.each(['KDC_ERR_BADOPTION', 'KRB_AP_ERR_BAD_INTEGRITY', 'KRB_AP_ERR_MODIFIED'] as const)(
    'is seen, whatever the KDC calls it (%s)',
    (code) => {
      const evidence = { ...presented, forwardable: true }
      expect(explain({ evidence, sight: { unusable: 'granting-ticket' } }, {}, code)).toMatchObject({
        reason: 'evidence-unusable',
        sentence: 'the ticket shown as evidence is a ticket-granting ticket of alice@AD.TEST',
      })
      expect(explain({ evidence, sight: { unusable: 'other-key' } }, {}, code)).toMatchObject({
        reason: 'evidence-unusable',
        sentence:
          'no key of svc-web@AD.TEST opens the ticket shown as evidence: it is one for another service, or older than the keys',
      })
    },
  )

  test('but for its PAC, which MIT calls modified', () => {
    const sight = { isForwardable: true, hasPac: false }
    const { reason } = explain({ evidence: { ...presented, forwardable: true }, sight }, {}, 'KRB_AP_ERR_MODIFIED')
    expect(reason).toBe('no-pac')
  })
})

describe('a policy', () => {
  test.each(['STATUS_AUTHENTICATION_FIREWALL_FAILED', 'STATUS_INVALID_WORKSTATION'])('(%s) is no list', (ntStatus) => {
    const { reason, sentence, settings } = explain({ evidence: vouched }, { ntStatus }, 'KDC_ERR_POLICY')
    expect(reason).toBe('refused-by-policy')
    expect(sentence).toBe('a policy of HTTP/api.ad.test does not let svc-web@AD.TEST act for alice@AD.TEST there')
    expect(settings[0].samba).toBe(
      'samba-tool user auth policy remove ACCOUNT   # ACCOUNT: the one that has HTTP/api.ad.test; from Samba 4.20 on',
    )
  })
})

describe('a target that is on no list', () => {
  test('of another realm can be on its own alone', () => {
    const { settings } = explain({}, { target: 'HTTP/api.west.test@WEST.TEST' })
    expect(settings).toHaveLength(1)
    expect(settings[0].attribute).toMatch(/^msDS-AllowedToActOnBehalfOfOtherIdentity of the account of HTTP\/api/)
  })

  test('is none where it is the KDC', () => {
    expect(explain({}, { target: 'krbtgt/AD.TEST' }).settings).toEqual([
      { attribute: 'no KDC delegates to itself: name the service that is to be reached, and not krbtgt/AD.TEST' },
    ])
  })
})
