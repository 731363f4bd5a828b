import type { CommandGroup } from '../../command-line/command.js'
import { keytabCheck } from './check.js'
import { keytabCreate } from './create.js'
import { keytabList } from './list.js'
import { keytabMerge } from './merge.js'
import { keytabPrune } from './prune.js'
import { keytabRotate } from './rotate.js'

export const keytab: CommandGroup = {
  name: 'keytab',
  summary: 'Show, make, merge, rotate, prune and check keytabs',
  commands: [keytabList, keytabCreate, keytabMerge, keytabRotate, keytabPrune, keytabCheck],
}
