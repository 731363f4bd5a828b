import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { RuntimeBinary } from './binaries.js'
import type { RuntimeSite } from './site.js'

export interface RunningProgram {
  readonly child: ChildProcess
  /** What it has written to its standard error so far. */
  readonly complaints: () => string
  /** Resolves with the rest of the first line that begins with this word. */
  said(word: string): Promise<string>
  end(): Promise<void>
}

/** Runs a program of the project on a runtime. */
export function start(
  { command }: RuntimeBinary,
  { environment }: Pick<RuntimeSite, 'environment'>,
  words: readonly string[],
  project: string,
): RunningProgram {
  const [binary, ...first] = command
  const child = spawn(binary, [...first, ...words], {
    cwd: project,
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (complaints += text))
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const look = (): void => waiting.forEach((waiter) => waiter())
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    look()
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  void ended.then(look)
  const said = (word: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const waiter = (): void => {
        const line = lines.find((one) => one.startsWith(`${word} `))
        if (line === undefined && child.exitCode === null && child.signalCode === null) return
        waiting.delete(waiter)
        if (line === undefined) reject(new Error(`the program ended without saying ${word}:\n${complaints}`))
        else resolve(line.slice(word.length + 1))
      }
      waiting.add(waiter)
      waiter()
    })
  return {
    child,
    complaints: () => complaints,
    said,
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
