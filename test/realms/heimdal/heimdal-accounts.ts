/** Who is in the Heimdal realms. */

export interface HeimdalUser {
  name: string
  /** Options of kadmin's add. */
  options: readonly string[]
  note: string
}

export interface HeimdalService {
  name: string
  attribute?: string
  delegatesTo?: readonly string[]
  rc4Only?: boolean
  note: string
}

export const AES_SHA1 = ['aes256-cts-hmac-sha1-96', 'aes128-cts-hmac-sha1-96']
export const AES_SHA2 = ['aes256-cts-hmac-sha384-192', 'aes128-cts-hmac-sha256-128']
export const RC4 = 'arcfour-hmac-md5'

/** Has keys of all encryption types, as services have. Those of SHA-2 are slow to make. */
export const alice: HeimdalUser = {
  name: 'alice',
  options: [],
  note: 'an ordinary user with keys of all encryption types',
}

export const users: readonly HeimdalUser[] = [
  { name: 'bob', options: [], note: 'an ordinary user' },
  { name: 'expired', options: ['--expiration-time=2020-01-01'], note: 'account expired in 2020' },
  { name: 'stale', options: ['--pw-expiration-time=2020-01-01'], note: 'password expired in 2020' },
  {
    name: 'sensitive',
    options: ['--attributes=requires-pre-auth,disallow-forwardable'],
    note: 'sensitive: must not be delegated',
  },
  { name: 'locked', options: ['--attributes=requires-pre-auth,disallow-all-tix'], note: 'disabled' },
]

export const PROTOCOL_TRANSITION = 'trusted-for-delegation'

export const services: readonly HeimdalService[] = [
  {
    name: 'web',
    attribute: PROTOCOL_TRANSITION,
    delegatesTo: ['api', 'rc4'],
    note: 'may use any protocol, to api and rc4',
  },
  { name: 'kcd', delegatesTo: ['api'], note: 'has a list, but this KDC takes only S4U2Self tickets as evidence' },
  { name: 'deleg', attribute: 'ok-as-delegate', note: 'unconstrained: its tickets are ok-as-delegate' },
  { name: 'api', note: 'the backend' },
  { name: 'data', note: 'exists' },
  { name: 'vault', note: 'exists, and is in nobody’s delegation list' },
  { name: 'none', note: 'may not delegate' },
  { name: 'rc4', rc4Only: true, note: 'RC4 keys only' },
]
