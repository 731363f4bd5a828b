/**
 * The one table of who may import whom: packages, and the rooms inside each package.
 *
 * What else states this is generated from the table (`WRITE_LAYERS` below), or checked against it:
 * the `package.json` of each package (`dependencies.test.ts`), the imports between rooms
 * (`dependencies-of-rooms.test.ts`), the lint rules and the tables of README.md and CONTRIBUTING.md
 * (`dependencies-in-print.test.ts`).
 */

/** Writes what is generated from the table, after a change of it. */
export const WRITE_LAYERS =
  'npx vitest run --config test/vitest.config.ts test/packages/dependencies-in-print.test.ts -u'

export interface Seam {
  readonly file: string
  readonly knows: readonly string[]
  readonly condition: string
}

export interface PackageRow {
  /** Packages of this repository that it may import. Each stands in a lower tier. */
  readonly siblings: readonly string[]
  /** Packages of the registry that it may import, peer dependencies included. */
  readonly others?: readonly string[]
  /** Why it may import what one would not expect. Printed in CONTRIBUTING.md. */
  readonly because?: string
  /** For a package that knows no platform: the only files that may, and what each may import. */
  readonly seams?: readonly Seam[]
  /**
   * Its rooms, highest first: a room imports only rooms that stand later in the list. A room is a
   * folder below `src` (`delegation`, `crypto/primitives`), or a single file directly in `src`
   * (`errors.ts`). `.` is all other files directly in `src`. Without a list the test looks for
   * cycles between folders only.
   */
  readonly rooms?: readonly string[]
  /** Rooms with more than 15 source files, each with the reason. */
  readonly wide?: Readonly<Record<string, string>>
}

