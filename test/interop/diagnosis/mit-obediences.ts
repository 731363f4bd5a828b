import { BADOPTION } from './hints.js'
import type { ObedienceRow } from './obeying.js'

export const mitObediences: readonly ObedienceRow[] = [
  [
    'a disabled account',
    {
      attempt: (at) => at.signIn('locked'),
      code: 'KDC_ERR_CLIENT_REVOKED',
      after: ['kadmin.local modprinc -allow_tix locked@EAST.TEST'],
    },
  ],
  [
    'S4U2Self for a disabled user',
    {
      attempt: (at) => at.client('web').s4u2self('locked'),
      code: 'KDC_ERR_CLIENT_REVOKED',
      after: ['kadmin.local modprinc -allow_tix locked@EAST.TEST'],
    },
  ],
  [
    'an expired account',
    {
      attempt: (at) => at.signIn('expired'),
      code: 'KDC_ERR_NAME_EXP',
      after: ['kadmin.local modprinc -expire "2020-01-01 00:00:00 UTC" expired@EAST.TEST'],
    },
  ],
  [
    'an expired password',
    {
      attempt: (at) => at.signIn('stale'),
      code: 'KDC_ERR_KEY_EXPIRED',
      after: ['kadmin.local modprinc -pwexpire "2020-01-01 00:00:00 UTC" stale@EAST.TEST'],
    },
  ],
  [
    'an unknown service',
    {
      attempt: (at) => at.user('bob').ticketFor('HTTP/nobody.east.test@EAST.TEST'),
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      after: ['kadmin.local delprinc -force HTTP/nobody.east.test@EAST.TEST'],
    },
  ],
  [
    'a service to which no tickets are issued',
    {
      attempt: (at) => at.client('web').ticketFor(at.spn('nosvr')),
      code: 'KDC_ERR_MUST_USE_USER2USER',
      after: ['kadmin.local modprinc -allow_svr HTTP/nosvr.east.test@EAST.TEST'],
    },
  ],
  [
    'a sensitive user',
    {
      attempt: (at) => at.vouch('web', 'sensitive', 'api', { before: 'bob' }),
      ...BADOPTION,
      reason: 'user-not-delegable',
      after: ['kadmin.local modprinc -allow_forwardable sensitive@EAST.TEST'],
    },
  ],
  [
    'a sensitive user’s own ticket',
    {
      attempt: (at) => at.present('kcd', 'sensitive', 'api'),
      ...BADOPTION,
      reason: 'evidence-not-forwardable',
      after: ['kadmin.local modprinc -allow_forwardable sensitive@EAST.TEST'],
    },
  ],
  [
    'no protocol transition',
    {
      attempt: (at) => at.vouch('kcd', 'bob', 'api'),
      ...BADOPTION,
      reason: 'protocol-transition-not-allowed',
      after: ['kadmin.local modprinc -ok_to_auth_as_delegate HTTP/kcd.east.test@EAST.TEST'],
    },
  ],
  [
    'a service whose own account may have no forwardable tickets',
    {
      before: ['kadmin.local modprinc -allow_forwardable HTTP/web.east.test@EAST.TEST'],
      attempt: (at) => at.vouch('web', 'bob', 'api'),
      ...BADOPTION,
      reason: 'service-not-delegable',
      says: /^userAccountControl of HTTP\/web.east.test@EAST.TEST must not have NOT_DELEGATED/,
      after: ['kadmin.local modprinc +allow_forwardable HTTP/web.east.test@EAST.TEST'],
    },
  ],
  [
    'a service whose tickets have no PAC',
    {
      attempt: (at) => at.present('nopac', 'bob', 'api'),
      code: 'KRB_AP_ERR_MODIFIED',
      reason: 'no-pac',
      after: ['kadmin.local modprinc +no_auth_data_required HTTP/nopac.east.test@EAST.TEST'],
    },
  ],
  [
    'a service that wants clients to have pre-authenticated',
    {
      before: ['kadmin.local modprinc +requires_preauth HTTP/vault.east.test@EAST.TEST'],
      attempt: (at) => at.client('web').ticketFor(at.spn('vault')),
      code: 'KRB_ERR_GENERIC',
      says: /^HTTP\/vault.east.test takes only tickets of clients that have pre-authenticated/,
      after: [
        'kadmin.local modprinc -requires_preauth HTTP/vault.east.test@EAST.TEST',
        'kadmin.local modprinc -requires_preauth HTTP/web.east.test@EAST.TEST',
      ],
    },
  ],
  [
    'a client that offers an encryption type of which the KDC has no key of its own',
    {
      attempt: (at) => at.signIn('bob', undefined, [26]),
      code: 'KDC_ERR_ETYPE_NOSUPP',
      says: /^This client offers camellia256-cts-cmac alone. Leave encryptionTypes out/,
      obey: [],
      again: (at) => at.signIn('bob'),
      after: [],
    },
  ],
]
