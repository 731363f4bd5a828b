import type { Platform } from './platform.js'
import { isWorkerd, thisUserAgent } from './runtime.js'

/** A platform without files, environment and users. Warnings go to the console. */
export const platform: Platform = {
  machine: {
    readFile: noFiles,
    listFolder: noFiles,
    environment: {},
    uid: undefined,
    euid: undefined,
    username() {
      throw new Error('this platform has no users')
    },
  },
  outlets: {
    debug: Object.assign((): void => {}, { enabled: false }),
    // oxlint-disable-next-line no-console -- the only place for warnings that every platform has
    warn: (text) => console.warn(text),
  },
  runtime: isWorkerd(thisUserAgent()) ? 'workerd' : undefined,
}

function noFiles(path: string): never {
  throw new Error(`this platform has no files, such as ${path}`)
}
