import { nameForCommand } from '../advice/advice.js'
import type { KdcAnswer } from '../errors/kdc-answer.js'
import { KdcError } from '../errors/kdc-errors.js'
import { sh } from '../advice/shell-command.js'

/** What is to be done is the user's, and nothing of the account: no command of a directory is named. */
export function wrongOtp(answer: KdcAnswer): KdcError {
  return new KdcError(answer, {
    hint: 'The one-time password is wrong, has been used, or its time is over; or the PIN or password beside it is wrong. Sign in with the next value that the token shows.',
  })
}

/** A KDC that asks for the password alone would let in who has no token: nothing is shown to it. */
export function otpNotAsked(answer: KdcAnswer): KdcError {
  return new KdcError(answer, {
    code: 'KDC_ERR_PADATA_TYPE_NOSUPP',
    hint: notAsked(answer.account),
  })
}

/** With the commands of MIT, whose KDC needs both: without pre-authentication it asks for nothing. */
export function notAsked(account: string): string {
  const name = nameForCommand(account)
  const commands = [
    sh`kadmin.local setstr ${name} otp '[{"type":"DEFAULT"}]'`,
    sh`kadmin.local modprinc +requires_preauth ${name}`,
  ]
  return `The KDC does not ask for a one-time password of ${account}: give the account a token, or leave otp out where it is to sign in with the password alone. ${commands.join(' | ')}`
}
