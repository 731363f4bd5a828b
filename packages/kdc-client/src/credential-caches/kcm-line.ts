/**
 * Talks to the KCM through a socket of this machine: asynchronously, or, where the answer is needed
 * at once, while the thread waits.
 */

import { ConfigurationError, MalformedTokenError, shownPath } from '@s4u/krb5'
import { connect, type Socket } from 'node:net'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { type KcmDialogue, KcmRefusal } from './kcm-dialogue.js'

/**
 * Milliseconds. The KCM is on this machine and has everything in its memory; one that does not
 * answer must not block the app for ever.
 */
const TIME_LIMIT = 10_000

/** The limit of MIT's library. The tickets of a user take some kilobytes each. */
const MAX_ANSWER = 10 * 1024 * 1024

/** The octets of the length, and of the status that stands before the contents. */
const HEAD = 8

const CLOSED = 'closed'
const LATE = 'no answer'
const TOO_LONG = 'too long an answer'

/**
 * The status with what follows it; or the reason why there is none: a constant of this file, or the
 * system's own code.
 */
type Answer = { readonly octets: Uint8Array } | { readonly failure: string }

/**
 * Runs a dialogue with the KCM, and resolves with its result.
 *
 * @throws ConfigurationError KRB5_KCM_NO_SERVER, KRB5_KCM_RPC_ERROR; what the dialogue throws
 */
export async function converse<T>(
  socketPath: string,
  dialogue: KcmDialogue<T>,
  timeLimit: number = TIME_LIMIT,
): Promise<T> {
  let socket: Socket | undefined
  try {
    let step = dialogue.next()
    while (!step.done) {
      socket ??= connect(socketPath)
      const answer = await exchange(socket, framed(step.value), timeLimit)
      if ('failure' in answer) socket = void socket.destroy()
      step = resume(dialogue, answer, socketPath)
    }
    return step.value
  } catch (error) {
    throw explained(error)
  } finally {
    socket?.destroy()
  }
}

/**
 * Runs a dialogue while everything else in this thread waits.
 *
 * @throws as `converse` does
 */
export function converseNow<T>(socketPath: string, dialogue: KcmDialogue<T>, timeLimit: number = TIME_LIMIT): T {
  let line: WaitingLine | undefined
  try {
    let step = dialogue.next()
    while (!step.done) {
      line ??= new WaitingLine(socketPath)
      const answer = line.ask(framed(step.value), timeLimit)
      if ('failure' in answer) line = void line.close()
      step = resume(dialogue, answer, socketPath)
    }
    return step.value
  } catch (error) {
    throw explained(error)
  } finally {
    line?.close()
  }
}

function framed(request: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + request.length)
  new DataView(frame.buffer).setUint32(0, request.length)
  frame.set(request, 4)
  return frame
}

/**
 * Passes an answer to the dialogue. A KCM that closes the connection may only not know the request,
 * so the dialogue may try another one.
 */
function resume<T>(dialogue: KcmDialogue<T>, answer: Answer, socketPath: string): IteratorResult<Uint8Array, T> {
  if ('octets' in answer) return dialogue.next(answer.octets)
  if (answer.failure === CLOSED) return dialogue.throw(new KcmRefusal())
  if (answer.failure === TOO_LONG)
    throw new MalformedTokenError({ path: 'KCM', expected: `at most ${MAX_ANSWER} octets`, found: 'more' })
  throw noServer(socketPath, answer.failure)
}

function exchange(socket: Socket, frame: Uint8Array, timeLimit: number): Promise<Answer> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const end = (answer: Answer): void => {
      clearTimeout(timer)
      socket.removeAllListeners()
      // An error after the answer must not end the process.
      socket.on('error', () => {})
      resolve(answer)
    }
    const timer = setTimeout(() => end({ failure: LATE }), timeLimit)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const length = received.length < HEAD ? 0 : HEAD + received.readUInt32BE(0)
      if (length > MAX_ANSWER) end({ failure: TOO_LONG })
      else if (received.length >= HEAD && received.length >= length)
        end({ octets: new Uint8Array(received.subarray(4, length)) })
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end({ failure: error.code === 'ECONNRESET' || error.code === 'EPIPE' ? CLOSED : String(error.code) }),
    )
    socket.on('close', () => end({ failure: CLOSED }))
    socket.write(frame)
  })
}

