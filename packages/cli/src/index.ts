/**
 * The command `s4u` as a library: the table of commands, and what runs a command line.
 * Programs use the other packages; this one has no logic of its own.
 */

export { diagnose, type DiagnoseOptions, type Diagnosis } from '@s4u/doctor'
export { COMMANDS } from './command-table.js'
export type { Command, CommandGroup, RunnableCommand } from './command-line/command.js'
export { EXIT } from './command-line/exit-codes.js'
export { type OutputStream, type Outputs, runCommandLine, type Surroundings } from './command-line/run.js'
export { UsageError } from './usage-error.js'
export type { Page } from './terminal/page.js'
export type { JsonValue, Report } from './terminal/report.js'
export type { Session } from './terminal/session.js'
