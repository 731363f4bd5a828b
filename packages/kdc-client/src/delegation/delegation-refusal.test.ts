import { encode, KerbErrorData, KRB_ERROR_CODES, type KrbError, type KrbErrorName, MethodData } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { DelegationFacts } from './delegation-facts.js'
import { explainDelegation } from './delegation-refusal.js'
import {
  allowOnTarget,
  allowTarget,
  allowTransition,
  askForwardable,
  clearSensitive,
  freshTicket,
  leaveProtectedUsers,
  ownName,
  registerSpn,
  restorePac,
} from '../advice/directory-settings.js'
import { registerTarget } from '../advice/unknown-target.js'
import { DelegationRefusedError, type RefusalReason } from '../errors/kdc-errors.js'
import type { DirectorySetting } from '../errors/directory-setting.js'
import { type ExchangeStep, kdcAnswer } from '../errors/kdc-answer.js'
import { findNtStatus, ntStatusName } from '../errors/nt-status.js'
import { explainSignIn } from '../advice/sign-in-refusal.js'

const presented = { origin: 'presented', forwardable: true } as const
const vouched = { origin: 's4u2self', forwardable: true } as const

function errorOf(code: KrbErrorName, eData?: Uint8Array): KrbError {
  const sname = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
  return { stime: 0, susec: 0, errorCode: KRB_ERROR_CODES[code], realm: 'AD.TEST', sname, eData }
}

function statusOf(status: number): Uint8Array {
  const value = new Uint8Array(12)
  new DataView(value.buffer).setUint32(0, status, true)
  return value
}

const withStatus = (status: number): Uint8Array => encode(KerbErrorData, { dataType: 3, dataValue: statusOf(status) })

function explain(
  step: ExchangeStep,
  code: KrbErrorName,
  facts: DelegationFacts = {},
  status?: number,
  user = 'alice@AD.TEST',
) {
  const error = errorOf(code, status === undefined ? undefined : withStatus(status))
  return explainDelegation(kdcAnswer(step, 'web@AD.TEST', 'HTTP/api.ad.test', error, user), facts)
}

describe('a refused delegation', () => {
  test.each([
    // Source: MS-SFU section 3.2.5.2.1 and section 3.2.5.2.3.
    ['KDC_ERR_BADOPTION', { evidence: presented }, undefined, 'target-not-allowed'],
    ['KDC_ERR_BADOPTION', { evidence: presented }, 0xc00000bb, 'target-not-allowed'],
    ['KDC_ERR_BADOPTION', { evidence: { ...vouched, forwardable: false } }, 0xc00000bb, 'target-not-allowed'],
    ['KDC_ERR_BADOPTION', { evidence: presented }, 0xc0000272, 'target-not-allowed'],
    ['KDC_ERR_BADOPTION', { evidence: { ...presented, forwardable: false } }, 0xc0000272, 'evidence-not-forwardable'],
    ['KDC_ERR_BADOPTION', { evidence: presented }, 0xc0000225, 'target-not-allowed'],
    ['KDC_ERR_BADOPTION', { evidence: vouched }, 0xc000006e, 'user-not-delegable'],
    ['KDC_ERR_BADOPTION', { evidence: { ...presented, forwardable: false } }, 0xc000006e, 'evidence-not-forwardable'],
    [
      'KDC_ERR_BADOPTION',
      { evidence: { ...vouched, forwardable: false } },
      0xc000006e,
      'protocol-transition-not-allowed',
    ],
    [
      'KDC_ERR_BADOPTION',
      { evidence: { ...vouched, forwardable: false }, mayTransition: true },
      undefined,
      'user-not-delegable',
    ],
    ['KDC_ERR_POLICY', { evidence: presented }, undefined, 'target-not-allowed'],
    ['KDC_ERR_S_PRINCIPAL_UNKNOWN', {}, undefined, 'target-unknown'],
    ['KDC_ERR_TGT_REVOKED', {}, undefined, 'no-pac'],
    ['KRB_AP_ERR_MODIFIED', {}, undefined, 'evidence-unusable'],
    ['KRB_AP_ERR_BADMATCH', {}, undefined, 'evidence-unusable'],
  ] as const)('%s with %j and NTSTATUS %s is %s', (code, facts, status, reason) => {
    const error = explain('S4U2Proxy', code, facts, status)
    expect(error).toMatchObject({ name: 'DelegationRefusedError', code, reason })
    expect(error.message).toContain('web@AD.TEST')
  })

  test.each([
    ['KDC_ERR_CLIENT_NOT_TRUSTED', /certificate of alice@AD.TEST[^]*certutil/],
    ['KDC_ERR_SERVICE_REVOKED', /HTTP\/api.ad.test is disabled[^]*kadmin.local modprinc \+allow_tix/],
    ['KDC_ERR_MUST_USE_USER2USER', /HTTP\/api.ad.test.*user-to-user[^]*setspn -S/],
    ['KRB_ERR_GENERIC', /its own log[^]*journalctl -u krb5-kdc/],
    ['KDC_ERR_ETYPE_NOSUPP', /msDS-SupportedEncryptionTypes/],
    ['KDC_ERR_CLIENT_REVOKED', /alice@AD.TEST is disabled, or locked out/],
    ['KDC_ERR_KEY_EXPIRED', /password of alice@AD.TEST/],
    ['KRB_AP_ERR_SKEW', /1970-01-01T00:00:00.000Z/],
  ] as const)('%s is about the account', (code, hint) => {
    const error = explain('S4U2Proxy', code)
    expect(error).toMatchObject({ name: 'KdcError', code })
    expect(error.hint).toMatch(hint)
  })

  test('gives a command for each directory', () => {
    const error = explain('S4U2Proxy', 'KDC_ERR_BADOPTION', { evidence: presented })
    if (!(error instanceof DelegationRefusedError)) throw error
    expect(Object.keys(error.settings[0])).toEqual([
      'attribute',
      'activeDirectory',
      'samba',
      'mit',
      'heimdal',
      'freeIpa',
    ])
    expect(error.hint).toContain("-Add @{'msDS-AllowedToDelegateTo'='HTTP/api.ad.test'}")
  })
})