/**
 * The program of a thread that has the socket, since Node reads no socket while the event loop is
 * blocked. It only carries octets. It is a text so that it runs from the sources and from the built
 * package alike.
 */
const CARRIER = `
const { connect } = require('node:net')
const { parentPort, workerData: { path, port, signal, head, max } } = require('node:worker_threads')
let received = Buffer.alloc(0)
const answer = (message) => {
  received = Buffer.alloc(0)
  port.postMessage(message)
  Atomics.store(signal, 0, 1)
  Atomics.notify(signal, 0)
}
const socket = connect(path)
socket.on('data', (chunk) => {
  received = Buffer.concat([received, chunk])
  const length = received.length < head ? 0 : head + received.readUInt32BE(0)
  if (length > max) answer({ failure: '${TOO_LONG}' })
  else if (received.length >= head && received.length >= length)
    answer({ octets: new Uint8Array(received.subarray(4, length)) })
})
socket.on('error', ({ code }) => answer({ failure: code === 'ECONNRESET' || code === 'EPIPE' ? '${CLOSED}' : String(code) }))
socket.on('close', () => answer({ failure: '${CLOSED}' }))
// A socket that is closed already emits no event.
parentPort.on('message', (frame) => socket.destroyed ? answer({ failure: '${CLOSED}' }) : socket.write(frame))
`

class WaitingLine {
  readonly #signal = new Int32Array(new SharedArrayBuffer(4))
  readonly #worker: Worker
  readonly #answers

  constructor(path: string) {
    const { port1, port2 } = new MessageChannel()
    this.#answers = port1
    this.#worker = new Worker(CARRIER, {
      eval: true,
      workerData: { path, port: port2, signal: this.#signal, head: HEAD, max: MAX_ANSWER },
      transferList: [port2],
      execArgv: [],
    })
    this.#worker.unref()
    // The thread is asked for nothing beyond what was answered here.
    this.#worker.on('error', () => {})
  }

  ask(frame: Uint8Array, timeLimit: number): Answer {
    Atomics.store(this.#signal, 0, 0)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    this.#worker.postMessage(frame)
    Atomics.wait(this.#signal, 0, 0, timeLimit)
    const received: { readonly message: Answer } | undefined = receiveMessageOnPort(this.#answers)
    return received?.message ?? { failure: LATE }
  }

  close(): void {
    this.#answers.close()
    void this.#worker.terminate()
  }
}

function noServer(socketPath: string, failure: string): ConfigurationError {
  const isAbsent = failure === 'ENOENT' || failure === 'ECONNREFUSED'
  return new ConfigurationError(
    `the credential cache is in a KCM, and none ${isAbsent ? 'listens' : 'can be asked'} at ${shownPath(socketPath)}: ${failure}`,
    {
      code: 'KRB5_KCM_NO_SERVER',
      hint: 'Start it (sssd-kcm.socket, or heimdal-kcm), in a container give its socket to this process, or have the tickets in a file: kinit -c FILE:/path, and FILE:/path here or in KRB5CCNAME.',
    },
  )
}

function explained(error: unknown): unknown {
  const isRefusal = error instanceof KcmRefusal
  if (!isRefusal && !(error instanceof MalformedTokenError)) return error
  return new ConfigurationError(`the KCM, which has the credential cache, is of no help: ${error.message}`, {
    code: isRefusal ? 'KRB5_KCM_RPC_ERROR' : 'KRB5_KCM_MALFORMED_REPLY',
    hint: 'Look whether klist, with the same KRB5CCNAME, shows the cache; and at the log of sssd_kcm or kcm.',
    cause: error,
  })
}
