import { COMMANDS, runCommandLine, type Session } from '@s4u/cli'

/** Runs a command of `s4u`, with what a user types when it asks. */
export async function s4u(words: readonly string[], typed: readonly string[] = []) {
  const printed = { out: '', err: '' }
  const answers = [...typed]
  const answer = async (): Promise<string> => answers.shift() ?? ''
  const session: Omit<Session, 'print'> = {
    environment: process.env,
    now: Date.now,
    signal: new AbortController().signal,
    isInteractive: true,
    readInput: async () => new Uint8Array(),
    askSecret: answer,
    ask: answer,
    tell: (line) => void (printed.err += `${line}\n`),
  }
  const page = { width: 100, hasColours: false }
  const output = (name: 'out' | 'err') => ({
    page,
    write: (data: string | Uint8Array) => void (printed[name] += String(data)),
  })
  const outputs = { out: output('out'), err: output('err') }
  const code = await runCommandLine(COMMANDS, words, { version: '0.0.0', outputs, session })
  return { code, ...printed }
}
