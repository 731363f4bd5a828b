/**
 * Who is in the MIT realms. Every realm has the same; what is LDAP's (lists, aliases) is left out
 * of DB2's.
 */

export const allEncryptionTypes = [
  'aes256-cts-hmac-sha1-96',
  'aes128-cts-hmac-sha1-96',
  'aes256-cts-hmac-sha384-192',
  'aes128-cts-hmac-sha256-128',
  'camellia256-cts-cmac',
  'camellia128-cts-cmac',
  'arcfour-hmac',
]

export interface MitUser {
  name: string
  /** Options of kadmin's addprinc. */
  options?: string
  /** All encryption types; it costs most of a second, so only one user has them. */
  everyEncryptionType?: boolean
  note: string
}

export interface MitService {
  /** The host part; the service is HTTP/NAME.DOMAIN unless `service` says otherwise. */
  name: string
  service?: string
  options?: string
  delegatesTo?: readonly string[]
  encryptionType?: string
  note: string
}

export const users: readonly MitUser[] = [
  { name: 'alice', everyEncryptionType: true, note: 'an ordinary user with keys of all encryption types' },
  { name: 'bob', note: 'an ordinary user' },
  { name: 'carol', note: 'an ordinary user' },
  { name: 'sensitive', options: '-allow_forwardable', note: 'sensitive: must not be delegated' },
  { name: 'locked', options: '-allow_tix', note: 'disabled' },
  { name: 'nopre', options: '-requires_preauth', note: 'needs no pre-authentication' },
  { name: 'expired', options: '-expire "2020-01-01 00:00:00 UTC"', note: 'account expired in 2020' },
  { name: 'stale', options: '-pwexpire "2020-01-01 00:00:00 UTC"', note: 'password expired in 2020' },
]

export const PROTOCOL_TRANSITION = '+ok_to_auth_as_delegate'

export const services: readonly MitService[] = [
  { name: 'web', options: PROTOCOL_TRANSITION, delegatesTo: ['api', 'db'], note: 'may use any protocol, to api' },
  { name: 'kcd', delegatesTo: ['api'], note: 'may use Kerberos only, to api' },
  { name: 'api', delegatesTo: ['data'], note: 'the backend; may go on to data' },
  { name: 'data', note: 'the second hop' },
  { name: 'vault', note: 'exists, and is in nobody’s delegation list' },
  { name: 'none', note: 'may not delegate' },
  { name: 'proto', options: PROTOCOL_TRANSITION, note: 'may use any protocol, but has no list' },
  { name: 'deleg', options: '+ok_as_delegate', note: 'unconstrained: its tickets are ok-as-delegate' },
  { name: 'nopac', options: '+no_auth_data_required', delegatesTo: ['api'], note: 'its tickets carry no PAC' },
  { name: 'nosvr', options: '-allow_svr', note: 'no tickets are issued to it' },
  { name: 'db', service: 'postgres', note: 'the database' },
  ...allEncryptionTypes.map((encryptionType) => ({
    name: encryptionType,
    encryptionType,
    delegatesTo: ['api'],
    note: `keys of ${encryptionType} only`,
  })),
]

export interface Trust {
  password: string
  principal: string
}

/** The same principals with the same passwords stand in both realms of a trust. */
export const trusts = {
  eastAndWest: [
    { password: 'x-ew', principal: 'krbtgt/WEST.TEST@EAST.TEST' },
    { password: 'x-we', principal: 'krbtgt/EAST.TEST@WEST.TEST' },
  ],
  eastAndNorth: [
    { password: 'x-en', principal: 'krbtgt/NORTH.TEST@EAST.TEST' },
    { password: 'x-ne', principal: 'krbtgt/EAST.TEST@NORTH.TEST' },
  ],
  northAndSouth: [
    { password: 'x-ns', principal: 'krbtgt/SOUTH.TEST@NORTH.TEST' },
    { password: 'x-sn', principal: 'krbtgt/NORTH.TEST@SOUTH.TEST' },
  ],
} satisfies Record<string, Trust[]>
