import {
  createKdcClient,
  type EvidenceTicket,
  evidenceFromS4u2self,
  isForwardable,
  type KdcClient,
  type KdcClientOptions,
} from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import type { RealmKey } from '../realms/addresses.js'
import { realmOf } from '../realms/clients.js'
import type { RealmInfo, RealmsInfo } from '../realms/realm-info.js'
import { describeRealms } from '../realms/suite.js'

/** What a refusal must be, and what it must tell people to do. */
interface Expected {
  readonly code: string
  readonly reason?: string
  readonly ntStatus?: string
  readonly hint: RegExp
}

type Row = readonly [what: string, attempt: (at: Place) => Promise<unknown>, expected: Expected]

const signInRows: Partial<Record<RealmKey, readonly Row[]>> = {
  CORP: [
    [
      'a wrong password',
      (at) => at.signIn('alice', 'wrong'),
      { code: 'KDC_ERR_PREAUTH_FAILED', hint: /Wrong password/ },
    ],
    [
      'an unknown client',
      (at) => at.signIn('nobody'),
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no account nobody/ },
    ],
    [
      'an SPN as client',
      (at) => at.signIn('HTTP/web.corp.test'),
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /by its account name/ },
    ],
    [
      'a realm that is not there',
      (at) => at.signIn('alice@NOWHERE.TEST'),
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no account/ },
    ],
    [
      'a disabled account',
      (at) => at.signIn('erin'),
      {
        code: 'KDC_ERR_CLIENT_REVOKED',
        ntStatus: 'STATUS_ACCOUNT_DISABLED',
        hint: /is disabled.*Enable-ADAccount erin/,
      },
    ],
    [
      'a locked account',
      (at) => at.signIn('hank'),
      { code: 'KDC_ERR_CLIENT_REVOKED', hint: /locked out.*Unlock-ADAccount hank/ },
    ],
    [
      'an expired account',
      (at) => at.signIn('gina'),
      {
        code: 'KDC_ERR_CLIENT_REVOKED',
        ntStatus: 'STATUS_ACCOUNT_EXPIRED',
        hint: /has expired.*Clear-ADAccountExpiration gina/,
      },
    ],
    [
      'a password that must be changed',
      (at) => at.signIn('frank'),
      { code: 'KDC_ERR_KEY_EXPIRED', ntStatus: 'STATUS_PASSWORD_MUST_CHANGE', hint: /must be changed/ },
    ],
    [
      'a user without logon hours',
      (at) => at.signIn('ivy'),
      { code: 'KDC_ERR_CLIENT_REVOKED', ntStatus: 'STATUS_INVALID_LOGON_HOURS', hint: /at this hour/ },
    ],
    [
      'RC4 for a member of Protected Users',
      (at) => at.signIn('dave', undefined, [23]),
      { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /encryption type/ },
    ],
    [
      'encryption types that the KDC does not know',
      (at) => at.signIn('alice', undefined, [20, 19]),
      { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /encryption type/ },
    ],
    [
      'an unknown service',
      (at) => at.client('web').ticketFor('HTTP/nobody.corp.test'),
      { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', hint: /setspn -Q HTTP\/nobody/ },
    ],
    [
      'an RC4-only service',
      (at) => at.client('web').ticketFor(at.spn('rc4')),
      { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /msDS-SupportedEncryptionTypes/ },
    ],
  ],
  EAST: [
    [
      'a wrong password',
      (at) => at.signIn('alice', 'wrong'),
      { code: 'KDC_ERR_PREAUTH_FAILED', hint: /Wrong password/ },
    ],
    [
      'an unknown client',
      (at) => at.signIn('nobody'),
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /kadmin getprinc nobody/ },
    ],
    ['a disabled account', (at) => at.signIn('locked'), { code: 'KDC_ERR_CLIENT_REVOKED', hint: /\+allow_tix locked/ }],
    ['an expired account', (at) => at.signIn('expired'), { code: 'KDC_ERR_NAME_EXP', hint: /-expire never expired/ }],
    ['an expired password', (at) => at.signIn('stale'), { code: 'KDC_ERR_KEY_EXPIRED', hint: /kadmin cpw stale/ }],
    [
      'an unknown service',
      (at) => at.client('web').ticketFor('HTTP/nobody.east.test'),
      { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', hint: /addprinc/ },
    ],
  ],
  NORTH: [
    [
      'a wrong password',
      (at) => at.signIn('alice', 'wrong'),
      { code: 'KDC_ERR_PREAUTH_FAILED', hint: /Wrong password/ },
    ],
    ['an unknown client', (at) => at.signIn('nobody'), { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no account/ }],
    ['a disabled account', (at) => at.signIn('locked'), { code: 'KDC_ERR_POLICY', hint: /is disabled/ }],
    ['an expired account', (at) => at.signIn('expired'), { code: 'KDC_ERR_NAME_EXP', hint: /has expired/ }],
    ['an expired password', (at) => at.signIn('stale'), { code: 'KDC_ERR_KEY_EXPIRED', hint: /password/ }],
  ],
}

