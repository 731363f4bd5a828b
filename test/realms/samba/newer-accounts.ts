/**
 * Who is in the forests of the newer Samba beside those of the older, and the rules that only its
 * directory knows.
 */
import { AES, corp, ORDINARY, partner, PROTOCOL_TRANSITION, type SambaForest } from './samba-accounts.js'

/**
 * Of msDS-SupportedEncryptionTypes: tickets to it may say from which device their user comes
 * (MS-KILE section 2.2.7).
 */
const COMPOUND_IDENTITY = 0x20000

/** In units of 100 ns. */
const MINUTE = 600_000_000

/** So many that they are compressed in a PAC. */
export const permits = Array.from({ length: 300 }, (_, i) => `Permit ${String(i).padStart(3, '0')} for all floors`)

/** In conditions `<NAME>` is the SID of the account or group. */
const ifUser = (condition: string): string => `O:SYG:SYD:(XA;OICI;CR;;;WD;(${condition}))`

export const newcorp: SambaForest = {
  ...corp,
  groups: [...corp.groups, 'Desks'],
  users: [
    ...corp.users,
    {
      name: 'clara',
      password: 'pw-clara',
      attributes: { department: 'Verkauf 𝒮üd', countryCode: '49', carLicense: permits },
      note: 'has claims: text, an integer, 300 values',
    },
    {
      name: 'shorty',
      password: 'pw-shorty',
      policy: 'short',
      note: 'by policy, ticket-granting tickets of 45 minutes',
    },
    { name: 'walter', password: 'pw-walter', policy: 'desks', note: 'by policy, signs in from devices in Desks only' },
    { name: 'silvia', password: 'pw-silvia', silo: 'treasury', note: 'member of the silo treasury' },
  ],
  services: [
    ...corp.services,
    {
      name: 'portal',
      flags: ORDINARY | PROTOCOL_TRANSITION,
      note: 'may use any protocol, and has no list: ledger has it in its own',
    },
    { name: 'counter', note: 'may use Kerberos only, and has no list: ledger has it in its own' },
    { name: 'ledger', allows: ['portal', 'counter'], note: 'lists portal and counter (resource-based delegation)' },
    { name: 'strict', policy: 'payroll', note: 'by policy, takes members of Payroll only' },
    { name: 'safe', policy: 'treasurers', note: 'by policy, takes members of the silo treasury only' },
    {
      name: 'broker',
      flags: ORDINARY | PROTOCOL_TRANSITION,
      delegatesTo: ['strict', 'api'],
      note: 'may use any protocol, to strict (whose policy does not know it) and api',
    },
    { name: 'aware', encryptionTypes: AES | COMPOUND_IDENTITY, note: 'its tickets name the device too' },
  ],
  computers: [
    ...corp.computers,
    {
      name: 'desk01',
      password: 'pw-desk01',
      groups: ['Desks'],
      attributes: { location: 'Floor 3' },
      note: 'a computer in Desks, with a claim',
    },
    { name: 'kiosk01', password: 'pw-kiosk01', note: 'a computer in no group' },
  ],
  claims: [
    { attribute: 'department', of: 'user' },
    { attribute: 'countryCode', of: 'user' },
    { attribute: 'carLicense', of: 'user' },
    { attribute: 'location', of: 'computer' },
  ],
  policies: [
    { name: 'short', rules: { user_tgt_lifetime: 45 * MINUTE } },
    { name: 'desks', rules: { user_allowed_to_authenticate_from: ifUser('Member_of {SID(<Desks>)}') } },
    { name: 'payroll', rules: { user_allowed_to_authenticate_to: ifUser('Member_of {SID(<Payroll>)}') } },
    {
      name: 'treasurers',
      rules: { user_allowed_to_authenticate_to: ifUser('@USER.ad://ext/AuthenticationSilo == "treasury"') },
    },
  ],
  silos: ['treasury'],
  managedAccounts: [
    { name: 'managed', readers: ['svc-web'], note: 'a group-managed service account, whose password svc-web may read' },
  ],
}

export const newpartner: SambaForest = partner
