import { readFileSync } from 'node:fs'
import {
  ConfigurationError,
  decodeCcache,
  DEFAULT_ETYPES,
  type EtypeInfo2Entry,
  formatPrincipal,
  Key,
  Keytab,
  MissingKeyError,
  parsePrincipal,
  type Principal,
  samePrincipal,
} from '@s4u/krb5'
import type { ServiceTicket } from './service-ticket.js'

/** With what the service proves to a KDC who it is. */
export type KdcCredentials =
  | { readonly principal?: string; readonly keytab: string | Uint8Array | Keytab }
  | { readonly principal: string; readonly password: string }
  | { readonly ccache: string | Uint8Array }

/** Something that can sign in: a name, and its long-term key for what the KDC names. */
export interface SignIn {
  readonly kind: 'sign-in'
  readonly principal: Principal
  /** Encryption types there can be a key for, best first. */
  readonly etypes: readonly number[]
  /** The key, derived with what the KDC said of salt and parameters; a keytab has it ready. @throws MissingKeyError */
  keyFor(info: EtypeInfo2Entry, kvno?: number): Promise<Key>
  /** The key of exactly this type and version, where a keytab has it. */
  findKey?(etype: number, kvno: number | undefined): Key | undefined
}

/** A ticket-granting ticket from elsewhere, which cannot be renewed by signing in. */
export interface ReadyTicket {
  readonly kind: 'ready-ticket'
  readonly principal: Principal
  readonly tgt: ServiceTicket
}

export type Authority = SignIn | ReadyTicket

/**
 * Reads credentials once, so that a wrong path or name fails when the client is made.
 * @throws ConfigurationError, MissingKeyError
 */
export function authorityOf(
  credentials: KdcCredentials,
  realm: string | undefined,
  etypes: readonly number[] = DEFAULT_ETYPES,
): Authority {
  if ('ccache' in credentials) return fromCcache(credentials.ccache)
  if ('password' in credentials) return fromPassword(parse(credentials.principal, realm), credentials.password, etypes)
  return fromKeytab(loadKeytab(credentials.keytab), credentials.principal, realm, etypes)
}

/**
 * The principal of a keytab that can sign in: on Active Directory the account, since an SPN cannot. Accounts have one component;
 * where a keytab holds only SPNs, as MIT's do, the first one is it.
 */
export function signInPrincipal({ entries }: Keytab): Principal | undefined {
  const account = entries.find(({ principal }) => principal.name.nameString.length === 1)
  return (account ?? entries[0])?.principal
}

function fromKeytab(
  keytab: Keytab,
  name: string | undefined,
  realm: string | undefined,
  etypes: readonly number[],
): SignIn {
  const principal =
    name === undefined ? signInPrincipal(keytab) : parse(name, realm ?? keytab.entries[0]?.principal.realm)
  const entries = principal ? keytab.entries.filter((entry) => samePrincipal(entry.principal, principal)) : []
  const usable = etypes.filter((etype) => entries.some(({ key }) => key.etype === etype))
  if (principal === undefined || usable.length === 0) {
    const wanted = principal ? formatPrincipal(principal) : 'any principal'
    throw new MissingKeyError(
      `the keytab has no usable key of ${wanted}; it has keys of ${keytab.principals.join(', ') || 'nobody'}`,
      {
        hint: 'Name the account in `principal`, or export a keytab that holds it with an AES key.',
      },
    )
  }
  const newest = (etype: number, kvno?: number): Key | undefined => {
    const keys = entries.filter(({ key }) => key.etype === etype).sort((a, b) => b.kvno - a.kvno)
    return (keys.find((entry) => entry.kvno === kvno) ?? keys[0])?.key
  }
  return {
    kind: 'sign-in',
    principal,
    etypes: usable,
    findKey: (etype, kvno) =>
      entries.find(({ key, kvno: version }) => key.etype === etype && (kvno === undefined || version === kvno))?.key,
    keyFor: async ({ etype }, kvno) => {
      const key = newest(etype, kvno)
      if (key) return key
      throw new MissingKeyError(`the keytab has no key of encryption type ${etype} for ${formatPrincipal(principal)}`)
    },
  }
}

function fromPassword(principal: Principal, password: string, etypes: readonly number[]): SignIn {
  const derived = new Map<string, Promise<Key>>()
  return {
    kind: 'sign-in',
    principal,
    etypes,
    keyFor: ({ etype, salt, s2kparams }) => {
      // The salt that the KDC sends is the only right one: accounts keep theirs when they are renamed. Source: MS-KILE section 3.1.1.2.
      const usedSalt = salt ?? principal.realm + principal.name.nameString.join('')
      const cached = JSON.stringify([etype, usedSalt, s2kparams ? [...s2kparams] : null])
      const key = derived.get(cached) ?? Key.fromPassword(etype, password, usedSalt, s2kparams)
      derived.set(cached, key)
      key.catch(() => derived.delete(cached))
      return key
    },
  }
}

function fromCcache(source: string | Uint8Array): ReadyTicket {
  const path = typeof source === 'string' ? source.replace(/^FILE:/, '') : undefined
  const cache = decodeCcache(typeof source === 'string' ? readFile(path ?? source, 'credential cache') : source, path)
  const { principal } = cache
  const found = cache.credentials.find(
    ({ server }) =>
      server.name.nameString[0] === 'krbtgt' &&
      server.name.nameString[1] === principal.realm &&
      server.realm === principal.realm,
  )
  if (found === undefined) {
    throw new ConfigurationError(
      `the credential cache of ${formatPrincipal(principal)} holds no ticket-granting ticket`,
      {
        code: 'KRB5_CC_NOTFOUND',
        hint: `Run kinit ${formatPrincipal(principal)}.`,
      },
    )
  }
  const { client, server, ticket, key, flags, authtime, starttime, endtime, renewTill } = found
  const times = { authenticatedAt: authtime, startsAt: starttime || authtime, expiresAt: endtime }
  const tgt = {
    client,
    service: server,
    ticket,
    sessionKey: key,
    flags,
    ...times,
    ...(renewTill > 0 && { renewableUntil: renewTill }),
  }
  return { kind: 'ready-ticket', principal, tgt: Object.freeze(tgt) }
}

function loadKeytab(source: string | Uint8Array | Keytab): Keytab {
  if (source instanceof Keytab) return source
  if (typeof source !== 'string') return Keytab.decode(source)
  const path = source.replace(/^(FILE|WRFILE):/, '')
  return Keytab.decode(readFile(path, 'keytab'), path)
}

function readFile(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new ConfigurationError(`cannot read the ${what} ${path}`, {
      code: 'KRB5_KT_NOTFOUND',
      hint: 'Check that the file exists and that this process may read it.',
      cause,
    })
  }
}

function parse(name: string, realm: string | undefined): Principal {
  return parsePrincipal(name, realm === undefined ? {} : { realm })
}
