/** Where the service's keys come from. This file, and that of the machine, touch the file system and the environment. */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ConfigurationError, Keytab, S4uError, shownPath } from '@s4u/krb5'

/**
 * A path (`FILE:` and `WRFILE:` in front of it are understood), the octets of a keytab, a keytab in base64 (as a text or in a file), a
 * `Keytab`, a function that fetches one of those from elsewhere, or several of all these. A text that names no file is not shown in
 * errors unless it looks like a path: it may be a key.
 */
export type KeytabSource = string | URL | Uint8Array | Keytab | KeytabProvider | readonly KeytabSource[]

/**
 * Asked when the acceptor starts, each minute while requests come, and when a ticket does not open. It may take ten seconds: then `signal`
 * says that nobody waits for it any more, and it counts as failed.
 */
export type KeytabProvider = (signal: AbortSignal) => ProvidedKeys | Promise<ProvidedKeys>

/** The octets, a `Keytab`, or the octets in base64. */
export type ProvidedKeys = Uint8Array | Keytab | string

/** One place, read again when it changes. */
export interface KeytabPlace {
  /** How errors call it: the path. */
  readonly name: string
  /** Reads it at once; undefined when that cannot be done without waiting. @throws ConfigurationError */
  loadNow(): Keytab | undefined
  /** Undefined when it has not changed since it was last read. `urgent`: a ticket did not open. @throws ConfigurationError */
  loadIfChanged(clock: () => number, urgent: boolean): Promise<Keytab | undefined>
}

/** @throws ConfigurationError for a source of no known kind */
export function keytabPlaces(source: KeytabSource): KeytabPlace[] {
  if (Array.isArray(source)) return source.flatMap((one: KeytabSource) => keytabPlaces(one))
  if (typeof source === 'function') return [new ProvidedKeytab(source)]
  if (typeof source === 'string') return [placeOfText(source)]
  if (source instanceof URL) return [new KeytabFile(fileURLToPath(source))]
  const keytab = source instanceof Uint8Array ? source : Keytab.from(source)
  if (keytab !== undefined) return [new KeytabInMemory(keytab)]
  throw new ConfigurationError('keytab must be a path, octets, a Keytab, a function that gives one, or a list of these')
}

/** A keytab that is larger holds more than hosts and services; it would be read again with every change. */
const MAX_KEYTAB_OCTETS = 32 * 1024 * 1024

/** Providers speak to a vault: how often one is asked without need, in milliseconds. */
const PROVIDER_INTERVAL = 60_000

/**
 * How soon again when it failed, or when one ticket after the other does not open. The first such ticket has it asked at once, so that a
 * key that was changed loses no request; but whoever sends garbage must not have the vault asked each time.
 */
const PROVIDER_RETRY = 5_000

/** How soon again while there are no keys at all: nobody is served until then. */
const PROVIDER_RETRY_AT_START = 1_000

/** Requests wait meanwhile, and one that hangs must not pile them up. */
const PROVIDER_TIME_LIMIT = 10_000

/** Programs write a keytab record by record. One that holds what cannot be read is looked at once more after this; milliseconds. */
const SETTLING = 100

function placeOfText(text: string): KeytabPlace {
  const keytab = Keytab.fromBase64(text)
  return keytab === undefined ? new KeytabFile(pathOf(text)) : new KeytabInMemory(keytab)
}

/** The types that MIT and Heimdal know beside files. Other words before a colon may be anything. */
const OTHER_TYPES: readonly string[] = ['MEMORY', 'ANY', 'SRVTAB', 'JAVA14', 'AFSKEYFILE', 'HDBGET', 'KEYRING', 'DIR']

function pathOf(name: string): string {
  const type = /^([A-Za-z][A-Za-z\d]+):/.exec(name)?.[1]
  if (type === undefined) return name
  if (type === 'FILE' || type === 'WRFILE') return name.slice(type.length + 1)
  const which = OTHER_TYPES.includes(type) ? `of type ${type}` : 'of another type than FILE'
  throw new ConfigurationError(`keytab: keytabs ${which} cannot be read`, {
    code: 'KRB5_KT_UNKNOWN_TYPE',
    hint: 'Name a file, with or without FILE: in front.',
  })
}

class KeytabFile implements KeytabPlace {
  readonly name: string
  readonly #path: string
  #stamp = ''

  constructor(path: string) {
    if (path === '')
      throw new ConfigurationError('keytab must not be an empty path', {
        code: 'KRB5_KT_NOTFOUND',
        hint: 'Name a file, as in FILE:/etc/web.keytab; or leave it out, for KRB5_KTNAME or /etc/krb5.keytab.',
      })
    this.#path = path
    // What is there is a path. What is not there might be the keys themselves, or a password.
    this.name = existsSync(path) ? path : shownPath(path)
  }

