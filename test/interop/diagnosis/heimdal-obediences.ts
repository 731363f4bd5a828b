import { BADOPTION } from './hints.js'
import type { ObedienceRow } from './obeying.js'

export const heimdalObediences: readonly ObedienceRow[] = [
  [
    'a disabled account',
    {
      attempt: (at) => at.signIn('locked'),
      code: 'KDC_ERR_POLICY',
      after: ['kadmin -l modify --attributes=requires-pre-auth,disallow-all-tix locked'],
    },
  ],
  [
    'an expired account',
    {
      attempt: (at) => at.signIn('expired'),
      code: 'KDC_ERR_NAME_EXP',
      after: ['kadmin -l modify --expiration-time=2020-01-01 expired'],
    },
  ],
  [
    'an expired password',
    {
      attempt: (at) => at.signIn('stale'),
      code: 'KDC_ERR_KEY_EXPIRED',
      after: ['kadmin -l modify --pw-expiration-time=2020-01-01 stale'],
    },
  ],
  [
    'an unknown service',
    {
      attempt: (at) => at.client('web').ticketFor('HTTP/nobody.north.test@NORTH.TEST'),
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      after: ['kadmin -l delete HTTP/nobody.north.test@NORTH.TEST'],
    },
  ],
  [
    'a sensitive user',
    {
      attempt: (at) => at.vouch('web', 'sensitive', 'api', { before: 'bob' }),
      ...BADOPTION,
      reason: 'user-not-delegable',
      after: ['kadmin -l modify --attributes=requires-pre-auth,disallow-forwardable sensitive'],
    },
  ],
  [
    'no protocol transition',
    {
      attempt: (at) => at.vouch('kcd', 'bob', 'api'),
      ...BADOPTION,
      reason: 'protocol-transition-not-allowed',
      after: ['kadmin -l modify --attributes=-trusted-for-delegation HTTP/kcd.north.test'],
    },
  ],
  [
    'a target that is not listed',
    {
      attempt: (at) => at.vouch('web', 'bob', 'vault'),
      ...BADOPTION,
      reason: 'target-not-allowed',
      after: [
        'kadmin -l modify --constrained-delegation=HTTP/api.north.test@NORTH.TEST --constrained-delegation=HTTP/rc4.north.test@NORTH.TEST HTTP/web.north.test',
      ],
    },
  ],
]