test.each(['KRB_AP_ERR_MODIFIED', 'KRB_AP_ERR_BADMATCH'] as const)(
  'evidence of no use (%s) has its commands',
  (code) => {
    const hint = explain('S4U2Proxy', code, { evidence: presented }).hint
    expect(hint).toMatch(/setspn -L web[^]*samba-tool spn list web[^]*kadmin.local getprinc web@AD.TEST/)
  },
)

const codes = Object.keys(KRB_ERROR_CODES) as KrbErrorName[]

describe.each(['AS', 'TGS', 'S4U2Self', 'S4U2Proxy'] as const)('every code of a KDC in %s', (step) => {
  test.each([...codes, 'KRB_ERROR_199'])('%s says what is wrong, and what to run', (code) => {
    const errorCode = code === 'KRB_ERROR_199' ? 199 : KRB_ERROR_CODES[code as KrbErrorName]
    const answer = kdcAnswer(
      step,
      'web@AD.TEST',
      'HTTP/api.ad.test',
      { ...errorOf('KDC_ERR_NONE'), errorCode },
      'alice@AD.TEST',
    )
    for (const forwardable of [true, false]) {
      const facts = { evidence: { ...presented, forwardable } }
      const error = step === 'AS' || step === 'TGS' ? explainSignIn(answer) : explainDelegation(answer, facts)
      expect(error).toMatchObject({ code })
      // A sentence, then commands, but where nothing can be done in a directory.
      expect(error.hint).toMatch(WITHOUT_COMMAND.has(code) ? /^.{20,}$/ : /^.{20,}\n {2}Active Directory: .{5,}/)
      if (!WITHOUT_COMMAND.has(code)) expect(error.hint).toMatch(COMMAND)
      expect(error.hint).not.toMatch(/undefined|\.\./)
    }
  })
})

const WITHOUT_COMMAND: ReadonlySet<string> = new Set(['KDC_ERR_WRONG_REALM'])

const COMMAND =
  /\b(setspn|klist|w32tm|certutil|ktpass|samba-tool|[A-Z][a-z]+-(AD[A-Z][a-z]+|WinEvent|Service|NetConnection)) /

describe('a name that somebody chose', () => {
  const forged = "x'; calc\nFORGED LOG LINE@evil.example"

  test.each(['S4U2Self', 'S4U2Proxy'] as const)('is on one line of an error of %s, and in no command', (step) => {
    for (const code of codes)
      for (const forwardable of [true, false]) {
        const error = explain(step, code, { evidence: { ...vouched, forwardable } }, undefined, forged)
        expect(error.message).not.toContain('\n')
        for (const line of (error.hint ?? '').split('\n')) {
          expect(line).not.toMatch(/^FORGED/)
          // Prose may name the user, a command may not.
          const [, ...commands] = line.split(/: (?=\S+ )|\. (?=\S+ )| \| /)
          for (const command of commands.filter((each) => /^(samba-tool|kadmin|setspn|[A-Z][a-z]+-AD)/.test(each)))
            expect(command).not.toContain('calc')
        }
      }
  })

  test('is quoted when it has to be', () => {
    const { hint } = explain('S4U2Proxy', 'KDC_ERR_CLIENT_REVOKED', {}, undefined, "o'brien@AD.TEST")
    expect(hint).toContain("Enable-ADAccount 'o''brien'")
    expect(hint).toContain("samba-tool user enable 'o'\\''brien'")
  })
})

