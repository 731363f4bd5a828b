import { platform } from '#platform'
import type { Machine } from '../platform/machine.js'

/**
 * The machine and the user that this process runs on and as. On platforms without files, it has
 * none.
 */
export const thisMachine: Machine = platform.machine
