import type { FaultRow } from './fault.js'

const WEB = 'HTTP/web.east.test@EAST.TEST'
const modify = (what: string, name = WEB): string => `kadmin.local modprinc ${what} ${name}`

/** The service of a KDC that no directory tells of: what is known is what the KDC says. */
export const mitFaults: readonly FaultRow[] = [
  [
    'a principal that is disabled',
    {
      break: [modify('-allow_tix')],
      cause: 'sign-in',
      code: 'KDC_ERR_CLIENT_REVOKED',
      found: /KDC_ERR_CLIENT_REVOKED/,
    },
  ],
  [
    'a principal that has expired',
    {
      break: [modify('-expire "2020-01-01 00:00:00 UTC"')],
      cause: 'sign-in',
      code: 'KDC_ERR_NAME_EXP',
      found: /KDC_ERR_NAME_EXP/,
    },
  ],
  [
    'a principal whose password has expired',
    {
      break: [modify('-pwexpire "2020-01-01 00:00:00 UTC"')],
      cause: 'sign-in',
      code: 'KDC_ERR_KEY_EXPIRED',
      found: /KDC_ERR_KEY_EXPIRED/,
    },
  ],
  [
    'a principal that may have no forwardable tickets',
    { break: [modify('-allow_forwardable')], cause: 'tgt-forwardable', found: /is not forwardable\.$/ },
  ],
  [
    'a principal that is no service',
    {
      break: [modify('-allow_svr')],
      cause: 'spn-registered',
      code: 'KDC_ERR_MUST_USE_USER2USER',
      found: /KDC_ERR_MUST_USE_USER2USER/,
    },
  ],
  [
    'a service that is not there',
    {
      options: () => ({ service: 'HTTP/gone.east.test' }),
      cause: 'keytab-service',
      found: /, and none of HTTP\/gone\.east\.test\.$/,
      obey: [],
    },
  ],
  [
    'a principal that may not vouch for users',
    {
      break: [modify('-ok_to_auth_as_delegate')],
      cause: 's4u2proxy',
      status: 'warning',
      code: 'KDC_ERR_BADOPTION',
      found: /HTTP\/api\.east\.test/,
      obey: [],
      after: [modify('+ok_to_auth_as_delegate')],
    },
  ],
  [
    'a target that is not on the list',
    {
      options: () => ({ to: ['HTTP/vault.east.test'] }),
      cause: 's4u2proxy',
      code: 'KDC_ERR_BADOPTION',
      found: /HTTP\/vault\.east\.test/,
      obey: [],
    },
  ],
  [
    'a target that is not there',
    {
      options: () => ({ to: ['HTTP/gone.east.test'] }),
      cause: 's4u2proxy',
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      found: /HTTP\/gone\.east\.test/,
      obey: [],
    },
  ],
  [
    'a user who may have no forwardable tickets',
    {
      options: () => ({ as: 'sensitive' }),
      cause: 's4u2proxy',
      // The KDC of MIT answers as it does where the service may not vouch for users.
      status: 'warning',
      code: 'KDC_ERR_BADOPTION',
      found: /sensitive/,
      obey: [],
    },
  ],
  [
    'a user who is disabled',
    {
      options: () => ({ as: 'locked' }),
      cause: 's4u2self',
      code: 'KDC_ERR_CLIENT_REVOKED',
      found: /KDC_ERR_CLIENT_REVOKED/,
      obey: [],
    },
  ],
  ['a user who is not there', { options: () => ({ as: 'nobody' }), cause: 's4u2self', found: /nobody/, obey: [] }],
]
