import type { Command } from './command-line/command.js'
import { completionOf } from './commands/completion.js'
import { decode } from './commands/decode.js'
import { doctor } from './commands/doctor.js'
import { explain } from './commands/explain.js'
import { fetchCommand } from './commands/fetch.js'
import { gateway } from './commands/gateway.js'
import { join } from './commands/join.js'
import { kdestroy } from './commands/kdestroy.js'
import { keytab } from './commands/keytab/keytab.js'
import { kinit } from './commands/kinit.js'
import { klist } from './commands/klist.js'
import { kpasswd } from './commands/kpasswd.js'
import { kvno } from './commands/kvno.js'
import { realm } from './commands/realm.js'
import { whoami } from './commands/whoami.js'

const OTHERS: readonly Command[] = [
  kinit,
  klist,
  kdestroy,
  kvno,
  kpasswd,
  whoami,
  fetchCommand,
  keytab,
  decode,
  explain,
  doctor,
  join,
  gateway,
  realm,
]

/** Every command of `s4u`, in the order of the help. */
export const COMMANDS: readonly Command[] = [...OTHERS, completionOf(OTHERS)]
