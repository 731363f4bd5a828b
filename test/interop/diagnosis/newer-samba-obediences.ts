import { BADOPTION } from './hints.js'
import type { ObedienceRow } from './obeying.js'

const POLICY = { code: 'KDC_ERR_POLICY' }

/** What only the newer Samba has: lists of targets, and authentication policies. */
export const newerSambaObediences: readonly ObedienceRow[] = [
  [
    'a target that does not name the service in its own list',
    {
      attempt: (at) => at.present('counter', 'bob', 'data'),
      ...BADOPTION,
      reason: 'target-not-allowed',
      obey: [1],
      known: { ACCOUNT: 'svc-data' },
      after: ['samba-tool delegation del-principal svc-data svc-counter'],
    },
  ],
  [
    'a delegation that the policy of the target forbids to the service',
    {
      attempt: (at) => at.vouch('broker', 'bob', 'strict'),
      ...POLICY,
      reason: 'refused-by-policy',
      says: /^the authentication policy, or that of the silo, of the account of HTTP\/strict\.newcorp\.test must allow svc-broker@NEWCORP\.TEST and bob@NEWCORP\.TEST/,
      known: { ACCOUNT: 'svc-strict' },
      after: ['samba-tool user auth policy assign svc-strict --policy=payroll'],
    },
  ],
  [
    'a user whom the policy of a service keeps out',
    {
      attempt: (at) => at.user('bob').ticketFor(at.spn('strict')),
      ...POLICY,
      says: /^bob@NEWCORP\.TEST is not allowed to authenticate to HTTP\/strict\.newcorp\.test: an authentication policy/,
      known: { ACCOUNT: 'svc-strict' },
      after: ['samba-tool user auth policy assign svc-strict --policy=payroll'],
    },
  ],
  [
    'a user who by policy signs in from certain devices only',
    {
      attempt: (at) => at.signIn('walter'),
      ...POLICY,
      says: /^walter@NEWCORP\.TEST may not sign in from here: an authentication policy/,
      after: ['samba-tool user auth policy assign walter --policy=desks'],
    },
  ],
]
