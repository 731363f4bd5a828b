import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A running demo, in a process group of its own as a terminal would start it. */
export interface Demo {
  readonly child: ChildProcess
  /** Of the page. */
  readonly url: string
  /** All that it has printed. */
  output(): string
  /** Ends it as Ctrl-C does, and resolves when it has ended. */
  stop(): Promise<void>
}

/** Starts the demo with its page, by whatever command does that. */
export async function startDemo(
  command: string,
  args: readonly string[],
  environment: Record<string, string | undefined> = {},
): Promise<Demo> {
  const env = { ...process.env, NO_COLOR: '1', ...environment }
  const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  putOnLeash(child)
  const ended = once(child, 'exit')
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const found = /s4u demo: (\S+)/.exec(output)
      if (found) resolve(found[1])
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', () => reject(new Error(`the demo ended: ${output}`)))
  })
  const stop = async (): Promise<void> => {
    signalGroup(child, 'SIGINT')
    await ended
  }
  return { child, url, output: () => output, stop }
}

/** Ends the group with this process, in whatever way that goes: nobody else knows of it. */
function putOnLeash(child: ChildProcess): void {
  const program = `process.stdin.resume().on('end', () => { try { process.kill(-${child.pid}, 'SIGKILL') } catch {} })`
  const leash = spawn(process.execPath, ['-e', program], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  leash.unref()
  // The number of a group that is gone may become another's.
  child.once('exit', () => groupLives(child) || leash.kill('SIGKILL'))
}

/** Whether any process of the group still lives. */
export function groupLives(child: ChildProcess): boolean {
  return signalGroup(child, 0)
}

export function signalGroup({ pid = 0 }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}