/** Highest first. A package imports only packages of tiers that stand later in the list. */
export const tiers: Readonly<Record<string, Readonly<Record<string, PackageRow>>>> = {
  programs: {
    cli: {
      siblings: ['directory', 'doctor', 'fetch', 'gateway', 'gssapi', 'kdc-client', 'krb5', 'test-kdc'],
      others: ['asn1js', 'commander'],
      because: 'a command calls any library; `s4u decode` shows structures of no known kind with asn1js',
      rooms: [
        ...[
          '.',
          'commands/keytab',
          'commands',
          'diagnosis',
          'completion',
          'decoding',
          'explaining',
          'realm-file',
          'requests',
        ],
        ...['keytabs', 'access', 'command-line', 'tickets', 'terminal', 'usage-error.ts'],
      ],
    },
  },
  gateways: {
    gateway: {
      siblings: ['acceptor', 'krb5', 'negotiate', 'sign-in'],
      others: ['httpxy', 'yaml'],
      because: 'httpxy carries requests and WebSockets; yaml knows the line of each mistake in a configuration',
      rooms: [
        ...['.', 'serving', 'forward-auth', 'proxying', 'sign-in', 'delegation', 'farm', 'sites', 'listeners'],
        ...['operation', 'requests'],
        ...['configuration', 'configuration/sections', 'configuration/options'],
      ],
    },
  },
  adapters: {
    express: { siblings: ['negotiate'], others: ['express'], because: 'the framework is a peer dependency' },
    fastify: {
      siblings: ['negotiate'],
      others: ['fastify', 'fastify-plugin'],
      because: 'the framework is a peer dependency; fastify-plugin makes hooks count in the app around',
    },
    hono: { siblings: ['negotiate'], others: ['hono'], because: 'the framework is a peer dependency' },
    koa: { siblings: ['negotiate'], others: ['koa'], because: 'the framework is a peer dependency' },
    nest: {
      siblings: ['negotiate'],
      others: ['@nestjs/common', '@nestjs/core', 'rxjs'],
      because: 'the framework is a peer dependency; interceptors return what rxjs makes',
    },
    passport: {
      siblings: ['negotiate'],
      others: ['passport-strategy'],
      because: 'a strategy extends the class of passport-strategy, and Passport is what the app brings',
    },
    // A folder for each way to sign in; the folders know each other through the interface in
    // negotiate alone.
    'sign-in': {
      siblings: ['acceptor', 'directory', 'krb5', 'negotiate', 'ntlm'],
      others: ['asn1js', 'jose', 'openid-client', 'pkijs'],
      because:
        'a way to sign in is a source of a negotiator; the directory knows whose certificate it is, pkijs verifies chains, openid-client and jose speak with issuers; ntlm asks a domain controller',
    },
  },
  stores: {
    redis: {
      siblings: ['acceptor', 'kdc-client', 'krb5', 'negotiate'],
      because:
        'it implements their interfaces, of which it takes the types alone; clients of Redis are told by their shape',
      rooms: ['.', 'attempts', 'epochs', 'replays', 'tickets', 'connection', 'clients', 'sealing'],
    },
  },
  middle: {
    doctor: {
      siblings: ['acceptor', 'directory', 'fetch', 'gssapi', 'kdc-client', 'krb5', 'ntlm'],
      because: 'it looks at a service from all sides: its keytab, KDC, directory, secure channel and URL',
      rooms: ['.', 'checks', 'repairs', 'facts', 'observing', 'engine'],
    },
    kerberos: {
      siblings: ['acceptor', 'gssapi', 'kdc-client', 'krb5'],
      because: 'its server is an acceptor, and its client asks a KDC: it has both sides, as the npm package has',
      rooms: ['.', 'legacy', 'server', 'client', 'passwords', 'keytabs', 'names', 'messages', 'errors', 'constants.ts'],
    },
    negotiate: {
      siblings: ['acceptor', 'directory', 'fetch', 'gssapi', 'kdc-client', 'krb5'],
      others: ['@noble/ciphers'],
      because: 'a session cookie carries a ticket (krb5 encodes it), sealed with XChaCha20, which Node does not have',
      rooms: [
        '.',
        'web',
        'routes',
        'authenticate',
        'sign-in-sources',
        'sign-in-sources/attempts',
        'sign-in',
        'session',
        'kdc',
        'delegation',
        'directory',
        'http',
        'audit',
      ],
    },
  },
  speakers: {
    acceptor: {
      siblings: ['gssapi', 'krb5'],
      rooms: [
        '.',
        'negotiation',
        'ap-req',
        'ticket',
        'options',
        'replay',
        'keys',
        'async',
        'events',
        'identity',
        'access-check',
        'pac-authority',
        'checks',
      ],
    },
    directory: {
      siblings: ['gssapi', 'kdc-client', 'krb5', 'sasl'],
      others: ['ldapts'],
      because:
        'ldapts writes requests, filters and controls; answers are read here, since its reader can be made to loop',
      rooms: [
        '.',
        'joining',
        'changes',
        'managed-password',
        'names',
        'accounts',
        'domains',
        'search',
        'failover',
        'session',
        'controllers',
        'connection',
        'interface',
        'security-descriptor',
        'ldap',
        'deadline.ts',
        'errors.ts',
      ],
    },
    fetch: {
      siblings: ['gssapi', 'kdc-client'],
      others: ['undici'],
      because: 'the fetch of Node cannot be told to keep the connections of each identity apart; undici can',
      rooms: [
        ...['.', 'fetch', 'connections', 'handlers', 'negotiation', 'options', 'answers', 'events', 'service-names'],
        'given-values.ts',
      ],
    },
    ntlm: {
      siblings: ['gssapi', 'kdc-client', 'krb5'],
      because: 'the machine account may sign in with a ticket, so that keys of AES serve',
      rooms: ['.', 'controllers', 'response', 'netlogon', 'messages', 'errors.ts'],
    },
    smb: {
      siblings: ['gssapi', 'krb5', 'sasl'],
      others: ['@noble/ciphers', 'fresh', 'mime-types', 'range-parser'],
      because:
        'Node has no CMAC, with which SMB 3.0 signs; sasl keeps what each caller has apart; the others are what `send` is made of, which reads from the local disk alone',
      rooms: [
        ...['.', 'serving', 'open-share.ts', 'files', 'open-files', 'pipes', 'connection', 'transport', 'protection'],
        ...['formats', 'wire', 'errors.ts'],
      ],
    },
  },
  clients: {
    'kdc-client': {
      siblings: ['krb5'],
      others: ['lru-cache'],
      rooms: [
        ...['.', 'account-keys', 'password-change', 'client', 'session', 's4u', 'delegation'],
        ...['as-exchange', 'tgs-exchange', 'fast', 'exchange', 'locate', 'network', 'cache'],
        ...['credentials', 'credential-caches', 'otp', 'advice', 'events', 'errors', 'tickets'],
        ...['configuration', 'arguments', 'async'],
      ],
    },
  },
  mechanisms: {
    // The directory signs in by SASL too, so that it stands below the speakers.
    sasl: {
      siblings: ['gssapi', 'krb5'],
      rooms: ['.', 'kafka', 'mail', 'postgres', 'sql-server', 'pool', 'mechanism', 'layer', 'protection', 'caller.ts'],
    },
  },
  tokens: {
    gssapi: {
      siblings: ['krb5'],
      seams: [{ file: 'base64/node.ts', knows: ['node:buffer'], condition: '#base64' }],
      rooms: ['.', 'negotiation', 'per-message', 'context-tokens', 'framing', 'base64'],
    },
  },
  tests: {
    'test-kdc': {
      siblings: ['krb5'],
      because: 'client and KDC share no mistake above the codec',
      rooms: [
        ...['.', 'realm', 'network', 'exchanges', 'kpasswd', 's4u', 'replies', 'fast', 'ticket-granting', 'tickets'],
        ...['kdc', 'directory'],
      ],
    },
  },
  ground: {
    krb5: {
      siblings: [],
      others: ['@noble/ciphers', '@noble/hashes', 'asn1js'],
      seams: [
        { file: 'crypto/primitives/node.ts', knows: ['node:crypto'], condition: '#primitives' },
        { file: 'platform/node.ts', knows: ['node:fs', 'node:os', 'node:util'], condition: '#platform' },
      ],
      rooms: [
        ...['.', 'files', 'local-names', 'configuration', 'rpc', 'pac', 'pac/buffers', 'pac/encoding', 'journal'],
        ...['names', 'options', 'messages/padata', 'messages', 'crypto', 'crypto/encryption-types'],
        ...['crypto/algorithms', 'crypto/primitives', 'bytes', 'asn1', 'errors', 'platform'],
      ],
    },
  },
}

export const rows: Readonly<Record<string, PackageRow>> = Object.assign({}, ...Object.values(tiers))

/** `[name, row]` of every package, highest tier first. */
export const everyRow: readonly (readonly [string, PackageRow])[] = Object.entries(rows)

/** `[name, seams]` of the packages that know no platform. */
export const platformFree = everyRow.flatMap(([name, { seams }]) => (seams ? [[name, seams] as const] : []))
