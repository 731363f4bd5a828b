import { nameForCommand } from '../advice/advice.js'
import type { KdcAnswer } from '../errors/kdc-answer.js'
import { KdcError } from '../errors/kdc-errors.js'
import { sh } from '../advice/shell-command.js'

/**
 * Makes the error for a wrong one-time password. Only the user can act, so the hint has no commands
 * for the directory.
 */
export function wrongOtp(answer: KdcAnswer): KdcError {
  return new KdcError(answer, {
    hint: 'The one-time password is wrong, has been used, or its time is over; or the PIN or password beside it is wrong. Sign in with the next value that the token shows.',
  })
}

/**
 * Makes the error for a KDC that asks only for the password. It would let in a user without a
 * token, so neither password nor token value is sent to it.
 */
export function otpNotAsked(answer: KdcAnswer): KdcError {
  return new KdcError(answer, {
    code: 'KDC_ERR_PADATA_TYPE_NOSUPP',
    hint: notAsked(answer.account),
  })
}

/**
 * Returns the hint, with the commands of MIT. Its KDC needs both: without pre-authentication it
 * asks for nothing.
 */
export function notAsked(account: string): string {
  const name = nameForCommand(account)
  const commands = [
    sh`kadmin.local setstr ${name} otp '[{"type":"DEFAULT"}]'`,
    sh`kadmin.local modprinc +requires_preauth ${name}`,
  ]
  return `The KDC does not ask for a one-time password of ${account}: give the account a token, or leave otp out where it is to sign in with the password alone. ${commands.join(' | ')}`
}
