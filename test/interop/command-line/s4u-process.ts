/** Runs `s4u` as users do: a process of its own, from what was built. */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const program = fileURLToPath(new URL('../../../packages/cli/dist/s4u.js', import.meta.url))

export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface ProcessOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** What the standard input has. Default: nothing. */
  readonly input?: string | Uint8Array
  /** Ends the process after so many milliseconds. Default 30,000. */
  readonly timeLimit?: number
  /** The user, and the group of the same number, as whom it runs. Default: as this process. */
  readonly user?: number
}

/**
 * Runs one command line to its end. Colours are off, and nothing is wrapped, unless the environment
 * says so.
 */
export function s4u(args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  if (!existsSync(program)) throw new Error(`${program} is not there: run npm run build`)
  return runToEnd(process.execPath, [program, ...args], options)
}

/** The same, for what must succeed. */
export async function s4uOk(args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  const ended = await s4u(args, options)
  if (ended.status === 0) return ended
  throw new Error(`s4u ${args.join(' ')} ended with ${ended.status}: ${ended.stderr}${ended.stdout}`)
}

/** The document that a command prints with `--json`. */
export async function s4uJson(args: readonly string[], options: ProcessOptions = {}): Promise<Record<string, unknown>> {
  return JSON.parse((await s4u([...args, '--json'], options)).stdout)
}

export function runToEnd(command: string, args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  const { environment = {}, input = '', timeLimit = 30_000, user } = options
  const env = { ...process.env, COLUMNS: undefined, NODE_OPTIONS: undefined, FORCE_COLOR: undefined, ...environment }
  const child = spawn(command, args, { env, timeout: timeLimit, uid: user, gid: user })
  child.stdin.on('error', () => {}).end(input)
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const [stdout, stderr] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()]
      if (code === null) reject(new Error(`${command} was ended by ${signal}: ${stderr}`))
      else resolve({ status: code, stdout, stderr })
    })
  })
}
