import { readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { debuglog } from 'node:util'
import type { Platform } from './platform.js'
import { runtimeOf, thisUserAgent } from './runtime.js'

export const platform: Platform = {
  machine: {
    readFile: (path) => readFileSync(path, 'utf8'),
    listFolder: (path) => readdirSync(path),
    get environment() {
      return process.env
    },
    isWindows: process.platform === 'win32',
    get uid() {
      return process.getuid?.()
    },
    get euid() {
      return process.geteuid?.()
    },
    username: () => userInfo().username,
  },
  outlets: {
    debug: debuglog('s4u'),
    warn: (text) => process.emitWarning(text, { type: 'S4uWarning', code: 'S4U_REFUSED' }),
  },
  runtime: runtimeOf(process.versions, thisUserAgent()),
}
