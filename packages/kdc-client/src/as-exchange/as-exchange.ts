/** The Authentication Service exchange: sign-in. Source: RFC 4120 section 3.1. */

import { KRB_ERROR_CODES } from '@s4u/krb5'
import { openAsReply } from './as-reply.js'
import { AsSession, type SignInOptions } from './as-session.js'
import { noteOptions } from '../events/events.js'
import { exchangeWithKdc } from '../exchange/kdc-exchange.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { HeardError } from '../errors/krb-error.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { SignIn } from '../credentials/authority.js'

const AS_REP_TAG = 0x6b

/**
 * The most requests of one sign-in. An honest KDC needs one without pre-authentication, one with
 * it, one more with the KDC's time, one with another key, and those of two realms on the way to the
 * right one. Requests whose armor led to nothing do not count: they have a limit of their own.
 */
const MAX_LEGS = 8

export interface SignInResult {
  readonly tgt: ServiceTicket
  /** The ticket cannot be forwarded, because of an error that nothing authenticates. */
  readonly isReduced: boolean
}

/**
 * Signs in, and returns a ticket-granting ticket.
 *
 * @throws KdcError (wrong password, account disabled, expired …), KdcUnreachableError,
 * RejectedTokenError (a reply that is not to be trusted)
 */
export async function requestTgt(
  context: KdcContext,
  signIn: SignIn,
  options: SignInOptions = {},
): Promise<SignInResult> {
  const session = new AsSession(context, signIn, options)
  try {
    return await runLegs(context, session)
  } catch (error) {
    session.abandon()
    throw error
  }
}

async function runLegs(context: KdcContext, session: AsSession): Promise<SignInResult> {
  for (let leg = 1; ;) {
    const { bytes, body } = await session.request()
    noteOptions(body.kdcOptions)
    const answer = await exchangeWithKdc(session.context, session.realm, bytes, AS_REP_TAG)
    if ('reply' in answer) {
      const tgt = await openAsReply(session, { body, bytes }, answer.reply)
      context.clock.adopt(session.context.clock)
      context.clock.confirm(tgt.authenticatedAt)
      session.armoring.learn(session.fast)
      return { tgt, isReduced: session.isReduced }
    }
    const { error, armored, isBroken } = openError(session, answer.error, body.nonce)
    if (!armored && (await session.doubtArmor(error, isBroken))) continue
    if (leg++ === MAX_LEGS || !(await session.learnFrom(error))) throw session.refusal(error)
  }
}

interface OpenedError {
  readonly error: HeardError
  readonly armored: boolean
  /** The error claims to be armored, and is not. No further proof is sent in this armor. */
  readonly isBroken?: true
}

/**
 * Opens an armored error. One that does not decrypt with the key of the armor, or that answers
 * another request, does not count as armored.
 */
function openError({ armor, info }: AsSession, error: HeardError, nonce: number): OpenedError {
  try {
    const opened = armor?.openError(error, nonce) ?? { error, armored: false }
    return info && opened.armored ? { ...opened, error: wrongKey(opened.error) } : opened
  } catch {
    return { error, armored: false, isBroken: true }
  }
}

/**
 * Converts the error that Heimdal sends for an encrypted challenge made with a wrong key: it says
 * that the challenge does not decrypt.
 */
function wrongKey(error: HeardError): HeardError {
  const { KRB_AP_ERR_BAD_INTEGRITY, KDC_ERR_PREAUTH_FAILED } = KRB_ERROR_CODES
  return error.errorCode === KRB_AP_ERR_BAD_INTEGRITY ? { ...error, errorCode: KDC_ERR_PREAUTH_FAILED } : error
}
