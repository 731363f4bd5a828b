import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { SecurityContext } from '@s4u/gssapi'

/** A program that speaks in lines: a base64 token each. */
export interface Conversation extends AsyncDisposable {
  /**
   * Undefined where the program has no token to send. Rejects, with what the program said, when it
   * has ended.
   */
  receive(): Promise<Uint8Array | undefined>
  receiveLine(): Promise<string>
  send(token: Uint8Array | undefined): void
  sendLine(line: string): void
}

export function converse(program: string, args: readonly string[], environment: Record<string, string>): Conversation {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, timeout: 30_000 })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let errors = ''
  child.stderr.on('data', (chunk) => (errors += chunk))
  child.stdin.on('error', () => {}) // it has ended, which the next line would have told
  const receiveLine = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (!done) return value
    await ended
    throw new Error(`${program} ended: ${errors}`)
  }
  const sendLine = (line: string): void => void child.stdin.write(`${line}\n`)
  return {
    receiveLine,
    sendLine,
    async receive() {
      const line = await receiveLine()
      return line === '-' ? undefined : new Uint8Array(Buffer.from(line, 'base64'))
    },
    send: (token) => sendLine(token === undefined ? '-' : base64(token)),
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

export const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')

const THEIRS = new TextEncoder().encode('from the peer')
const OURS = new TextEncoder().encode('from the service')

/**
 * MIC and Wrap tokens in both directions, sealed and signed only; rejects when either side takes
 * offence at one.
 */
export async function exchangeMessages(peer: Conversation, context: SecurityContext): Promise<void> {
  const next = async (): Promise<Uint8Array> => (await peer.receive()) ?? new Uint8Array(0)
  context.verifyMic(THEIRS, await next())
  requireSame(context.unwrap(await next(), { confidential: true }))
  requireSame(context.unwrap(await next()))
  peer.send(context.getMic(OURS))
  peer.send(context.wrap(OURS))
  peer.send(context.wrap(OURS, { confidential: false }))
  const verdict = await peer.receiveLine()
  if (verdict !== 'ok') throw new Error(`the peer said ${verdict}`)
}

function requireSame(data: Uint8Array): void {
  if (Buffer.compare(data, THEIRS) !== 0) throw new Error('another message came')
}
