/** Asks a controller, without signing in, in which site this machine is. MS-ADTS section 6.3.3. */

import { SearchRequest } from 'ldapts'
import { createSocket } from 'node:dgram'
import { filter } from '../ldap/filter.js'
import { parseFilter } from '../ldap/parse-filter.js'
import { decodeResponse } from '../ldap/response.js'
import { decodeNetlogonAnswer, type NetlogonAnswer } from './netlogon-answer.js'

/**
 * NETLOGON_NT_VERSION_5EX and WITH_CLOSEST_SITE and IP: the long answer. MS-ADTS section 6.3.1.1.
 */
const NT_VERSION = Uint8Array.of(0x16, 0, 0, 0x20)

/**
 * How long to wait for an answer, in milliseconds. The answer is only a hint, which is not worth a
 * longer wait.
 */
const PATIENCE = 1_000

const MESSAGE_ID = 1

export interface PingTarget {
  /** An IP address. */
  readonly address: string
  readonly family: 'udp4' | 'udp6'
  readonly domain: string
}

/**
 * Resolves to the answer; undefined if no answer came, or the answer cannot be read. The answer is
 * not signed, so it only decides which controllers are asked first.
 */
export async function pingController(target: PingTarget, signal: AbortSignal): Promise<NetlogonAnswer | undefined> {
  const socket = createSocket(target.family)
  try {
    return await new Promise<NetlogonAnswer | undefined>((resolve) => {
      const giveUp = (): void => resolve(undefined)
      const timer = setTimeout(giveUp, PATIENCE)
      timer.unref()
      signal.addEventListener('abort', giveUp, { once: true })
      socket.on('error', giveUp)
      // Connected: datagrams of others are not taken.
      socket.connect(LDAP_PORT, target.address, () => socket.send(question(target.domain)))
      socket.on('message', (datagram) => {
        const answer = answerIn(datagram)
        if (answer === undefined) return
        clearTimeout(timer)
        resolve(answer)
      })
    })
  } finally {
    socket.close()
  }
}

const LDAP_PORT = 389

function question(domain: string): Uint8Array {
  const wanted = parseFilter(filter`(&(DnsDomain=${domain})(NtVer=${NT_VERSION}))`)
  const search = { baseDN: '', scope: 'base', filter: wanted, attributes: ['Netlogon'], timeLimit: 0 } as const
  return new SearchRequest({ messageId: MESSAGE_ID, ...search, attributes: [...search.attributes] }).write()
}

/** The first message of the datagram is the entry, the second one the end. */
function answerIn(datagram: Uint8Array): NetlogonAnswer | undefined {
  try {
    const response = decodeResponse(datagram)
    const octets =
      response.kind === 'entry' && response.id === MESSAGE_ID ? response.entry.octets('netlogon') : undefined
    return octets && decodeNetlogonAnswer(octets)
  } catch {
    // The datagram is not the answer to this question.
    return undefined
  }
}
