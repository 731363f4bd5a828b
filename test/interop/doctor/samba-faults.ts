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
      break: [`samba-tool spn delete HTTP/exam.${domain} svc-exam`],
      cause: 'spn-owner',
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      found: /^HTTP\/exam\.\S+ is not registered\.$/,
    },
  ],
  [
    'a service principal name that is registered with a port only',
    {
      break: [
        `samba-tool spn delete HTTP/exam.${domain} svc-exam`,
        `samba-tool spn add HTTP/exam.${domain}:8080 svc-exam`,
      ],
      cause: 'spn-owner',
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      found: /^HTTP\/exam\.\S+ is not registered, but with a port: HTTP\/exam\.\S+:8080\.$/,
      after: [`samba-tool spn delete HTTP/exam.${domain}:8080 svc-exam`],
    },
  ],
  [
    'a service principal name on two accounts',
    {
      break: [addSpnUnchecked('svc-examnone', `HTTP/exam.${domain}`, domain)],
      cause: 'spn-owner',
      code: 'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
      found: /is on svc-exam, and on svc-examnone too\.$/,
    },
  ],
  [
    'a service principal name on another account',
    {
      break: [
        `samba-tool spn delete HTTP/exam.${domain} svc-exam`,
        `samba-tool spn add HTTP/exam.${domain} svc-examnone`,
      ],
      cause: 'spn-owner',
      code: 'KRB_AP_ERR_MODIFIED',
      found: /is on svc-examnone, and the keytab is of svc-exam\.$/,
      obey: [0, 1],
    },
  ],
  [
    'HOST of a computer that stands for a name that is not registered',
    {
      break: [`samba-tool spn delete HTTP/exam.${domain} svc-exam`, addSpn('EXAM01$', `HOST/exam.${domain}`)],
      cause: 'spn-owner',
      code: 'KRB_AP_ERR_MODIFIED',
      found: /is not registered; the KDC takes HOST\/ of EXAM01\$ for it/,
      after: [`samba-tool spn delete HOST/exam.${domain} 'EXAM01$'`],
    },
  ],
]

/** The account of the service. */
const accountFaults = (): readonly FaultRow[] => [
  [
    'an account that is disabled',
    {
      break: ['samba-tool user disable svc-exam'],
      cause: 'sign-in',
      code: 'KDC_ERR_CLIENT_REVOKED',
      found: /KDC_ERR_CLIENT_REVOKED/,
    },
  ],
  [
    'an account that has expired',
    {
      break: ['samba-tool user setexpiry svc-exam --days=-1'],
      cause: 'sign-in',
      found: /svc-exam/,
    },
  ],
  [
    'an account whose password was changed after the keytab was exported',
    {
      break: ['samba-tool user setpassword svc-exam --newpassword=pw-other-1'],
      cause: 'sign-in',
      code: 'KDC_ERR_PREAUTH_FAILED',
      found: /KDC_ERR_PREAUTH_FAILED/,
      remake: true,
    },
  ],
  [
    'an account that is sensitive',
    {
      break: ['samba-tool user sensitive svc-exam on'],
      cause: 'tgt-forwardable',
      found: /^The ticket-granting ticket of svc-exam\S+ is not forwardable\.$/,
    },
  ],
  [
    'an account whose tickets have no PAC',
    {
      break: [flag('svc-exam', '0x2000000')],
      cause: 'account',
      found: /^Tickets for svc-exam have no PAC/,
    },
  ],
  [
    'an account that needs no pre-authentication',
    {
      break: [flag('svc-exam', '0x400000')],
      cause: 'account',
      status: 'warning',
      found: /^svc-exam signs in without pre-authentication\.$/,
    },
  ],
]

/** What the account may do for users. */
const delegationFaults = (domain: string): readonly FaultRow[] => [
  [
    'unconstrained delegation',
    {
      break: ['samba-tool delegation for-any-service svc-exam on'],
      cause: 'delegation',
      status: 'warning',
      found: /^svc-exam is trusted for delegation to every service \(unconstrained\)\.$/,
    },
  ],
  [
    'Kerberos-only delegation, where the user has no ticket of her own',
    {
      break: ['samba-tool delegation for-any-protocol svc-exam off'],
      cause: 'protocol-transition',
      status: 'warning',
      found: /^svc-exam may go on with tickets of Kerberos users only\.$/,
    },
  ],
  [
    'a target that is not on the list',
    {
      break: [`samba-tool delegation del-service svc-exam HTTP/examapi.${domain}`],
      cause: 'target-allowed',
      code: 'KDC_ERR_BADOPTION',
      found: /^svc-exam may not go on to HTTP\/examapi\./,
    },
  ],
]

/** The services that it calls. */
const targetFaults = (domain: string): readonly FaultRow[] => [
  [
    'a target that is not registered',
    {
      break: [`samba-tool spn delete HTTP/examapi.${domain} svc-examapi`],
      cause: 'target-registered',
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
      found: /^HTTP\/examapi\.\S+ is not registered\.$/,
      known: { ACCOUNT: 'svc-examapi' },
    },
  ],
  [
    'a target on two accounts',
    {
      break: [addSpnUnchecked('svc-examnone', `HTTP/examapi.${domain}`, domain)],
      cause: 'target-registered',
      code: 'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
      found: /^HTTP\/examapi\.\S+ is on 2 accounts: /,
      obey: [],
      after: [`samba-tool spn delete HTTP/examapi.${domain} svc-examnone`],
    },
  ],
  [
    'a target whose account is disabled',
    {
      break: ['samba-tool user disable svc-examapi'],
      cause: 'target-account',
      found: /^svc-examapi, the account of HTTP\/examapi\.\S+, is disabled\.$/,
    },
  ],
  [
    'a target with RC4 only',
    {
      break: [edit('svc-examapi', 's/^msDS-SupportedEncryptionTypes: .*/msDS-SupportedEncryptionTypes: 4/')],
      cause: 'target-account',
      code: 'KDC_ERR_ETYPE_NOSUPP',
      found: /may have RC4 tickets only\.$/,
      after: [edit('svc-examapi', 's/^msDS-SupportedEncryptionTypes: .*/msDS-SupportedEncryptionTypes: 24/')],
    },
  ],
]

/** The user in whose name it acts. */
const userFaults = (): readonly FaultRow[] => [
  [
    'a user who is sensitive',
    {
      break: ['samba-tool user sensitive examinee on'],
      cause: 'user',
      found: /^examinee is marked "sensitive and cannot be delegated"\.$/,
    },
  ],
  [
    'a user in Protected Users',
    {
      break: ["samba-tool group addmembers 'Protected Users' examinee"],
      cause: 'user',
      found: /^examinee is in Protected Users\.$/,
    },
  ],
  [
    'a user who is disabled',
    { break: ['samba-tool user disable examinee'], cause: 'user', found: /^examinee is disabled\.$/ },
  ],
  [
    'a user who has expired',
    { break: ['samba-tool user setexpiry examinee --days=-1'], cause: 'user', found: /^examinee has expired\.$/ },
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
      options: () => ({ as: 'examinee@NOWHERE.TEST' }),
      cause: 'user-realm',
      found: /CORP\.TEST has no path to NOWHERE\.TEST\.$/,
      obey: [],
    },
  ],
]
