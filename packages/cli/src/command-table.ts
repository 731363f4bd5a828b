import type { Command } from './command-line/command.js'
import { doctor } from './commands/doctor.js'
import { kdestroy } from './commands/kdestroy.js'
import { kinit } from './commands/kinit.js'
import { klist } from './commands/klist.js'
import { kvno } from './commands/kvno.js'

/** Every command of `s4u`, in the order of the help. */
export const COMMANDS: readonly Command[] = [kinit, klist, kdestroy, kvno, doctor]
