import { existsSync, readFileSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigurationError, Keytab, shownPath, unreadableKeytab } from '@s4u/krb5'
import type { KeytabLocation } from './keytab-location.js'

/** A keytab in a file. The file is read again when it changes. */
export class KeytabFile implements KeytabLocation {
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
    // Text that names an existing file is a path. Other text might be the keys themselves, or a
    // password.
    this.name = existsSync(path) ? path : shownPath(path)
  }

  loadNow(): Keytab {
    return this.#reading(() => {
      // Before reading the file, so that a change during the reading is noticed by the next check.
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
      // The file may still be written to. Then the next check reads it.
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
      throw unreadableKeytab(this.name, error, { isNameShown: this.name === this.#path })
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

/**
 * The size limit of a keytab. A larger file holds more than keys of services, and would be read
 * again with every change.
 */
const MAX_KEYTAB_OCTETS = 32 * 1024 * 1024

/**
 * How long to wait before a keytab with unreadable records is looked at again, in milliseconds:
 * programs write a keytab record by record.
 */
const SETTLING = 100
