import { Key, type Ticket } from '@s4u/krb5'
import type { RealmKey } from '../../realms/addresses.js'
import type { Row } from './refusal.js'

/** What KDCs refuse at sign-in, and when a service asks for itself. */
export const signInRows: Partial<Record<RealmKey, readonly Row[]>> = {
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
        hint: /is disabled[^]*Enable-ADAccount erin/,
      },
    ],
    [
      'a locked account',
      (at) => at.signIn('hank'),
      { code: 'KDC_ERR_CLIENT_REVOKED', hint: /locked out[^]*Unlock-ADAccount hank/ },
    ],
    [
      'an expired account',
      (at) => at.signIn('gina'),
      {
        code: 'KDC_ERR_CLIENT_REVOKED',
        ntStatus: 'STATUS_ACCOUNT_EXPIRED',
        hint: /has expired[^]*Clear-ADAccountExpiration gina/,
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
      { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /^This client offers rc4-hmac alone[^]*18, 17/ },
    ],
    [
      'encryption types that the KDC does not know',
      (at) => at.signIn('alice', undefined, [20, 19]),
      {
        code: 'KDC_ERR_ETYPE_NOSUPP',
        hint: /^This client offers aes256-cts-hmac-sha384-192, aes128-cts-hmac-sha256-128 alone[^]*neither SHA-2/,
      },
    ],
    [
      'an unknown service',
      (at) => at.client('web').ticketFor('HTTP/nobody.corp.test'),
      { code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', hint: /setspn -S HTTP\/nobody.corp.test ACCOUNT/ },
    ],
    [
      'an RC4-only service',
      (at) => at.client('web').ticketFor(at.spn('rc4')),
      { code: 'KDC_ERR_ETYPE_NOSUPP', hint: /msDS-SupportedEncryptionTypes/ },
    ],
    [
      'a user of a trusted forest by a plain name',
      (at) => at.signIn('oscar', 'pw-oscar'),
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /no account oscar/ },
    ],
    [
      'a forwarded ticket-granting ticket for a sensitive user',
      (at) => at.user('carol').tgtToForward(),
      {
        code: 'KDC_ERR_BADOPTION',
        hint: /sensitive[^]*Set-ADAccountControl carol[^]*samba-tool user sensitive carol off/,
      },
    ],
    [
      'a ticket-granting ticket that has ended',
      (at) => at.ended('alice'),
      { code: 'KRB_AP_ERR_TKT_EXPIRED', hint: /has expired[^]*klist purge/ },
    ],
    [
      'a ticket-granting ticket that was changed',
      (at) => at.forwarded('alice', ({ ticket }) => ({ ticket: flipped(ticket) })),
      { code: 'KRB_AP_ERR_BAD_INTEGRITY', hint: /could not open[^]*klist purge/ },
    ],
    [
      'a ticket-granting ticket of a key that is gone',
      (at) =>
        at.forwarded('alice', ({ ticket }) => ({ ticket: { ...ticket, encPart: { ...ticket.encPart, kvno: 77 } } })),
      { code: 'KRB_AP_ERR_BADKEYVER', hint: /version of the key[^]*klist purge/ },
    ],
    [
      'a session key that is another ticket’s',
      (at) => at.forwarded('alice', ({ sessionKey }) => ({ sessionKey: Key.random(sessionKey.etype) })),
      { code: 'KRB_AP_ERR_BAD_INTEGRITY', hint: /could not open[^]*klist purge/ },
    ],
    [
      'a clock that is seven minutes off',
      (at) => at.forwarded('alice', undefined, { now: () => Date.now() + 420_000 }),
      { code: 'KRB_AP_ERR_SKEW', hint: /the KDC says that it is 20[^]*w32tm/ },
    ],
    [
      'a ticket that should end before it begins',
      (at) => at.forwarded('alice', () => ({ expiresAt: Date.now() - 3_600_000 })),
      { code: 'KDC_ERR_NEVER_VALID', hint: /would end before it begins[^]*w32tm/ },
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
      { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', hint: /kadmin.local listprincs '\*nobody\*'/ },
    ],
    ['a disabled account', (at) => at.signIn('locked'), { code: 'KDC_ERR_CLIENT_REVOKED', hint: /\+allow_tix locked/ }],
    ['an expired account', (at) => at.signIn('expired'), { code: 'KDC_ERR_NAME_EXP', hint: /-expire never expired/ }],
    [
      'an expired password',
      (at) => at.signIn('stale'),
      { code: 'KDC_ERR_KEY_EXPIRED', hint: /modprinc -pwexpire never stale@EAST.TEST/ },
    ],
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

function flipped(ticket: Ticket): Ticket {
  const cipher = ticket.encPart.cipher.slice()
  cipher[50] ^= 1
  return { ...ticket, encPart: { ...ticket.encPart, cipher } }
}
