import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BLOCKS, EAST_CAPPED_HOST, hostNumbers, LEASE_PORT } from './addresses.js'

export type Environment = Record<string, string | undefined>

export interface RunOptions {
  environment?: Environment
  input?: string
  directory?: string
  /** Milliseconds after which the program is killed. Default: two minutes. */
  timeout?: number
}

export interface RunResult {
  status: number
  stdout: string
  stderr: string
}

/**
 * Every process of the harness, each in a process group of its own that the guard knows and stops
 * at the end.
 */
export interface Processes {
  /** The address block that this run owns, for example `127.0.88`. */
  readonly block: string
  /** Runs a program to its end; rejects unless it ends with 0. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Starts a daemon; its output goes to `log/NAME.out`. */
  start(name: string, program: string, args: readonly string[], environment?: Environment): void
  /** The daemons that ended although nobody stopped them, with the end of their output. */
  fallen(): string[]
  /** A folder that has to go at the end, as that of the run has. */
  removeAtEnd(folder: string): void
  /** Stops everything, removes the folder, frees the block. */
  stop(): Promise<void>
}

export async function openProcesses(
  folder: string,
  environment: Environment,
  kdcPort: number,
  keep: boolean,
): Promise<Processes> {
  const guard = startGuard(folder, kdcPort, keep)
  const block = await firstLine(guard)
  const daemons = new Map<string, ChildProcess>()
  let stopping: Promise<void> | undefined

  const adopt = (child: ChildProcess): void => {
    const { pid } = child
    if (pid === undefined) return
    guard.stdin?.write(`+${pid}\n`)
    child.once('exit', () => {
      if (stopping === undefined) guard.stdin?.write(`-${pid}\n`)
    })
  }
  return {
    block,
    async run(program, args, options = {}) {
      const merged = { ...options, environment: { ...environment, ...options.environment } }
      const result = await runProgram(program, args, merged, adopt)
      if (result.status !== 0) throw new Error(failure(program, args, result))
      return result
    },
    start(name, program, args, extra = {}) {
      const child = startDaemon(folder, name, program, args, { ...environment, ...extra })
      daemons.set(name, child)
      adopt(child)
    },
    fallen: () =>
      [...daemons]
        .filter(([, child]) => child.exitCode !== null || child.signalCode !== null)
        .map(([name, child]) => `${name} ended (${child.signalCode ?? child.exitCode}): ${lastOutput(folder, name)}`),
    removeAtEnd: (another) => void guard.stdin?.write(`${another}\n`),
    stop() {
      stopping ??= new Promise((resolve) => {
        guard.once('exit', () => resolve())
        guard.ref()
        guard.stdin?.end()
      })
      return stopping
    },
  }
}

/**
 * Runs a program to its end and reports how it went, whatever its exit status. `started` makes it a
 * process group of its own.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
  started?: (child: ChildProcess) => void,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.directory,
      env: { ...process.env, ...options.environment },
      // Whoever detaches it must end it: all others end with the process group that they are
      // started in.
      detached: started !== undefined,
    })
    started?.(child)
    const out: Buffer[] = []
    const err: Buffer[] = []
    const timer = setTimeout(() => (started ? killGroup(child) : child.kill('SIGKILL')), options.timeout ?? 120_000)
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.once('error', (cause) => {
      clearTimeout(timer)
      reject(new Error(`cannot run ${program}: ${cause.message}`, { cause }))
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ status: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
    })
    child.stdin.on('error', () => {}) // the program may end before it has read everything
    child.stdin.end(options.input ?? '')
  })
}

/** Resolves when something accepts a TCP connection there. */
export async function waitForPort(
  host: string,
  port: number,
  processes: Processes,
  milliseconds = 20_000,
): Promise<void> {
  await waitUntil(`nothing listens on ${host}:${port}`, () => answers(host, port), processes, milliseconds)
}

/**
 * Asks again every 50 ms; gives up early when a daemon has died, because then it is that which
 * matters.
 */
export async function waitUntil(
  problem: string,
  ready: () => Promise<boolean>,
  processes: Processes,
  milliseconds = 30_000,
): Promise<void> {
  const deadline = Date.now() + milliseconds
  while (!(await ready())) {
    const fallen = processes.fallen()
    if (fallen.length > 0) throw new Error(`${problem}: ${fallen.join('; ')}`)
    if (Date.now() > deadline) throw new Error(`${problem} after ${milliseconds} ms`)
    await sleep(50)
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 })
    const finish = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => finish(true))
    socket.once('timeout', () => finish(false))
    socket.once('error', () => finish(false))
  })
}

function startGuard(folder: string, kdcPort: number, keep: boolean): ChildProcess {
  const script = fileURLToPath(new URL('guard.mjs', import.meta.url))
  const hosts = [...Object.values(hostNumbers), EAST_CAPPED_HOST].join(',')
  const args = [folder, keep ? 'keep' : 'remove', BLOCKS.first, BLOCKS.last, LEASE_PORT, kdcPort, hosts]
  const guard = spawn(process.execPath, [script, ...args.map(String)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  })
  guard.stdin.on('error', () => {})
  guard.unref()
  return guard
}

async function firstLine(guard: ChildProcess): Promise<string> {
  if (guard.stdout === null) throw new Error('the guard has no output')
  const lines = createInterface({ input: guard.stdout })
  const line = await new Promise<string>((resolve) => {
    lines.once('line', resolve)
    lines.once('close', () => resolve('!the guard ended before it said anything'))
  })
  lines.close()
  guard.stdout.destroy()
  if (line.startsWith('!')) {
    guard.stdin?.end() // it removes the folder
    throw new Error(line.slice(1))
  }
  return line
}

function startDaemon(
  folder: string,
  name: string,
  program: string,
  args: readonly string[],
  environment: Environment,
): ChildProcess {
  mkdirSync(join(folder, 'log'), { recursive: true })
  const log = openSync(join(folder, 'log', `${name}.out`), 'a')
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.once('error', () => {}) // shows as a daemon that never listens
  child.unref()
  return child
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // it has just ended
  }
}

function lastOutput(folder: string, name: string): string {
  const text = readFileSync(join(folder, 'log', `${name}.out`), 'utf8').trim()
  return text.slice(-600) || 'no output'
}

function failure(program: string, args: readonly string[], result: RunResult): string {
  const said = (result.stderr.trim() || result.stdout.trim()).slice(-1500)
  return `${program} ${args.slice(0, 3).join(' ')} … ended with ${result.status}: ${said}`
}
