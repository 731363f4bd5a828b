import type { Machine } from '@s4u/krb5'
import { readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'

/** The machine, and the user, that this process runs on and as. */
export const thisMachine: Machine = {
  readFile: (path) => readFileSync(path, 'utf8'),
  listFolder: (path) => readdirSync(path),
  get environment() {
    return process.env
  },
  get uid() {
    return process.getuid?.()
  },
  get euid() {
    return process.geteuid?.()
  },
  username: () => userInfo().username,
}
