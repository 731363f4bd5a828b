import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Samba's own NTLM, one end of a handshake, which talks in lines (ntlm_auth(1)). */
export class SambaNtlmAuth implements Disposable {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(protocol: 'ntlmssp-client-1' | 'squid-2.5-ntlmssp', args: readonly string[]) {
    const child = spawn('ntlm_auth', [`--helper-protocol=${protocol}`, ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#process = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** Sends a command, and returns the answer: its word, and what stands behind. */
  async say(command: string, token?: Uint8Array): Promise<readonly [word: string, rest: string]> {
    const behind = token === undefined ? '' : ` ${Buffer.from(token).toString('base64')}`
    this.#process.stdin?.write(`${command}${behind}\n`)
    const { value = '' } = await this.#lines.next()
    const [word, ...rest] = String(value).split(' ')
    return [word, rest.join(' ')]
  }

  [Symbol.dispose](): void {
    this.#process.kill()
  }
}
