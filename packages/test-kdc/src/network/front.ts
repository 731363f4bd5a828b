import { encode, KRB_ERROR_CODES, KrbError, NameType } from '@s4u/krb5'
import { type Answer, answer } from '../exchanges/answer.js'
import type { Exchange, Kdc } from '../kdc/kdc.js'
import type { Answers } from './listen.js'
import { mangle } from '../kdc/misbehave.js'

/** The KDC behind its transports. What it does wrong on the way out is done here. */
export interface Front extends Answers {
  inMemory(request: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array>
}

export interface FrontOptions {
  /** Octets of the largest reply over UDP. */
  readonly udpReplyLimit: number
  /** Aborted when the realm ends. Replies that wait are dropped then, so no timer outlives it. */
  readonly ended: AbortSignal
}

/** Makes the transports of a KDC. Each request is added to `journal`. */
export function createFront(kdc: Kdc, journal: Exchange[], { udpReplyLimit, ended }: FrontOptions): Front {
  const { misbehave } = kdc
  let previous: Uint8Array | undefined

  async function respond(
    request: Uint8Array,
    via: Exchange['via'],
    signal?: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const answered = answer(kdc, request, via, journal)
    const fresh = answered && (via === 'udp' ? fitting(answered) : answered.reply)
    const reply = misbehave.replayPreviousReply && previous !== undefined ? previous : fresh
    previous = fresh ?? previous
    const waited = await hesitate(signal)
    return reply && waited && !misbehave.dead ? mangle(reply, misbehave) : undefined
  }

  /** Waits as `slow` and `silent` say. False when there is nothing to answer any more. */
  async function hesitate(signal: AbortSignal | undefined): Promise<boolean> {
    if (misbehave.slow !== undefined && !(await delay(misbehave.slow, signal, ended))) return false
    return !misbehave.silent || delay(Infinity, signal, ended)
  }

  /** Returns the reply, or KRB_ERR_RESPONSE_TOO_BIG where it does not fit into a datagram. */
  function fitting({ reply, exchange }: Answer): Uint8Array {
    if (!misbehave.answerTooBig && reply.length <= udpReplyLimit) return reply
    exchange.outcome = 'KRB_ERR_RESPONSE_TOO_BIG'
    return responseTooBig(kdc)
  }

  return {
    isDead: () => misbehave.dead === true,
    liesAboutLength: () => misbehave.hugeLengthPrefix === true,
    async overUdp(request) {
      if (misbehave.dead || misbehave.dropUdp || misbehave.silent) return undefined
      return respond(request, 'udp')
    },
    overTcp: async (request) => (misbehave.dead ? undefined : respond(request, 'tcp')),
    async inMemory(request, signal) {
      signal?.throwIfAborted()
      if (misbehave.dead)
        throw Object.assign(new Error('connect ECONNREFUSED: the test KDC is dead'), { code: 'ECONNREFUSED' })
      const reply = await respond(request, 'memory', signal)
      signal?.throwIfAborted()
      if (reply === undefined)
        throw Object.assign(new Error('the test KDC closed the connection'), { code: 'ECONNRESET' })
      return misbehave.hugeLengthPrefix ? withHugeLength(reply) : reply
    },
  }
}

/** Source: RFC 4120 section 7.2.1. */
function responseTooBig(kdc: Kdc): Uint8Array {
  const now = kdc.now()
  const sname = { nameType: NameType.SRV_INST, nameString: ['krbtgt', kdc.directory.realm] }
  const errorCode = KRB_ERROR_CODES.KRB_ERR_RESPONSE_TOO_BIG
  return encode(KrbError, {
    stime: Math.floor(now / 1000) * 1000,
    susec: 0,
    errorCode,
    realm: kdc.directory.realm,
    sname,
  })
}

/**
 * Waits. Resolves true when the time is over, false when the realm ended first. Rejects when the
 * caller aborts. `Infinity` waits for the end of the realm.
 */
function delay(milliseconds: number, signal: AbortSignal | undefined, ended: AbortSignal): Promise<boolean> {
  if (ended.aborted) return Promise.resolve(false)
  const settled = new AbortController()
  const listening = { signal: settled.signal }
  return new Promise<boolean>((resolve, reject) => {
    const timer = milliseconds === Infinity ? undefined : setTimeout(() => resolve(true), milliseconds)
    listening.signal.addEventListener('abort', () => clearTimeout(timer))
    signal?.addEventListener('abort', () => reject(signal.reason), listening)
    ended.addEventListener('abort', () => resolve(false), listening)
  }).finally(() => settled.abort())
}

function withHugeLength(reply: Uint8Array): Uint8Array {
  return Uint8Array.of(reply[0], 0x84, 0xff, 0xff, 0xff, 0xfe, ...reply.subarray(4))
}
