/**
 * Who is in the Samba forests. The tables are the truth for both sides: what the seeder writes and
 * what tests are told.
 */

export interface SambaUser {
  name: string
  password: string
  note: string
  /** userAccountControl. */
  flags?: number
  upn?: string
  mustChangePassword?: boolean
  /** Groups beyond those that everybody is in. */
  groups?: readonly string[]
  /** Attributes by name; a value of the form `hex:…` is bytes. */
  attributes?: Attributes
  /** Of the newer Samba: its authentication policy, and the silo that it is a member of. */
  policy?: string
  silo?: string
}

type Attributes = Record<string, string | readonly string[]>

export interface SambaService {
  name: string
  note: string
  flags?: number
  /** Services whose SPNs are in msDS-AllowedToDelegateTo: by their names here, or as `ldap/dc1`. */
  delegatesTo?: readonly string[]
  /** msDS-SupportedEncryptionTypes. */
  encryptionTypes?: number
  /**
   * Of the newer Samba: the services that may act towards this one for others, and its
   * authentication policy.
   */
  allows?: readonly string[]
  policy?: string
}

export interface SambaComputer {
  name: string
  password: string
  groups?: readonly string[]
  attributes?: Attributes
  note: string
}

export interface SambaForest {
  users: readonly SambaUser[]
  services: readonly SambaService[]
  groups: readonly string[]
  /** Every user is in these. */
  commonGroups: readonly string[]
  computers: readonly SambaComputer[]
  upnSuffixes: readonly string[]
  /** Attributes of accounts that tickets tell as claims. */
  claims?: readonly { attribute: string; of: 'user' | 'computer' }[]
  /** Rules by the names that Samba's own models have for them. */
  policies?: readonly { name: string; rules: Record<string, string | number> }[]
  silos?: readonly string[]
  /** Group-managed service accounts, and who may read their passwords. */
  managedAccounts?: readonly { name: string; readers: readonly string[]; note: string }[]
}

// MS-ADTS section 2.2.16, userAccountControl.
const DISABLED = 0x2
const NORMAL = 0x200
const PASSWORD_NEVER_EXPIRES = 0x10000
const TRUSTED_FOR_DELEGATION = 0x80000
const NOT_DELEGATED = 0x100000
const NO_PREAUTHENTICATION = 0x400000
export const PROTOCOL_TRANSITION = 0x1000000
export const ORDINARY = NORMAL | PASSWORD_NEVER_EXPIRES

// MS-KILE section 2.2.7, msDS-SupportedEncryptionTypes.
const RC4 = 0x4
export const AES = 0x18

/** 2012: a FILETIME. */
const LONG_AGO = '130000000000000000'

const manyGroups = Array.from({ length: 200 }, (_, i) => `Group-${String(i).padStart(3, '0')}`)

export const corp: SambaForest = {
  upnSuffixes: ['corp.example'],
  commonGroups: ['Staff', 'Engineering'],
  groups: ['Staff', 'Engineering', 'Payroll', ...manyGroups],
  users: [
    { name: 'alice', password: 'pw-alice', groups: ['Payroll'], note: 'an ordinary user' },
    { name: 'bob', password: 'pw-bob', upn: 'bob.builder@corp.example', note: 'has a UPN unlike his account name' },
    { name: 'zoë', password: 'pässwörd', note: 'name and password are not ASCII' },
    { name: 'carol', password: 'pw-carol', flags: ORDINARY | NOT_DELEGATED, note: 'sensitive: must not be delegated' },
    { name: 'dave', password: 'pw-dave', groups: ['Protected Users'], note: 'member of Protected Users' },
    { name: 'erin', password: 'pw-erin', flags: ORDINARY | DISABLED, note: 'disabled' },
    { name: 'frank', password: 'pw-frank', flags: NORMAL, mustChangePassword: true, note: 'must change the password' },
    { name: 'hank', password: 'pw-hank', note: 'locked out by wrong passwords' },
    { name: 'gina', password: 'pw-gina', attributes: { accountExpires: LONG_AGO }, note: 'account expired in 2012' },
    { name: 'ivy', password: 'pw-ivy', attributes: { logonHours: `hex:${'00'.repeat(21)}` }, note: 'no logon hours' },
    {
      name: 'nopre',
      password: 'pw-nopre',
      flags: ORDINARY | NO_PREAUTHENTICATION,
      note: 'needs no pre-authentication',
    },
    {
      name: 'rc4only',
      password: 'pw-rc4only',
      attributes: { 'msDS-SupportedEncryptionTypes': String(RC4) },
      note: 'claims to have RC4 keys only',
    },
    { name: 'grouper', password: 'pw-grouper', groups: manyGroups, note: 'in 200 groups more: a large PAC' },
  ],
  services: [
    {
      name: 'web',
      delegatesTo: ['api', 'ldap/dc1'],
      flags: ORDINARY | PROTOCOL_TRANSITION,
      note: 'may use any protocol, to api and to the directory',
    },
    { name: 'kcd', delegatesTo: ['api'], note: 'may use Kerberos only, to api' },
    { name: 'api', delegatesTo: ['data'], note: 'the backend; may go on to data' },
    { name: 'data', note: 'the second hop' },
    { name: 'vault', note: 'exists, and is in nobody’s delegation list' },
    { name: 'none', note: 'may not delegate' },
    { name: 'rc4', encryptionTypes: RC4, note: 'RC4 keys only' },
    {
      name: 'webrc4',
      delegatesTo: ['rc4'],
      flags: ORDINARY | PROTOCOL_TRANSITION,
      encryptionTypes: RC4,
      note: 'RC4 keys only; may use any protocol, to rc4',
    },
    { name: 'unc', flags: ORDINARY | TRUSTED_FOR_DELEGATION, note: 'unconstrained: its tickets are ok-as-delegate' },
  ],
  computers: [{ name: 'web01', password: 'pw-web01', note: 'a computer account, WEB01$' }],
}

export const partner: SambaForest = {
  upnSuffixes: [],
  commonGroups: ['Visitors', 'Auditors'],
  groups: ['Visitors', 'Auditors'],
  users: [{ name: 'oscar', password: 'pw-oscar', note: 'a user of the trusted forest' }],
  services: [{ name: 'api', note: 'a service of the trusted forest' }],
  computers: [],
}
