import { type Journal, S4uError, type S4uErrorCode } from '@s4u/krb5'
import { KdcError } from '@s4u/kdc-client'
import type { Controller } from '../controllers/controller.js'
import { DeadlinePassed, withDeadline } from '../deadline.js'
import { DirectoryError, DirectoryUnreachableError, type FailedController } from '../errors.js'
import { ResultCode } from '../ldap/result-code.js'
import { readRootDse } from '../session/root-dse.js'
import type { Session, SessionMeans } from '../session/open-session.js'
import { type Lease, type PoolLimits, SessionPool } from '../session/session-pool.js'

/** What one question may take. */
export interface Question {
  readonly signal: AbortSignal | undefined
  /** For people: `search`. */
  readonly operation: string
  /**
   * Whether the question may be sent a second time if it is not known whether the first one
   * arrived.
   */
  readonly repeatable: boolean
}

export interface FailoverMeans extends SessionMeans {
  readonly limits: PoolLimits
  /** For one question, failover included; milliseconds. */
  readonly timeLimit: number
  readonly journal: Journal
  /** The controllers now; empty where DNS knows none. */
  readonly find: (signal: AbortSignal) => Promise<readonly Controller[]>
}

/** How long a controller that failed is asked last, in milliseconds. */
const REST_AFTER_FAILURE = 30_000

/** The shortest time that a controller has before the next one is asked, in milliseconds. */
const LEAST_PATIENCE = 2_000

/** The controllers of one domain, asked one after the other until one answers. */
export class DomainControllers {
  readonly #name: string
  readonly #means: FailoverMeans
  readonly #pools = new Map<string, SessionPool>()
  readonly #failedAt = new Map<string, number>()
  #isClosed = false

  constructor(name: string, means: FailoverMeans) {
    this.#name = name
    this.#means = means
  }

  /**
   * Runs a question on a session. A question that may not be repeated goes to the next controller
   * only if no session could be opened.
   * @throws DirectoryError, DirectoryUnreachableError, and whatever the KDC says
   */
  async ask<T>(question: Question, run: (session: Session, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.keep(question, run, (lease) => lease.release())
  }

  /** As `ask`, and hands the lease over to `settle` where the question was answered. */
  async keep<T>(
    question: Question,
    run: (session: Session, signal: AbortSignal) => Promise<T>,
    settle: (lease: Lease) => void,
  ): Promise<T> {
    if (this.#isClosed) throw unreachable('the directory is closed', [], 'serverDown')
    const { timeLimit } = this.#means
    const until = performance.now() + timeLimit
    const asking = { question, run, settle, attempts: [], until, wasSent: false }
    try {
      return await withDeadline(timeLimit, question.signal, async (signal) =>
        this.#askEach(this.#inOrder(await this.#find(signal)), asking, signal),
      )
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error
      const isUnknown = asking.wasSent && !question.repeatable
      const what = isUnknown ? `nobody knows whether the ${question.operation} was made: ` : ''
      throw unreachable(`${this.#name}: ${what}${error.message}`, asking.attempts, 'timeLimitExceeded')
    }
  }

  close(): void {
    this.#isClosed = true
    for (const pool of this.#pools.values()) pool.close()
  }

  /** Finds the controllers. The error tells if a name server does not answer, and what it said. */
  async #find(signal: AbortSignal): Promise<readonly Controller[]> {
    try {
      return await this.#means.find(signal)
    } catch (error) {
      if (signal.aborted || S4uError.is(error)) throw error
      const reason = error instanceof Error ? error.message : String(error)
      const attempts = [{ server: 'DNS', reason }]
      throw unreachable(`the controllers of ${this.#name} cannot be looked up`, attempts, 'noControllerFound', error)
    }
  }

  async #askEach<T>(controllers: readonly Controller[], asking: Asking<T>, signal: AbortSignal): Promise<T> {
    const { attempts, question } = asking
    let last: unknown
    for (const [index, controller] of controllers.entries()) {
      const left = asking.until - performance.now()
      const patience = Math.max(LEAST_PATIENCE, left / (controllers.length - index))
      try {
        return await withDeadline(Math.min(patience, left), signal, (attemptSignal) =>
          this.#askOne(controller, asking, attemptSignal),
        )
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (isFinal(error)) throw error
        last = error
        this.#note(controller, error, attempts)
        if (asking.wasSent && !question.repeatable) throw lost(question, controller, error)
      }
    }
    throw this.#nobody(attempts, last)
  }

  async #askOne<T>(controller: Controller, asking: Asking<T>, signal: AbortSignal): Promise<T> {
    const { question, run, settle } = asking
    for (;;) {
      const lease = await this.#poolOf(controller).lease(signal)
      const { session, isFresh } = lease
      try {
        // A question that may be repeated shows whether the idle connection is still open.
        if (!question.repeatable && !isFresh) await readRootDse(session.connection, controller.label, signal)
        asking.wasSent = true
        const answer = await run(session, signal)
        this.#failedAt.delete(controller.label)
        settle(lease)
        return answer
      } catch (error) {
        lease.release()
        if (isFinal(error) || signal.aborted) throw error
        session.connection.close(error instanceof Error ? error : undefined)
        // A failure on an older connection does not tell that the server is down.
        if (isFresh || (asking.wasSent && !question.repeatable)) throw error
      }
    }
  }