describe('a user', () => {
  test.each([undefined, 'the owner of the certificate'])(
    'of whom no name is known (%s) is left open in commands',
    (user) => {
      for (const step of ['S4U2Self', 'S4U2Proxy'] as const)
        for (const code of codes) {
          const error = errorOf(code)
          const answer = kdcAnswer(step, 'web@AD.TEST', 'HTTP/api.ad.test', error, user)
          const { hint } = explainDelegation(answer, {
            evidence: { ...vouched, forwardable: false },
            mayTransition: true,
          })
          expect(hint).not.toMatch(/'the (user|owner of the certificate)'/)
          if (code === 'KDC_ERR_C_PRINCIPAL_UNKNOWN' && step === 'S4U2Self')
            expect(hint).toMatch(/Get-ADUser -Filter {anr -eq 'USER'}[^]*grep -i USER[^]*listprincs '\*USER\*'/)
          if (code === 'KDC_ERR_BADOPTION' && step === 'S4U2Proxy')
            expect(hint).toMatch(
              /Set-ADAccountControl USER .*off USER|Set-ADAccountControl USER [^]*allow_forwardable USER/,
            )
        }
    },
  )

  test('with an enterprise name is found by it', () => {
    const { hint } = explain('S4U2Self', 'KDC_ERR_CLIENT_REVOKED', {}, undefined, 'bob.builder@corp.example@AD.TEST')
    expect(hint).toContain("Enable-ADAccount (Get-ADUser -Filter {UserPrincipalName -eq 'bob.builder@corp.example'})")
  })

  test('with an enterprise name is found by it as the account that delegates', () => {
    const error = kdcAnswer('S4U2Proxy', 'svc.web@corp.example@AD.TEST', 'HTTP/api', errorOf('KDC_ERR_BADOPTION'))
    const { hint } = explainDelegation(error, { evidence: presented })
    expect(hint).toContain("Get-ADObject -Filter {userPrincipalName -eq 'svc.web@corp.example'}")
  })
})

test('a service that is none cannot ask for others', () => {
  expect(explain('S4U2Self', 'KDC_ERR_S_PRINCIPAL_UNKNOWN')).toMatchObject({ reason: 'not-a-service' })
  expect(explain('S4U2Self', 'KDC_ERR_PADATA_TYPE_NOSUPP')).toMatchObject({ reason: 'not-a-service' })
  expect(explain('S4U2Self', 'KRB_AP_ERR_BADMATCH')).toMatchObject({ reason: 'not-a-service' })
  expect(explain('S4U2Self', 'KDC_ERR_C_PRINCIPAL_UNKNOWN').hint).toMatch(
    /no user alice@AD.TEST[^]*Get-ADUser -Filter {anr -eq 'alice'}/,
  )
})

describe('the NTSTATUS of a refusal', () => {
  test('is found as Active Directory sends it, and as Samba does', () => {
    expect(findNtStatus(errorOf('KDC_ERR_BADOPTION', withStatus(0xc00000bb)))).toBe(0xc00000bb)
    const methods = encode(MethodData, [
      { padataType: 19, padataValue: Uint8Array.of(0x30, 0) },
      { padataType: 3, padataValue: statusOf(0xc0000072) },
    ])
    expect(findNtStatus(errorOf('KDC_ERR_CLIENT_REVOKED', methods))).toBe(0xc0000072)
  })

  test.each([
    undefined,
    new Uint8Array(0),
    Uint8Array.of(0x30, 0x80),
    encode(KerbErrorData, { dataType: 3, dataValue: Uint8Array.of(1) }),
  ])('may be absent, and rubbish is none', (eData) => {
    expect(findNtStatus(errorOf('KDC_ERR_BADOPTION', eData))).toBeUndefined()
  })

  test('has a name, or its number', () => {
    expect(ntStatusName(0xc0000072)).toBe('STATUS_ACCOUNT_DISABLED')
    expect(ntStatusName(0xc0001234)).toBe('0xC0001234')
  })
})

