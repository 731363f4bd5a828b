import { RpcFaultError, type S4uErrorCode } from '@s4u/krb5'
import { NetlogonUnreachableError } from '../errors.js'
import type { LogonReply, LogonRequest } from '../netlogon/logon-call.js'
import { isOutage, PerhapsJudged } from './logon-failures.js'
import type { SecureChannel } from './secure-channel.js'

/** A controller, and until when it is asked last. */
interface Member {
  readonly channel: SecureChannel
  illUntil: number
}

/** Several domain controllers, of which the first that is well is asked. */
export class DomainControllers {
  readonly #members: readonly Member[]
  readonly #timeLimit: number
  readonly #now: () => number

  /** @param timeLimit of one controller; milliseconds */
  constructor(channels: readonly SecureChannel[], timeLimit: number, now: () => number) {
    this.#members = channels.map((channel) => ({ channel, illUntil: 0 }))
    this.#timeLimit = timeLimit
    this.#now = now
  }

  /**
   * Returns the verdict. Another controller is asked only where the response was not sent to the
   * first: each that judges a wrong password counts it, and one that is silent may have judged it.
   *
   * @throws NetlogonUnreachableError where there is no verdict
   * @throws ConfigurationError
   */
  logon(request: LogonRequest): Promise<LogonReply> {
    return this.#first((channel, signal) => channel.logon(request, signal))
  }

  /** @throws as `logon` */
  ready(): Promise<void> {
    return this.#first((channel, signal) => channel.ready(signal))
  }

  close(): void {
    for (const { channel } of this.#members) channel.close()
  }

  async #first<T>(ask: (channel: SecureChannel, signal: AbortSignal) => Promise<T>): Promise<T> {
    const failures: unknown[] = []
    for (const member of this.#inOrder().slice(0, MAX_TRIES)) {
      try {
        return await ask(member.channel, AbortSignal.timeout(this.#timeLimit))
      } catch (error) {
        const reason = error instanceof PerhapsJudged ? error.reason : error
        if (!isOutage(reason)) throw reason
        member.illUntil = this.#now() + ILL_FOR
        failures.push(reason)
        if (reason !== error) break
      }
    }
    throw unreachable(failures)
  }

  #inOrder(): readonly Member[] {
    const now = this.#now()
    const isIll = ({ illUntil }: Member): boolean => illUntil > now
    return [...this.#members.filter((member) => !isIll(member)), ...this.#members.filter(isIll)]
  }
}

function unreachable(failures: readonly unknown[]): NetlogonUnreachableError {
  const [first] = failures
  if (first instanceof NetlogonUnreachableError && failures.length === 1) return first
  const said = failures.map((error) => (error instanceof Error ? error.message : 'no answer')).join('; ')
  const cause = failures.length === 1 ? first : new AggregateError(failures)
  const codes = failures.map(codeOf)
  const isOne = codes.every((code) => code === codes[0])
  return new NetlogonUnreachableError(`no domain controller gave a verdict: ${said}`, {
    cause,
    ...(isOne && codes[0] !== undefined && { code: codes[0] }),
    hint: 'Look whether the domain controllers run, and whether this machine reaches TCP port 135 and the ports of RPC there.',
  })
}

function codeOf(error: unknown): S4uErrorCode | undefined {
  return error instanceof NetlogonUnreachableError || error instanceof RpcFaultError ? error.code : undefined
}

/** A caller waits no longer than for two. */
const MAX_TRIES = 2
/** For how long a controller that gave no answer is asked after the others; milliseconds. */
const ILL_FOR = 30_000
