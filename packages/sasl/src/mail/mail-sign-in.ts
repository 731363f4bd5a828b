import { MalformedTokenError, printable, RejectedTokenError } from '@s4u/krb5'
import type { ContextSource } from '../caller.js'
import { createSaslClient, saslContextOptions } from '../mechanism/sasl-client.js'

/** What a mail server answers to a line of a sign-in. */
export type MailAnswer =
  | { readonly status: 'challenge'; readonly base64: string }
  | { readonly status: 'accepted' }
  | { readonly status: 'refused'; readonly text: string }

export interface MailSignIn {
  readonly as: ContextSource
  /** The service principal name. */
  readonly spn: string
  readonly channelBindings?: Uint8Array | undefined
  readonly signal?: AbortSignal
  /** Sends the command that names the mechanism GSSAPI, without a token. */
  readonly begin: () => Promise<MailAnswer>
  /** Sends a response, in base64. */
  readonly respond: (base64: string) => Promise<MailAnswer>
}

/**
 * Signs in to a mail server as the caller, by GSSAPI without a layer of its own. Each token is sent
 * where the server asks for it, since a command with a whole ticket is too long a line. Source: RFC
 * 4752 section 3.1, RFC 4954 section 4, RFC 3501 section 6.2.2.
 * @throws RejectedTokenError, MalformedTokenError, and what `contextFor` throws
 */
export async function signInToMail({ as, spn, begin, respond, ...given }: MailSignIn): Promise<void> {
  const { channelBindings, signal } = given
  const initiator = await as.contextFor(spn, {
    ...saslContextOptions('GSSAPI', 'none'),
    ...(channelBindings !== undefined && { channelBindings }),
    ...(signal !== undefined && { signal }),
  })
  const client = createSaslClient({ mechanism: 'GSSAPI', initiator, protection: 'none' })
  for (let answer = await begin(); ;) {
    if (answer.status === 'refused') throw refused(spn, answer.text)
    if (answer.status === 'accepted') {
      if (client.isComplete) return
      throw unproven(spn)
    }
    const { response } = client.step(readChallenge(answer.base64))
    answer = await answerTo(Buffer.from(response ?? []).toString('base64'), spn, respond)
  }
}

/**
 * The longest line that every mail server takes, in characters. Source: RFC 4954 section 4 asks for
 * 12,288; Dovecot 2.3 takes 8,192.
 */
const COMMON_LINE = 8_192

async function answerTo(line: string, spn: string, respond: MailSignIn['respond']): Promise<MailAnswer> {
  const answer = await respond(line)
  if (answer.status === 'refused') throw isTooLong(line) ? tooLong(spn, line) : refused(spn, answer.text)
  return answer
}

/** Whether there are servers that do not take the line. */
export function isTooLong(line: string): boolean {
  return line.length > COMMON_LINE
}

/** Such a server answers that the line is too long, or ends the connection; its log says why. */
export function tooLong(spn: string, line: string): RejectedTokenError {
  return new RejectedTokenError(`${spn} did not take a token of ${line.length} characters`, {
    code: 'GSS_S_FAILURE',
    status: 502,
    hint: `Mostly it is too long: Dovecot takes ${COMMON_LINE} characters in a line. What makes it long are the groups and claims of the user (the PAC), which mail servers do not read. Set NO_AUTH_DATA_REQUIRED (0x2000000) in userAccountControl of the account of ${spn}, and its tickets are without them; with MIT: kadmin.local modprinc +no_auth_data_required ${spn}. Tickets that are kept stay as they are until they end.`,
  })
}

/** The longest challenge of a mail server, in octets: an AP-REP has some hundred. */
const MAX_CHALLENGE_OCTETS = 4_096

/** @throws MalformedTokenError */
export function readChallenge(base64: string): Uint8Array {
  const octets = Buffer.from(base64, 'base64')
  if (octets.length > MAX_CHALLENGE_OCTETS)
    throw malformed(`at most ${MAX_CHALLENGE_OCTETS} octets`, `${octets.length} octets`)
  // Node reads what it can of a text that is cut off, or is none.
  if (octets.toString('base64') !== base64) throw malformed('base64', `${base64.length} characters that are none`)
  return octets
}

function malformed(expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'challenge', expected, found, status: 502 })
}

/** Whoever lets in without a proof may be anybody, and would get the user's mail. */
function unproven(spn: string): RejectedTokenError {
  return new RejectedTokenError(`${spn} let in before it had proven itself`, {
    code: 'KRB_AP_ERR_MUT_FAIL',
    status: 502,
    hint: 'Do not use this server. See which host the name leads to, and what is between.',
  })
}

/** A sentence is enough; what follows may be as long as a server likes. */
const MAX_SHOWN = 200

function refused(spn: string, text: string): RejectedTokenError {
  return new RejectedTokenError(`${spn} refuses: ${printable(text.slice(0, MAX_SHOWN))}`, {
    code: 'GSS_S_FAILURE',
    status: 502,
    hint: 'The log of the server has the reason. Mostly GSSAPI is not among its mechanisms, its keytab has no key of this service principal name, or it does not know the user.',
  })
}
