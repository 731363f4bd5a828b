/**
 * Several caches in one folder (`DIR:`). The file `primary` in it says which cache is current.
 * Source: MIT krb5 documentation, "Credential cache", and its cc_dir.c.
 */

import {
  type CacheContents,
  type CachedCredential,
  ConfigurationError,
  type CredentialCache,
  type Principal,
  S4uError,
  samePrincipal,
  shownPath,
} from '@s4u/krb5'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { FileCache } from './file-cache.js'
import type { NamedCredentialCache } from './named-cache.js'
import { readOwnFile, writeOwnFile } from './own-file.js'

/** Returns one cache of a folder by its own path. */
export function memberOfFolder(path: string): NamedCredentialCache {
  return new FileCache(path, `DIR::${path}`)
}

/**
 * Returns the caches of a folder, the current one first; an empty list if there is no folder.
 *
 * @throws ConfigurationError
 */
export function cachesOfFolder(folder: string): readonly NamedCredentialCache[] {
  return membersOf(folder).map((name) => memberOfFolder(join(folder, name)))
}

/** The current cache of a folder. It may be another one at each call. */
export class FolderCache implements NamedCredentialCache {
  readonly name: string
  readonly #folder: string
  #member: NamedCredentialCache | undefined

  constructor(folder: string) {
    this.name = `DIR:${folder}`
    this.#folder = folder
  }

  async read(): Promise<CredentialCache> {
    return this.readNow()
  }

  readNow(): CredentialCache {
    return this.#current().readNow()
  }

  hasChanged(): boolean {
    const before = this.#member
    return this.#current() !== before || (before?.hasChanged() ?? true)
  }

  /**
   * Does what kinit does: writes the cache of this principal if there is one, otherwise a new one
   * beside those of others. That cache becomes the current one.
   */
  async replace(contents: CacheContents): Promise<void> {
    makeFolder(this.#folder)
    const member = placeFor(this.#folder, contents.principal)
    await memberOfFolder(join(this.#folder, member)).replace(contents)
    if (member === currentOf(this.#folder)) return
    const primary = join(this.#folder, PRIMARY)
    writeOwnFile(primary, new TextEncoder().encode(`${member}\n`), primary)
  }

  async store(credential: CachedCredential): Promise<void> {
    await this.#current().store(credential)
  }

  async destroy(): Promise<boolean> {
    return this.#current().destroy()
  }

  #current(): NamedCredentialCache {
    const path = join(this.#folder, currentOf(this.#folder))
    if (this.#member?.name !== `DIR::${path}`) this.#member = memberOfFolder(path)
    return this.#member
  }
}

const PRIMARY = 'primary'
/** The current cache if no file `primary` names one. */
const FIRST = 'tkt'

/**
 * Tells whether a text is the name of a cache in the folder. A name with a slash would lead out of
 * it.
 */
function isMemberName(name: string): boolean {
  return /^tkt[^/\0]*$/.test(name)
}

/** Returns the names of the caches, the current one first. */
function membersOf(folder: string): readonly string[] {
  const current = currentOf(folder)
  const names = existsSync(folder) ? readdirSync(folder).filter(isMemberName).sort() : []
  return [...names.filter((name) => name === current), ...names.filter((name) => name !== current)]
}

function placeFor(folder: string, principal: Principal): string {
  const current = currentOf(folder)
  const names = membersOf(folder)
  if (!names.includes(current)) return current
  const own = names.find((name) => isOf(principal, memberOfFolder(join(folder, name))))
  return own ?? `${FIRST}${randomBytes(4).toString('hex')}`
}

function isOf(principal: Principal, cache: NamedCredentialCache): boolean {
  try {
    return samePrincipal(cache.readNow().principal, principal)
  } catch (error) {
    if (S4uError.is(error)) return false
    throw error
  }
}

function currentOf(folder: string): string {
  const path = join(folder, PRIMARY)
  const shown = existsSync(path) ? path : shownPath(path)
  const name = firstLineOf(path, shown)
  if (name === undefined) return FIRST
  if (isMemberName(name)) return name
  throw new ConfigurationError(`${shown} does not name a cache: expected one line that begins with tkt`, {
    code: 'KRB5_CC_FORMAT',
    hint: `Remove ${shown} and run kinit, or kswitch -c DIR::/path of the cache that is to be the current one.`,
  })
}

function firstLineOf(path: string, shown: string): string | undefined {
  try {
    return new TextDecoder().decode(readOwnFile(path, shown).octets).replace(/\n$/, '')
  } catch (error) {
    if (S4uError.is(error) && error.code === 'KRB5_FCC_NOFILE') return undefined
    throw error
  }
}

/**
 * Makes the folder. Its parent must exist, as in MIT's library: a mistyped path must not create a
 * tree of folders.
 */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (existsSync(folder)) return
    const shown = shownPath(folder)
    throw new ConfigurationError(`cannot make the folder ${shown} for credential caches`, {
      code: 'KRB5_FCC_NOFILE',
      hint: 'Make the folder that it is to be in, and let the user of this process write there.',
      cause: shown === folder ? error : undefined,
    })
  }
}
