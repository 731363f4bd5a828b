/**
 * Writes a trace of the messages to and from KDCs, if KRB5_TRACE names a file, `/dev/stderr` or
 * `/dev/stdout`. The lines look like those of MIT's library, which many administrators know.
 * Source: MIT krb5 documentation, "Environment variables", KRB5_TRACE.
 */

import { constants, openSync, writeSync } from 'node:fs'
import { printable, shownPath } from '@s4u/krb5'

interface TraceFile {
  readonly path: string
  readonly write: (line: string) => void
}

let file: TraceFile | undefined

/** Returns whether there is a trace. Without one, lines need not be made. */
export function isTraced(): boolean {
  return Boolean(process.env.KRB5_TRACE)
}

/**
 * Writes one line, which holds no key, password or ticket:
 * `[1234] 1717171717.123456: Sending request (181 bytes) to AD.TEST`.
 */
export function trace(make: () => string): void {
  const path = process.env.KRB5_TRACE
  if (!path) return
  if (file?.path !== path) file = { path, write: writerTo(path) }
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1_000)
  const [seconds, rest] = [Math.floor(micros / 1e6), micros % 1e6]
  file.write(`[${process.pid}] ${seconds}.${String(rest).padStart(6, '0')}: ${printable(make())}\n`)
}

/**
 * Returns a function that writes a line at once, as MIT's library does: a trace is often read after
 * a process has crashed.
 */
function writerTo(path: string): (line: string) => void {
  // These files cannot be opened by name everywhere: on some systems that makes a new file, and in
  // a child process they may be sockets.
  if (path === '/dev/stderr') return (line) => void process.stderr.write(line)
  if (path === '/dev/stdout') return (line) => void process.stdout.write(line)
  let descriptor: number | undefined
  return (line) => {
    try {
      descriptor ??= openSync(path, APPENDING, OWNER_ONLY)
      if (descriptor >= 0) writeSync(descriptor, line)
    } catch (error) {
      // A full disk must not keep anybody from getting a ticket.
      descriptor = NONE
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
      const text = `KRB5_TRACE: cannot write to ${shownPath(path)} (${reason}): nothing is traced`
      process.emitWarning(text, { type: 'S4uWarning', code: 'S4U_TRACE' })
    }
  }
}

/** A trace holds the names of users and services. */
const OWNER_ONLY = 0o600

/**
 * Another user may have put a pipe there that has no reader. Opening it must not block, or this
 * process would stop.
 */
const APPENDING = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0)

const NONE = -1
