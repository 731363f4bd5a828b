/** What the program is run with: the streams of this process, its terminal and its signals. */

import { printable } from '@s4u/krb5'
import { readFileSync } from 'node:fs'
import type { OutputStream, Surroundings } from './command-line/run.js'
import { EXIT } from './command-line/exit-codes.js'
import { SecretPrompt } from './terminal/secret-prompt.js'

/** @see Surroundings */
export function surroundingsOfProcess(): Surroundings {
  const { stdin, stdout, stderr, env } = process
  const prompt = new SecretPrompt({ input: stdin, output: stderr })
  const signal = interruptions()
  const outputs = { out: outputTo(stdout), err: outputTo(stderr) }
  return {
    version: versionOfPackage(),
    outputs,
    session: {
      environment: env,
      now: Date.now,
      signal,
      isInteractive: stdin.isTTY === true,
      readInput,
      askSecret: (question) => prompt.ask(question, signal),
      ask: (question) => prompt.askOpenly(question, signal),
      tell: (text) => outputs.err.write(`${text.split('\n').map(printable).join('\n')}\n`),
    },
  }
}

function outputTo(stream: NodeJS.WriteStream): OutputStream {
  // `s4u klist | head -1` has what it wants, and closes the pipe: that is no error. The command
  // goes
  // on to its end, with its own exit code: it may be between two halves of a change.
  let isClosed = false
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    isClosed = true
  })
  const page = { width: widthOf(stream), hasColours: hasColours(stream) }
  return { isTerminal: stream.isTTY === true, write: (data) => void (isClosed || stream.write(data)), page }
}

/** COLUMNS is what the user wants; a pipe has no width, and lines in it are for grep. */
function widthOf({ isTTY, columns }: NodeJS.WriteStream): number {
  const wanted = Number(process.env['COLUMNS'])
  if (Number.isInteger(wanted) && wanted > 0) return wanted
  return isTTY && columns > 0 ? columns : Infinity
}

/** Source: https://no-color.org, and FORCE_COLOR as Node has it. */
function hasColours({ isTTY }: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0' && FORCE_COLOR !== 'false') return true
  return isTTY === true && TERM !== 'dumb'
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    const octets: Uint8Array = chunk
    length += octets.length
    if (length > MAX_INPUT_OCTETS) throw new RangeError(`the standard input has more than ${MAX_INPUT_OCTETS} octets`)
    chunks.push(octets)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** No keytab, cache or message is that large; a device that never ends would fill the memory. */
const MAX_INPUT_OCTETS = 64 * 1024 * 1024

/** The first Ctrl-C ends what runs in an orderly way, the second one at once. */
function interruptions(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT.INTERRUPTED)
      controller.abort()
    })
  return controller.signal
}

function versionOfPackage(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isNamed ? String(manifest.version) : 'unknown'
}