  loadNow(): Keytab {
    return this.#reading(() => {
      // Before reading: what is written in between is then noticed the next time.
      const stamp = stampOf(this.name, statSync(this.#path, { bigint: true }))
      const keytab = Keytab.decode(readFileSync(this.#path), this.name)
      this.#stamp = stamp
      return keytab
    })
  }

  async loadIfChanged(): Promise<Keytab | undefined> {
    try {
      const stamp = stampOf(this.name, await stat(this.#path, { bigint: true }))
      if (stamp === this.#stamp) return undefined
      const keytab = Keytab.decode(await readFile(this.#path), this.name)
      // It may be one that is being written: then it is read with the next look.
      if (keytab.leftOut.length > 0 && !(await this.#hasSettled(stamp))) return undefined
      this.#stamp = stamp
      return keytab
    } catch (error) {
      return this.#reading(() => {
        throw error
      })
    }
  }

  async #hasSettled(stamp: string): Promise<boolean> {
    await sleep(SETTLING)
    return stampOf(this.name, await stat(this.#path, { bigint: true })) === stamp
  }

  #reading<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof ConfigurationError) throw error
      throw unreadable(this.name, this.name === this.#path ? error : undefined, errnoOf(error))
    }
  }
}

interface FileStatus {
  readonly mtimeNs: bigint
  readonly size: bigint
  readonly ino: bigint
}

function stampOf(path: string, { mtimeNs, size, ino }: FileStatus): string {
  if (size > MAX_KEYTAB_OCTETS) {
    throw new ConfigurationError(`${path} is no keytab: it has ${size} octets, ${MAX_KEYTAB_OCTETS} is the most`, {
      code: 'KRB5_KT_FORMAT',
    })
  }
  return `${mtimeNs}:${size}:${ino}`
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}

/** @param cause shows the path: undefined where that must not be */
function unreadable(path: string, cause: unknown, errno: string): ConfigurationError {
  const missing = errno === 'ENOENT' || errno === 'ENOTDIR'
  if (errno === 'EISDIR')
    return new ConfigurationError(`the keytab ${path} is a folder`, {
      code: 'KRB5_KT_IOERR',
      hint: `Name the file in it: ${path.replace(/\/$/, '')}/NAME.keytab.`,
      cause,
    })
  return new ConfigurationError(
    missing ? `the keytab ${path} does not exist` : `the keytab ${path} cannot be read: ${errno}`,
    {
      code: missing ? 'KRB5_KT_NOTFOUND' : 'KRB5_KT_IOERR',
      hint: missing
        ? 'Name the file in the option keytab or in KRB5_KTNAME. samba-tool domain exportkeytab, ktpass and kadmin ktadd write one.'
        : errno === 'EACCES' || errno === 'EPERM'
          ? `Give the user that runs this process the right to read ${path}, and nobody else.`
          : `Look at the file system: it says ${errno}.`,
      cause,
    },
  )
}

class KeytabInMemory implements KeytabPlace {
  readonly name = 'the keytab in memory'
  readonly #keytab: Keytab

  constructor(source: Uint8Array | Keytab) {
    this.#keytab = keytabOf(source, this.name)
  }

  loadNow(): Keytab {
    return this.#keytab
  }

  async loadIfChanged(): Promise<undefined> {
    return undefined
  }
}

class ProvidedKeytab implements KeytabPlace {
  readonly name = 'the keytab provider'
  readonly #provider: KeytabProvider
  #answeredAt = -Infinity
  #urgentAt = -Infinity
  #hasGivenKeys = false
  #failure: S4uError | undefined

  constructor(provider: KeytabProvider) {
    this.#provider = provider
  }

  loadNow(): undefined {
    return undefined
  }

  async loadIfChanged(clock: () => number, urgent: boolean): Promise<Keytab | undefined> {
    if (!this.#isDue(clock(), urgent)) {
      if (this.#failure !== undefined) throw this.#failure
      return undefined
    }
    const countsAsUrgent = urgent && this.#hasGivenKeys
    try {
      const keytab = keytabOf(await withinLimit(this.#provider), this.name)
      this.#failure = undefined
      this.#hasGivenKeys = true
      return keytab
    } catch (cause) {
      this.#failure = S4uError.is(cause) ? cause : providerFailed(cause)
      throw this.#failure
    } finally {
      // When it has answered, and not when it was asked: one that takes its time is to have its rest too.
      this.#answeredAt = clock()
      if (countsAsUrgent) this.#urgentAt = this.#answeredAt
    }
  }

  #isDue(now: number, urgent: boolean): boolean {
    const rest = Math.abs(now - this.#answeredAt)
    if (!this.#hasGivenKeys) return rest >= PROVIDER_RETRY_AT_START
    if (this.#failure !== undefined) return rest >= PROVIDER_RETRY
    if (urgent) return Math.abs(now - this.#urgentAt) >= PROVIDER_RETRY
    return rest >= PROVIDER_INTERVAL
  }
}

async function withinLimit(provider: KeytabProvider): Promise<ProvidedKeys> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`no answer within ${PROVIDER_TIME_LIMIT} ms`)
      reject(error)
      controller.abort(error)
    }, PROVIDER_TIME_LIMIT)
  })
  try {
    return await Promise.race([provider(controller.signal), late])
  } finally {
    clearTimeout(timer)
  }
}

function providerFailed(cause: unknown): ConfigurationError {
  return new ConfigurationError('the keytab provider failed', { code: 'KRB5_KT_IOERR', cause })
}

function keytabOf(source: ProvidedKeys, name: string): Keytab {
  const keytab = Keytab.from(source)
  if (keytab !== undefined) return keytab
  const fromText = typeof source === 'string' ? Keytab.fromBase64(source, name) : undefined
  if (fromText !== undefined) return fromText
  if (source instanceof Uint8Array) return Keytab.decode(source, name)
  throw new ConfigurationError(`${name} gave neither octets nor a Keytab, nor one in base64`)
}
