/** A real pseudo-terminal, by the program `script`: what is typed there, and what is seen. */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { program } from './s4u-process.js'

/** Where util-linux has put it. Elsewhere, as on Windows, there is no such terminal. */
export const hasTerminal = existsSync('/usr/bin/script') && process.platform === 'linux'

export interface Seen {
  readonly status: number
  /** Everything that was on the screen, line ends as a terminal has them. */
  readonly screen: string
}

/** What is to be seen before it is typed, and what is typed then. */
export type Step = readonly [seen: string, typed: string]

/** Runs `s4u` in a terminal, and answers each question when it is seen. */
export function atTerminal(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  steps: readonly Step[],
): Promise<Seen> {
  const line = [process.execPath, program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const env = { ...process.env, NODE_OPTIONS: undefined, COLUMNS: undefined, ...environment }
  const child = spawn('/usr/bin/script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    env,
    timeout: 20_000,
  })
  let screen = ''
  let from = 0
  const left = [...steps]
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString()
    const [step] = left
    const at = step === undefined ? -1 : screen.indexOf(step[0], from)
    if (step === undefined || at < 0) return
    left.shift()
    from = at + step[0].length
    child.stdin.write(step[1])
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ status: code ?? -1, screen }))
  })
}