describe('each refusal says in one sentence what is missing, and which settings would supply it', () => {
  const api = 'HTTP/api.ad.test'
  const web = 'web@AD.TEST'
  const user = 'alice@AD.TEST'
  const LISTS = [allowTarget(web, api), allowOnTarget(web, api)]
  const RESTRICTIONS = [clearSensitive(user), leaveProtectedUsers(user)]
  const AGAIN = `, and ${user} must sign in again after the change`
  const NOT_DELEGABLE = `${user} may not be impersonated: the account is sensitive or in Protected Users`
  const NOT_LISTED = `${web} may not delegate to ${api}`
  const UNOPENED = `the KDC cannot open the ticket shown as evidence: it was changed, or issued before the password of ${web} was`
  const NOT_OURS = `the ticket shown as evidence is not one for ${web}`
  const NO_SERVICE = `${web} cannot ask for tickets of other users: it is not a service`
  const RESTRICTED = 0xc000006e
  const dull = (evidence: typeof presented | typeof vouched) => ({ evidence: { ...evidence, forwardable: false } })

  test.each<Refusal>([
    ['S4U2Self', 'KDC_ERR_S_PRINCIPAL_UNKNOWN', {}, undefined, 'not-a-service', NO_SERVICE, [registerSpn(web)]],
    ['S4U2Self', 'KDC_ERR_PADATA_TYPE_NOSUPP', {}, undefined, 'not-a-service', NO_SERVICE, [registerSpn(web)]],
    [
      ...(['S4U2Self', 'KRB_AP_ERR_BADMATCH', {}, undefined, 'not-a-service'] as const),
      `the KDC does not take ${web} for the service that asks`,
      [registerSpn(web)],
    ],
    ['S4U2Proxy', 'KRB_AP_ERR_BADMATCH', {}, undefined, 'evidence-unusable', NOT_OURS, [ownName(web)]],
    ['S4U2Proxy', 'KDC_ERR_SERVER_NOMATCH', {}, undefined, 'evidence-unusable', NOT_OURS, [ownName(web)]],
    ...(['KRB_AP_ERR_MODIFIED', 'KRB_AP_ERR_BAD_INTEGRITY', 'KRB_AP_ERR_BADKEYVER'] as const).map(
      (code) =>
        [
          ...(['S4U2Proxy', code, {}, undefined, 'evidence-unusable', UNOPENED] as const),
          [freshTicket(web, user), ownName(web)],
        ] as const,
    ),
    [
      ...(['S4U2Proxy', 'KDC_ERR_S_PRINCIPAL_UNKNOWN', {}, undefined, 'target-unknown'] as const),
      `no account has the service principal name ${api}`,
      [registerTarget(api)],
    ],
    [
      ...(['S4U2Proxy', 'KDC_ERR_TGT_REVOKED', {}, undefined, 'no-pac'] as const),
      `the KDC wants a PAC in the tickets of ${web} and its users, and there is none`,
      [restorePac(web)],
    ],
    ['S4U2Proxy', 'KDC_ERR_BADOPTION', { evidence: presented }, undefined, 'target-not-allowed', NOT_LISTED, LISTS],
    ['S4U2Proxy', 'KDC_ERR_POLICY', {}, undefined, 'target-not-allowed', NOT_LISTED, LISTS],
    ['S4U2Proxy', 'KDC_ERR_BADOPTION', dull(vouched), 0xc0000225, 'target-not-allowed', NOT_LISTED, LISTS],
    ['S4U2Proxy', 'KDC_ERR_BADOPTION', {}, RESTRICTED, 'user-not-delegable', NOT_DELEGABLE, RESTRICTIONS],
    [
      ...(['S4U2Proxy', 'KDC_ERR_BADOPTION', { evidence: presented }, RESTRICTED, 'user-not-delegable'] as const),
      NOT_DELEGABLE,
      RESTRICTIONS,
    ],
    [
      ...(['S4U2Proxy', 'KDC_ERR_BADOPTION', dull(presented), undefined, 'evidence-not-forwardable'] as const),
      `the ticket that ${user} presented to ${web} cannot be passed on: it is not forwardable`,
      [clearSensitive(user, AGAIN), leaveProtectedUsers(user, AGAIN), askForwardable(user)],
    ],
    [
      ...(['S4U2Proxy', 'KDC_ERR_POLICY', { ...dull(vouched), mayTransition: true }, undefined] as const),
      ...(['user-not-delegable', NOT_DELEGABLE, RESTRICTIONS] as const),
    ],
    [
      ...(['S4U2Proxy', 'KDC_ERR_POLICY', dull(vouched), undefined, 'protocol-transition-not-allowed'] as const),
      `${web} may not act for users who did not present a ticket (protocol transition), or ${user} may not be impersonated at all`,
      [allowTransition(web), ...RESTRICTIONS],
    ],
  ])('%s, %s with %j and NTSTATUS %s: %s', (step, code, facts, status, reason, sentence, settings) => {
    const error = explain(step, code, facts, status)
    if (!(error instanceof DelegationRefusedError)) throw error
    expect(error.reason).toBe(reason)
    expect(error.message.slice(0, error.message.indexOf(` (${step}: `))).toBe(sentence)
    expect(error.settings).toEqual(settings)
  })
})

type Refusal = readonly [
  step: ExchangeStep,
  code: KrbErrorName,
  facts: DelegationFacts,
  status: number | undefined,
  reason: RefusalReason,
  sentence: string,
  settings: readonly DirectorySetting[],
]
