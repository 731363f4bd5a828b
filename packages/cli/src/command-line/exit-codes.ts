import { KdcUnreachableError } from '@s4u/kdc-client'
import { UsageError } from '../usage-error.js'

/** What the shell is told. Only success is 0. */
export const EXIT = {
  /** The command did what it says. */
  OK: 0,
  /** Somebody said no, or what was looked for is not so. */
  REFUSED: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** No KDC, server or file service answered. */
  UNREACHABLE: 3,
  /** Ctrl-C: 128 and the number of SIGINT, as shells have it. */
  INTERRUPTED: 130,
} as const

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.USAGE
  if (error instanceof KdcUnreachableError) return EXIT.UNREACHABLE
  if (error instanceof Error && error.name === 'AbortError') return EXIT.INTERRUPTED
  return EXIT.REFUSED
}
