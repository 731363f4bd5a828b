#!/usr/bin/env node
/** The program `s4u`. */

import { COMMANDS } from './command-table.js'
import { runCommandLine } from './command-line/run.js'
import { surroundingsOfProcess } from './this-process.js'

process.exitCode = await runCommandLine(COMMANDS, process.argv.slice(2), surroundingsOfProcess())
