import { MalformedTokenError } from '@s4u/krb5'

/** What a driver is to see of an answer to LOGIN7, and the token that was in it. */
export interface LoginAnswer {
  readonly shown: Buffer
  readonly token?: Buffer
}

/** Types of tokens. MS-TDS section 2.2.4. */
const SSPI = 0xed
const DONE = 0xfd

/** ERROR, INFO, LOGINACK, ENVCHANGE, SSPI: each with a length of two octets. */
const WITH_LENGTH = new Set([0xaa, 0xab, 0xad, 0xe3, SSPI])

/** Status, command, and rows of eight octets. */
const DONE_OCTETS = 13

/**
 * What tedious reads as a message of NTLM, at fixed places: a shorter one ends the process of it.
 * Octets.
 */
const NTLM_OCTETS = 64

/**
 * Takes the token out of an answer to LOGIN7, and puts octets in its place that the driver can
 * read.
 * @throws MalformedTokenError
 */
export function takeSspi(answer: Buffer): LoginAnswer {
  let at = 0
  while (at < answer.length) {
    const type = answer[at]
    if (type === DONE) at += DONE_OCTETS
    else if (WITH_LENGTH.has(type)) {
      const end = endOf(answer, at)
      if (type === SSPI) return replaced(answer, at, end)
      at = end
    }
    // What else there is comes behind the welcome of a server, and so behind its token.
    else break
  }
  return { shown: answer }
}

function replaced(answer: Buffer, at: number, end: number): LoginAnswer {
  const rest = answer.subarray(end)
  if (takeSspi(rest).token !== undefined) throw malformed('one SSPI token', 'two')
  const filling = Buffer.alloc(3 + NTLM_OCTETS)
  filling[0] = SSPI
  filling.writeUInt16LE(NTLM_OCTETS, 1)
  return { shown: Buffer.concat([answer.subarray(0, at), filling, rest]), token: answer.subarray(at + 3, end) }
}

function endOf(answer: Buffer, at: number): number {
  const end = at + 3 > answer.length ? Infinity : at + 3 + answer.readUInt16LE(at + 1)
  if (end <= answer.length) return end
  throw malformed('a whole token', `${answer.length - at} octets`)
}

export function malformed(expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'TDS.answer to LOGIN7', expected, found, status: 502 })
}
