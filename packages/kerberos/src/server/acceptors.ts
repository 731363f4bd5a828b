import { hostname } from 'node:os'
import { type Acceptor, createAcceptor } from '@s4u/acceptor'
import { formatName, formatPrincipal, Keytab, MissingKeyError, type Principal, shownName } from '@s4u/krb5'
import { readKeytab } from '../keytabs/read-keytab.js'
import { type NamedService, parseService, principalOf } from '../names/service-name.js'
import type { InitializeServerOptions } from './server-options.js'

/** A service, and the acceptor that has its keys. */
export interface Service {
  readonly acceptor: Acceptor
  /** No name was given: tickets for any name of the keytab are accepted. */
  readonly isAnyName: boolean
}

/**
 * The acceptors of this process, by what they were made of. A web server calls `initializeServer`
 * for each request; the keytab is not read each time, and what an acceptor has learned of its
 * domain is kept.
 */
const known = new Map<string, Service>()

/**
 * A process has few services; one that makes up names for each request must not fill the memory.
 */
const MAX_KNOWN = 16

/**
 * Returns the service of a name: `HTTP@web.ad.test`, `HTTP` for every host of the keytab, or an
 * empty text for every name in it.
 *
 * @throws MalformedTokenError, ConfigurationError, MissingKeyError
 */
export function serviceOf(text: string, options: InitializeServerOptions): Service {
  if (Object.keys(options).length > 0) return makeService(text, options)
  const { KRB5_KTNAME, KRB5_CONFIG } = process.env
  const key = JSON.stringify([text, KRB5_KTNAME, KRB5_CONFIG])
  const found = known.get(key) ?? makeService(text, options)
  known.delete(key)
  known.set(key, found)
  for (const oldest of known.keys()) {
    if (known.size <= MAX_KNOWN) break
    known.delete(oldest)
  }
  return found
}

function makeService(text: string, options: InitializeServerOptions): Service {
  const named = text === '' ? undefined : parseService(text)
  try {
    const acceptor = createAcceptor({ ...options, service: namesOf(named, options) })
    return { acceptor, isAnyName: named === undefined }
  } catch (error) {
    if (named === undefined || !(error instanceof MissingKeyError) || hasKeyOf(named, options)) throw error
    throw new MissingKeyError(error.message, { hint: hintFor(named, options), cause: error })
  }
}

function namesOf(named: NamedService | undefined, options: InitializeServerOptions): string | string[] {
  if (named?.host !== undefined) return principalOf(named)
  const names = everyName(options).filter(({ name }) => named === undefined || name.nameString[0] === named.type)
  if (names.length === 0) throw new MissingKeyError(`the keytab has no key of ${named?.type ?? 'any service'}`)
  return [...new Set(names.map(formatPrincipal))]
}

/** Whether the keytab has the name: then what is missing is a key of a type that may be used. */
function hasKeyOf(named: NamedService, options: InitializeServerOptions): boolean {
  const wanted = named.host === undefined ? undefined : principalOf(named)
  return everyName(options).some((principal) => {
    const { name } = principal
    if (wanted === undefined) return name.nameString[0] === named.type
    return wanted === (named.realm === undefined ? formatName(name) : formatPrincipal(principal))
  })
}

/** The name is an argument here, and not the option `service` of which an acceptor speaks. */
function hintFor(named: NamedService, options: InitializeServerOptions): string {
  const wanted = named.host === undefined ? `${named.type}/${hostname()}` : principalOf(named)
  const others = everyName(options)
    .filter(({ name }) => name.nameString.length === 2)
    .map(({ name }) => name.nameString.map(shownName).join('@'))
  const shown = [...new Set(others)].slice(0, MAX_SHOWN)
  const orOther = shown.length === 0 ? '' : `, or give initializeServer a name that it has: ${shown.join(', ')}`
  return `Add the key of ${shownName(wanted)} to the keytab${orOther}.`
}

/** As many as a person reads. */
const MAX_SHOWN = 10

function everyName({ keytab, krb5Config }: InitializeServerOptions): Principal[] {
  const isReadable = keytab === undefined || typeof keytab === 'string' || keytab instanceof Uint8Array
  return readKeytab(isReadable ? keytab : Keytab.from(keytab), krb5Config).entries.map(({ principal }) => principal)
}
