import type { ObedienceRow } from './obeying.js'
import { BADOPTION } from './hints.js'

const set = (name: string, perl: string): string =>
  `ldbedit -H /var/lib/samba/private/sam.ldb -e "perl -pi -e '${perl}'" '(sAMAccountName=${name})'`

const refusedWhileSensitive = {
  ...BADOPTION,
  after: ['samba-tool user sensitive carol on'],
}

/** @param domain `corp.test` */
export const sambaObediences = (domain: string, realm = domain.toUpperCase()): readonly ObedienceRow[] => [
  ...accountObediences(domain),
  ...userObediences(realm),
  ...serviceObediences(domain, realm),
]

/** Accounts that cannot be used, and names that nobody has. */
const accountObediences = (domain: string): readonly ObedienceRow[] => [
  [
    'a disabled account',
    {
      attempt: (at) => at.signIn('erin'),
      code: 'KDC_ERR_CLIENT_REVOKED',
      after: ['samba-tool user disable erin'],
    },
  ],
  [
    'S4U2Self for a disabled user',
    {
      attempt: (at) => at.client('web').s4u2self('erin'),
      code: 'KDC_ERR_POLICY',
      after: ['samba-tool user disable erin'],
    },
  ],
  [
    'an expired account',
    {
      attempt: (at) => at.signIn('gina'),
      code: 'KDC_ERR_CLIENT_REVOKED',
      after: ['samba-tool user setexpiry gina --days=-1'],
    },
  ],
  [
    'a password that must be changed',
    {
      attempt: (at) => at.signIn('frank'),
      code: 'KDC_ERR_KEY_EXPIRED',
      input: 'pw-frank\npw-frank\n',
      after: ['samba-tool user setpassword frank --newpassword=pw-frank --must-change-at-next-login'],
    },
  ],
  [
    'an unknown service',
    {
      attempt: (at) => at.client('web').ticketFor(`HTTP/nobody.${domain}`),
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      known: { ACCOUNT: 'svc-none' },
      after: [`samba-tool spn delete HTTP/nobody.${domain} svc-none`],
    },
  ],
  [
    'an unknown target',
    {
      attempt: (at) => at.vouch('web', 'bob', `HTTP/nobody.${domain}`),
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      reason: 'target-unknown',
      known: { ACCOUNT: 'svc-none' },
      again: (at) => at.client('web').ticketFor(`HTTP/nobody.${domain}`),
      after: [`samba-tool spn delete HTTP/nobody.${domain} svc-none`],
    },
  ],
]

/** Users who are not delegated. */
const userObediences = (realm: string): readonly ObedienceRow[] => [
  [
    'a sensitive user',
    {
      attempt: (at) => at.vouch('web', 'carol', 'api'),
      reason: 'user-not-delegable',
      says: new RegExp(`^userAccountControl of carol@${realm} must not have NOT_DELEGATED`),
      ...refusedWhileSensitive,
    },
  ],
  [
    'a sensitive user’s own ticket',
    {
      attempt: (at) => at.present('kcd', 'carol', 'api'),
      reason: 'evidence-not-forwardable',
      says: new RegExp(`^userAccountControl of carol@${realm} must not have NOT_DELEGATED.*sign in again`),
      ...refusedWhileSensitive,
    },
  ],
  [
    'a ticket of a member of Protected Users',
    {
      attempt: (at) => at.present('kcd', 'dave', 'api'),
      ...BADOPTION,
      reason: 'evidence-not-forwardable',
      says: new RegExp(`^dave@${realm} must not be in the group Protected Users.*sign in again`),
      after: ["samba-tool group addmembers 'Protected Users' dave"],
    },
  ],
  [
    'a ticket that was not asked for as forwardable',
    {
      attempt: (at) => at.presentFromCache('kcd', 'bob', 'api', ['-F']),
      ...BADOPTION,
      reason: 'evidence-not-forwardable',
      says: new RegExp(`^bob@${realm} must ask for a forwardable ticket[^]*kinit -f bob@${realm}`),
      obey: [],
      again: (at) => at.presentFromCache('kcd', 'bob', 'api', ['-f']),
      after: [],
    },
  ],
]

/** Services that may not delegate. */
const serviceObediences = (domain: string, realm: string): readonly ObedienceRow[] => [
  [
    'no protocol transition',
    {
      attempt: (at) => at.vouch('kcd', 'bob', 'api'),
      ...BADOPTION,
      reason: 'protocol-transition-not-allowed',
      says: new RegExp(`^userAccountControl of svc-kcd@${realm} must have TRUSTED_TO_AUTH_FOR_DELEGATION`),
      after: ['samba-tool delegation for-any-protocol svc-kcd off'],
    },
  ],
  [
    'a target that is not listed',
    {
      attempt: (at) => at.vouch('web', 'bob', 'vault'),
      ...BADOPTION,
      reason: 'target-not-allowed',
      after: [`samba-tool delegation del-service svc-web HTTP/vault.${domain}`],
    },
  ],
  [
    'a target that is not listed, by a presented ticket',
    {
      attempt: (at) => at.present('none', 'bob', 'api'),
      ...BADOPTION,
      reason: 'target-not-allowed',
      after: [`samba-tool delegation del-service svc-none HTTP/api.${domain}`],
    },
  ],
  [
    'a service whose own account is sensitive',
    {
      before: ['samba-tool user sensitive svc-web on'],
      attempt: (at) => at.vouch('web', 'bob', 'api'),
      ...BADOPTION,
      reason: 'service-not-delegable',
      says: new RegExp(`^userAccountControl of svc-web@${realm} must not have NOT_DELEGATED`),
      after: [],
    },
  ],
]

/** Those that samba-tool has no commands for. */
export const sambaEditObediences: readonly ObedienceRow[] = [
  [
    'a user without logon hours',
    {
      attempt: (at) => at.signIn('ivy'),
      code: 'KDC_ERR_CLIENT_REVOKED',
      after: [set('ivy', 's/^(sAMAccountName: ivy)/\\$1\\nlogonHours:: AAAAAAAAAAAAAAAAAAAAAAAAAAAA/')],
    },
  ],
  [
    'a service whose tickets have no PAC',
    {
      before: [set('svc-kcd', 's/^(userAccountControl: )(\\d+)/\\$1.(\\$2 | 0x2000000)/e')],
      attempt: (at) => at.present('kcd', 'bob', 'api'),
      code: 'KDC_ERR_TGT_REVOKED',
      reason: 'no-pac',
      after: [],
    },
  ],
  [
    'a service with RC4 only',
    {
      attempt: (at) => at.client('web').ticketFor(at.spn('rc4')),
      code: 'KDC_ERR_ETYPE_NOSUPP',
      after: [set('svc-rc4', 's/^msDS-SupportedEncryptionTypes: .*/msDS-SupportedEncryptionTypes: 4/')],
    },
  ],
]