const BADOPTION = { code: 'KDC_ERR_BADOPTION' }
const listHint = /msDS-AllowedToDelegateTo[^]*samba-tool delegation add-service[^]*krbAllowedToDelegateTo/
const transitionHint =
  /TRUSTED_TO_AUTH_FOR_DELEGATION[^]*samba-tool delegation for-any-protocol[^]*ok_to_auth_as_delegate/
const userHint = /NOT_DELEGATED[^]*samba-tool user sensitive[^]*allow_forwardable/

const delegationRows: Partial<Record<RealmKey, readonly Row[]>> = {
  CORP: [
    [
      'S4U2Self for an unknown user',
      (at) => at.client('web').s4u2self('nobody'),
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no user nobody/ },
    ],
    [
      'S4U2Self for a disabled user',
      (at) => at.client('web').s4u2self('erin'),
      { code: 'KDC_ERR_POLICY', hint: /erin@CORP.TEST is disabled/ },
    ],
    [
      'S4U2Self for a locked user',
      (at) => at.client('web').s4u2self('hank'),
      { code: 'KDC_ERR_CLIENT_REVOKED', hint: /hank@CORP.TEST.*locked out/ },
    ],
    [
      'S4U2Self for an expired user',
      (at) => at.client('web').s4u2self('gina'),
      { code: 'KDC_ERR_NAME_EXP', hint: /gina@CORP.TEST has expired/ },
    ],
    [
      'S4U2Self by who is no service',
      (at) => at.user('alice').s4u2self('bob'),
      { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'not-a-service', hint: /setspn -S/ },
    ],
    [
      'a target that is not listed',
      (at) => at.vouch('web', 'bob', 'vault'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
    ],
    [
      'a target that is not listed, by a presented ticket',
      (at) => at.present('kcd', 'bob', 'vault'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
    ],
    [
      'a service without a list',
      (at) => at.present('none', 'bob', 'api'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
    ],
    [
      'no protocol transition',
      (at) => at.vouch('kcd', 'bob', 'api'),
      { ...BADOPTION, reason: 'protocol-transition-not-allowed', hint: transitionHint },
    ],
    [
      'a sensitive user',
      (at) => at.vouch('web', 'carol', 'api', 'bob'),
      { ...BADOPTION, reason: 'user-not-delegable', hint: userHint },
    ],
    [
      'a sensitive user’s own ticket',
      (at) => at.present('kcd', 'carol', 'api'),
      { ...BADOPTION, reason: 'evidence-not-forwardable', hint: userHint },
    ],
    [
      'a ticket of a member of Protected Users',
      (at) => at.present('kcd', 'dave', 'api'),
      { ...BADOPTION, reason: 'evidence-not-forwardable', hint: userHint },
    ],
    [
      'a user who must change the password',
      (at) => at.vouch('web', 'frank', 'api'),
      { code: 'KDC_ERR_KEY_EXPIRED', hint: /frank@CORP.TEST has expired or must be changed/ },
    ],
    [
      'an unknown target',
      (at) => at.vouch('web', 'bob', 'HTTP/nobody.corp.test'),
      { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'target-unknown', hint: /setspn -S HTTP\/nobody.corp.test/ },
    ],
    [
      'evidence that was changed',
      (at) => at.present('kcd', 'bob', 'api', { tamper: true }),
      { code: 'KRB_AP_ERR_BAD_INTEGRITY', reason: 'evidence-unusable', hint: /^$/ },
    ],
    [
      'evidence for another service',
      (at) => at.present('kcd', 'bob', 'api', { shownBy: 'web' }),
      { code: 'KRB_AP_ERR_BAD_INTEGRITY', reason: 'evidence-unusable', hint: /^$/ },
    ],
    [
      'evidence without a PAC',
      (at) => at.present('kcd', 'bob', 'api', { pac: false }),
      { code: 'KDC_ERR_TGT_REVOKED', reason: 'no-pac', hint: /NO_AUTH_DATA_REQUIRED/ },
    ],
    [
      'AES only, to a service with RC4',
      (at) => at.vouch('web', 'bob', 'rc4'),
      { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /msDS-SupportedEncryptionTypes/ },
    ],
    [
      'krbtgt as target',
      (at) => at.vouch('web', 'bob', 'krbtgt/CORP.TEST'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
    ],
  ],
  EAST: [
    [
      'S4U2Self for an unknown user',
      (at) => at.client('web').s4u2self('nobody'),
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no user nobody/ },
    ],
    [
      'S4U2Self for a disabled user',
      (at) => at.client('web').s4u2self('locked'),
      { code: 'KDC_ERR_CLIENT_REVOKED', hint: /locked@EAST.TEST is disabled.*\+allow_tix locked/ },
    ],
    [
      'S4U2Self for an expired user',
      (at) => at.client('web').s4u2self('expired'),
      { code: 'KDC_ERR_NAME_EXP', hint: /expired@EAST.TEST has expired/ },
    ],
    [
      'a target that is not listed',
      (at) => at.vouch('web', 'bob', 'vault'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
    ],
    [
      'a service without a list',
      (at) => at.vouch('none', 'bob', 'api'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
    ],
    [
      'no protocol transition',
      (at) => at.vouch('kcd', 'bob', 'api'),
      { ...BADOPTION, reason: 'protocol-transition-not-allowed', hint: transitionHint },
    ],
    [
      'a sensitive user',
      (at) => at.vouch('web', 'sensitive', 'api', 'bob'),
      { ...BADOPTION, reason: 'user-not-delegable', hint: userHint },
    ],
    [
      'a sensitive user’s own ticket',
      (at) => at.present('kcd', 'sensitive', 'api'),
      { ...BADOPTION, reason: 'evidence-not-forwardable', hint: userHint },
    ],
    [
      'an unknown target',
      (at) => at.vouch('web', 'bob', 'HTTP/nobody.east.test'),
      { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'target-unknown', hint: /addprinc/ },
    ],
  ],
  PLAIN: [
    [
      'every S4U2Proxy, since DB2 has no lists',
      (at) => at.vouch('web', 'bob', 'api'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: /DB2 has no delegation lists/ },
    ],
    [
      'a presented ticket, too',
      (at) => at.present('kcd', 'bob', 'api'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: /DB2 has no delegation lists/ },
    ],
  ],
  NORTH: [
    [
      'S4U2Self for an unknown user',
      (at) => at.client('web').s4u2self('nobody'),
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no user nobody/ },
    ],
    [
      'S4U2Self for a disabled user',
      (at) => at.client('web').s4u2self('locked'),
      { code: 'KDC_ERR_POLICY', hint: /locked@NORTH.TEST is disabled/ },
    ],
    [
      'S4U2Self for an expired user',
      (at) => at.client('web').s4u2self('expired'),
      { code: 'KDC_ERR_NAME_EXP', hint: /expired@NORTH.TEST has expired/ },
    ],
    [
      'a target that is not listed',
      (at) => at.vouch('web', 'bob', 'vault'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
    ],
    [
      'no protocol transition',
      (at) => at.vouch('kcd', 'bob', 'api'),
      { ...BADOPTION, reason: 'protocol-transition-not-allowed', hint: transitionHint },
    ],
    [
      'a presented ticket, which this KDC never takes',
      (at) => at.present('kcd', 'bob', 'api'),
      { ...BADOPTION, reason: 'target-not-allowed', hint: listHint },
    ],
    [
      'an unknown target',
      (at) => at.vouch('web', 'bob', 'HTTP/nobody.north.test'),
      { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', reason: 'target-unknown', hint: /kadmin addprinc/ },
    ],
  ],
}

for (const key of ['CORP', 'EAST', 'PLAIN', 'NORTH'] as const) {
  await describeRealms(`what ${key} refuses is explained`, [key], (info) => {
    const at = new Place(info, key)
    for (const [what, attempt, expected] of [...(signInRows[key] ?? []), ...(delegationRows[key] ?? [])])
      test(what, () => expectRefusal(attempt(at), expected))
  })
}

/** A realm, and what can be tried there. */
class Place {
  private readonly realm: RealmInfo
  private readonly kdc: string

  constructor(info: RealmsInfo, key: RealmKey) {
    this.realm = realmOf(info, key)
    this.kdc = `${this.realm.kdc.host}:${this.realm.kdc.port}`
  }

  spn(nameOrSpn: string): string {
    return this.realm.services[nameOrSpn]?.spn ?? nameOrSpn
  }

  client(service: string, options: Partial<KdcClientOptions> = {}): KdcClient {
    const { keytab } = this.realm.services[service]
    return createKdcClient({ kdc: this.kdc, credentials: { keytab }, ...options })
  }

  user(name: string, options: Partial<KdcClientOptions> = {}): KdcClient {
    const { principal, password } = this.realm.users[name]
    return createKdcClient({ kdc: this.kdc, credentials: { principal, password }, ...options })
  }

  signIn(name: string, password?: string, encryptionTypes?: readonly number[]): Promise<unknown> {
    const principal = name.includes('@') ? name : `${name}@${this.realm.name}`
    const known = password ?? this.realm.users[name]?.password ?? 'whatever'
    const client = createKdcClient({ kdc: this.kdc, encryptionTypes, credentials: { principal, password: known } })
    return client.ticketFor(this.spn('api'))
  }

  /** Protocol transition, then delegation. `before` is a user for whom it has gone well. */
  async vouch(service: string, user: string, target: string, before?: string): Promise<unknown> {
    const client = this.client(service)
    if (before) await client.s4u2self(before)
    return client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self(user)), this.spn(target))
  }

  /** Delegation with a ticket that the user got with a password. */
  async present(
    service: string,
    user: string,
    target: string,
    { tamper = false, pac = true, shownBy = service } = {},
  ): Promise<unknown> {
    const ticket = await this.user(user, { pac }).ticketFor(this.spn(service))
    const { client, expiresAt } = ticket
    const cipher = ticket.ticket.encPart.cipher.slice()
    if (tamper) cipher[50] ^= 1
    const evidence: EvidenceTicket = {
      client,
      ticket: { ...ticket.ticket, encPart: { ...ticket.ticket.encPart, cipher } },
      forwardable: isForwardable(ticket),
      expiresAt,
      origin: 'presented',
    }
    return this.client(shownBy).s4u2proxy(evidence, this.spn(target))
  }
}

async function expectRefusal(attempt: Promise<unknown>, { hint, ntStatus, ...expected }: Expected): Promise<void> {
  const error = await attempt.then(
    () => new Error('it was granted'),
    (error: Error & { hint?: string; answer?: unknown }) => error,
  )
  expect(error).toMatchObject(expected)
  expect('hint' in error ? error.hint : undefined).toMatch(hint)
  if (ntStatus !== undefined) expect(error).toMatchObject({ answer: { ntStatus } })
  expect(error.message).not.toMatch(/\n/)
}
