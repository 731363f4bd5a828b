import { addSpn, addSpnUnchecked, edit, type FaultRow, flag } from './fault.js'

/** @param domain `corp.test` */
export const sambaFaults = (domain: string): readonly FaultRow[] => [
  ...spnFaults(domain),
  ...accountFaults(),
  ...delegationFaults(domain),
  ...targetFaults(domain),
  ...userFaults(),
]

/** The service principal name. */
const spnFaults = (domain: string): readonly FaultRow[] => [
  [
    'a service principal name that is not registered',
    {
      break: [`samba-tool spn delete HTTP/web.${domain} svc-web`],
      cause: 'spn-owner',
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      found: /^HTTP\/web\.\S+ is not registered\.$/,
    },
  ],
  [
    'a service principal name on two accounts',
    {
      break: [addSpnUnchecked('svc-none', `HTTP/web.${domain}`, domain)],
      cause: 'spn-owner',
      code: 'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
      found: /is on svc-web, and on svc-none too\.$/,
    },
  ],
  [
    'a service principal name on another account',
    {
      break: [`samba-tool spn delete HTTP/web.${domain} svc-web`, `samba-tool spn add HTTP/web.${domain} svc-none`],
      cause: 'spn-owner',
      code: 'KRB_AP_ERR_MODIFIED',
      found: /is on svc-none, and the keytab is of svc-web\.$/,
      obey: [0, 1],
    },
  ],
  [
    'HOST of a computer that stands for a name that is not registered',
    {
      break: [`samba-tool spn delete HTTP/web.${domain} svc-web`, addSpn('WEB01$', `HOST/web.${domain}`)],
      cause: 'spn-owner',
      code: 'KRB_AP_ERR_MODIFIED',
      found: /is not registered; the KDC takes HOST\/ of WEB01\$ for it/,
      after: [`samba-tool spn delete HOST/web.${domain} 'WEB01$'`],
    },
  ],
]

/** The account of the service. */
const accountFaults = (): readonly FaultRow[] => [
  [
    'an account that is disabled',
    {
      break: ['samba-tool user disable svc-web'],
      cause: 'sign-in',
      code: 'KDC_ERR_CLIENT_REVOKED',
      found: /KDC_ERR_CLIENT_REVOKED/,
    },
  ],
  [
    'an account that has expired',
    {
      break: ['samba-tool user setexpiry svc-web --days=-1'],
      cause: 'sign-in',
      found: /svc-web/,
    },
  ],
  [
    'an account whose password was changed after the keytab was exported',
    {
      break: ['samba-tool user setpassword svc-web --newpassword=pw-other-1'],
      cause: 'sign-in',
      code: 'KDC_ERR_PREAUTH_FAILED',
      found: /KDC_ERR_PREAUTH_FAILED/,
      after: ['samba-tool user setpassword svc-web --newpassword=pw-svc-web'],
    },
  ],
  [
    'an account that is sensitive',
    {
      break: ['samba-tool user sensitive svc-web on'],
      cause: 'tgt-forwardable',
      found: /^The ticket-granting ticket of svc-web\S+ is not forwardable\.$/,
    },
  ],
  [
    'an account whose tickets have no PAC',
    {
      break: [flag('svc-web', '0x2000000')],
      cause: 'account',
      found: /^Tickets for svc-web have no PAC/,
    },
  ],
  [
    'an account that needs no pre-authentication',
    {
      break: [flag('svc-web', '0x400000')],
      cause: 'account',
      status: 'warning',
      found: /^svc-web signs in without pre-authentication\.$/,
    },
  ],
]

/** What the account may do for users. */
const delegationFaults = (domain: string): readonly FaultRow[] => [
  [
    'unconstrained delegation',
    {
      break: ['samba-tool delegation for-any-service svc-web on'],
      cause: 'delegation',
      status: 'warning',
      found: /^svc-web is trusted for delegation to every service \(unconstrained\)\.$/,
    },
  ],
  [
    'Kerberos-only delegation, where the user has no ticket of her own',
    {
      break: ['samba-tool delegation for-any-protocol svc-web off'],
      cause: 'protocol-transition',
      status: 'warning',
      found: /^svc-web may go on with tickets of Kerberos users only\.$/,
    },
  ],
  [
    'a target that is not on the list',
    {
      break: [`samba-tool delegation del-service svc-web HTTP/api.${domain}`],
      cause: 'target-allowed',
      code: 'KDC_ERR_BADOPTION',
      found: /^svc-web may not go on to HTTP\/api\./,
    },
  ],
]

/** The services that it calls. */
const targetFaults = (domain: string): readonly FaultRow[] => [
  [
    'a target that is not registered',
    {
      break: [`samba-tool spn delete HTTP/api.${domain} svc-api`],
      cause: 'target-registered',
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      found: /^HTTP\/api\.\S+ is not registered\.$/,
      known: { ACCOUNT: 'svc-api' },
    },
  ],
  [
    'a target on two accounts',
    {
      break: [addSpnUnchecked('svc-none', `HTTP/api.${domain}`, domain)],
      cause: 'target-registered',
      code: 'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
      found: /^HTTP\/api\.\S+ is on 2 accounts: /,
      obey: [],
      after: [`samba-tool spn delete HTTP/api.${domain} svc-none`],
    },
  ],
  [
    'a target whose account is disabled',
    {
      break: ['samba-tool user disable svc-api'],
      cause: 'target-account',
      found: /^svc-api, the account of HTTP\/api\.\S+, is disabled\.$/,
    },
  ],
  [
    'a target with RC4 only',
    {
      break: [edit('svc-api', 's/^msDS-SupportedEncryptionTypes: .*/msDS-SupportedEncryptionTypes: 4/')],
      cause: 'target-account',
      code: 'KDC_ERR_ETYPE_NOSUPP',
      found: /may have RC4 tickets only\.$/,
      after: [edit('svc-api', 's/^msDS-SupportedEncryptionTypes: .*/msDS-SupportedEncryptionTypes: 28/')],
    },
  ],
]

/** The user in whose name it acts. */
const userFaults = (): readonly FaultRow[] => [
  [
    'a user who is sensitive',
    {
      break: ['samba-tool user sensitive alice on'],
      cause: 'user',
      found: /^alice is marked "sensitive and cannot be delegated"\.$/,
    },
  ],
  [
    'a user in Protected Users',
    {
      break: ["samba-tool group addmembers 'Protected Users' alice"],
      cause: 'user',
      found: /^alice is in Protected Users\.$/,
    },
  ],
  [
    'a user who is disabled',
    { break: ['samba-tool user disable alice'], cause: 'user', found: /^alice is disabled\.$/ },
  ],
  [
    'a user who has expired',
    { break: ['samba-tool user setexpiry alice --days=-1'], cause: 'user', found: /^alice has expired\.$/ },
  ],
  [
    'a user who is not there',
    {
      options: () => ({ as: 'nobody' }),
      cause: 'user',
      found: /^The directory has no user nobody\.$/,
      obey: [],
    },
  ],
  [
    'a user of a realm that nobody trusts',
    {
      options: () => ({ as: 'alice@NOWHERE.TEST' }),
      cause: 'user-realm',
      found: /CORP\.TEST has no path to NOWHERE\.TEST\.$/,
      obey: [],
    },
  ],
]
