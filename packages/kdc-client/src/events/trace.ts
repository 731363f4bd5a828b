/**
 * What goes between us and KDCs, for whoever set KRB5_TRACE as for MIT's tools: the name of a file, `/dev/stderr` or `/dev/stdout`. Lines
 * look as MIT's do, so that people who read those find their way. Source: MIT krb5 documentation, "Environment variables", KRB5_TRACE.
 */

import { constants, openSync, writeSync } from 'node:fs'
import { printable, shownPath } from '@s4u/krb5'

interface TraceFile {
  readonly path: string
  readonly write: (line: string) => void
}

let file: TraceFile | undefined

/** Whether anybody reads: if not, making a line can be saved. */
export function isTraced(): boolean {
  return Boolean(process.env.KRB5_TRACE)
}

/** Writes a line, in which there is no key, password or ticket: `[1234] 1717171717.123456: Sending request (181 bytes) to AD.TEST`. */
export function trace(make: () => string): void {
  const path = process.env.KRB5_TRACE
  if (!path) return
  if (file?.path !== path) file = { path, write: writerTo(path) }
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1_000)
  const [seconds, rest] = [Math.floor(micros / 1e6), micros % 1e6]
  file.write(`[${process.pid}] ${seconds}.${String(rest).padStart(6, '0')}: ${printable(make())}\n`)
}

/** Written at once, as MIT does: a process that ends in the middle is what a trace is looked at for. */
function writerTo(path: string): (line: string) => void {
  // Opened by name they are new files on some systems, and sockets, which cannot be opened, below a parent process.
  if (path === '/dev/stderr') return (line) => void process.stderr.write(line)
  if (path === '/dev/stdout') return (line) => void process.stdout.write(line)
  let descriptor: number | undefined
  return (line) => {
    try {
      descriptor ??= openSync(path, APPENDING, OWNER_ONLY)
      if (descriptor >= 0) writeSync(descriptor, line)
    } catch (error) {
      // Nobody is refused a ticket because a disk is full.
      descriptor = NONE
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
      const text = `KRB5_TRACE: cannot write to ${shownPath(path)} (${reason}): nothing is traced`
      process.emitWarning(text, { type: 'S4uWarning', code: 'S4U_TRACE' })
    }
  }
}

/** Names of users and services are in it. */
const OWNER_ONLY = 0o600

/** A pipe that nobody reads, which another user may have put there, is not waited for: everything would stand still. */
const APPENDING = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0)

const NONE = -1