  #poolOf(controller: Controller): SessionPool {
    const key = JSON.stringify([controller.label, controller.address, controller.protection, controller.service])
    const known = this.#pools.get(key)
    if (known !== undefined) return known
    const pool = new SessionPool(controller, this.#means, this.#means.limits)
    this.#pools.set(key, pool)
    return pool
  }

  #inOrder(controllers: readonly Controller[]): readonly Controller[] {
    const since = this.#means.now() - REST_AFTER_FAILURE
    const rank = ({ label }: Controller): number => ((this.#failedAt.get(label) ?? -Infinity) > since ? 1 : 0)
    return [...controllers].sort((a, b) => rank(a) - rank(b))
  }

  #note({ label }: Controller, error: unknown, attempts: FailedController[]): void {
    const reason = error instanceof Error ? error.message : String(error)
    attempts.push({ server: label, reason })
    this.#failedAt.set(label, this.#means.now())
    // Not by the name of the host: names of DNS are unsigned, and each new kind is warned of apart.
    this.#means.journal.warn('directory controller', () => ({
      level: 'warn',
      text: `${label} cannot be asked: ${reason}`,
    }))
  }

  /**
   * Makes the error of a question that no controller has answered. With one controller, its own
   * error says the most.
   */
  #nobody(attempts: readonly FailedController[], last: unknown): Error {
    if (attempts.length === 1 && S4uError.is(last)) return last
    if (attempts.length === 0) {
      return unreachable(`no controller of ${this.#name} is known`, attempts, 'noControllerFound')
    }
    const code = last instanceof DeadlinePassed ? 'timeLimitExceeded' : 'serverDown'
    return unreachable(`no controller of ${this.#name} can be asked`, attempts, code, last)
  }
}

interface Asking<T> {
  readonly question: Question
  readonly run: (session: Session, signal: AbortSignal) => Promise<T>
  readonly settle: (lease: Lease) => void
  readonly attempts: FailedController[]
  readonly until: number
  /**
   * Whether a server may have got the question: one that changes something is not asked a second
   * time.
   */
  wasSent: boolean
}

const BUSY_CODES: readonly number[] = [ResultCode.BUSY, ResultCode.UNAVAILABLE]

/**
 * Returns whether an error ends the question. After an error of the server or the network, the
 * next controller is asked; other errors would be the same at each controller.
 */
function isFinal(error: unknown): boolean {
  if (error instanceof DirectoryError)
    return (
      error.answer.operation !== 'bind' &&
      error.answer.operation !== 'startTls' &&
      !BUSY_CODES.includes(error.answer.resultCode)
    )
  if (error instanceof KdcError) return error.code !== 'KDC_ERR_S_PRINCIPAL_UNKNOWN'
  return S4uError.is(error) && error.name !== 'MalformedTokenError' && error.name !== 'RejectedTokenError'
}

function lost({ operation }: Question, { label }: Controller, cause: unknown): DirectoryUnreachableError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return unreachable(`nobody knows whether the ${operation} was made`, [{ server: label, reason }], 'serverDown', cause)
}

function unreachable(
  message: string,
  attempts: readonly FailedController[],
  code: S4uErrorCode,
  cause?: unknown,
): DirectoryUnreachableError {
  return new DirectoryUnreachableError(message, attempts, {
    code,
    ...(cause !== undefined && { cause }),
    ...HINTS[code],
  })
}

const HINTS: Readonly<Record<string, { readonly hint: string }>> = {
  noControllerFound: {
    hint: 'Name controllers in the option servers, or the domain in the option domain: DNS is asked for _ldap._tcp.dc._msdcs and the domain.',
  },
  serverDown: {
    hint: 'Look whether the controllers run, and whether a firewall lets port 389 through (636 with ldaps, 3268 for the global catalogue).',
  },
  timeLimitExceeded: { hint: 'Look whether the controllers run, or raise timeLimit.' },
}
