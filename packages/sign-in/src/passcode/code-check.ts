import { type CallerIdentity, KdcError, RejectedTokenError, type SignInSite } from '@s4u/negotiate'
import type { RadiusChallenge, RadiusClient } from '../radius/radius-client.js'
import type { PasscodeSettings, TypedCode } from './passcode-options.js'

/** What is checked: what was typed, and in a later round the challenge that it answers. */
export interface CodeQuestion extends TypedCode {
  readonly password: string | undefined
  readonly challenge: RadiusChallenge | undefined
}

/** Another round with the words of the server, or a right code. */
export type CodeVerdict =
  | { readonly status: 'challenged'; readonly message: string; readonly challenge: RadiusChallenge }
  /** `identity` is there where the check of the code was a sign-in. */
  | { readonly status: 'right'; readonly identity?: CallerIdentity }

/** Checks a code. @throws RejectedTokenError of the status 401 for a wrong one */
export type CodeCheck = (question: CodeQuestion) => Promise<CodeVerdict>

/** Returns what checks codes by a function of the app. */
export function checkByFunction(verify: NonNullable<PasscodeSettings['verify']>): CodeCheck {
  return async ({ user, code, clientAddress }) => {
    // Only `true`: a function that forgets to answer lets nobody in.
    if ((await verify({ user, code, clientAddress })) === true) return { status: 'right' }
    throw wrongCode('the code is wrong')
  }
}

/** Returns what checks codes by RADIUS. */
export function checkByRadius(radius: RadiusClient): CodeCheck {
  return async ({ user, code, clientAddress, challenge }) => {
    if (!fits(user, code)) throw wrongCode('what was given is no code')
    const answer = await radius.ask({ user, password: code, challenge, clientAddress })
    if (answer.status === 'challenged') return answer
    if (answer.status === 'accepted') return { status: 'right' }
    const words = answer.message === '' ? '' : `: ${answer.message.slice(0, MAX_WORDS)}`
    throw wrongCode(`the RADIUS server rejected the code${words}`)
  }
}

/** Returns what checks codes by a sign-in of the user at the KDC. */
export function checkByKerberos(site: Pick<SignInSite, 'identityFor'>): CodeCheck {
  return async ({ user, code: otp, password }) => {
    const subject = { user, otp, ...(password !== undefined && { password }) }
    try {
      return { status: 'right', identity: await site.identityFor(subject, { method: METHOD }) }
    } catch (error) {
      // A user without a token is refused as one with a wrong code, so that nobody can look for
      // them.
      if (error instanceof KdcError && error.code === 'KDC_ERR_PADATA_TYPE_NOSUPP')
        throw wrongCode('the KDC asks this user for no code', error)
      throw error
    }
  }
}

/** How the user is known: `identity.authenticationMethod`. */
export const METHOD = 'passcode'

/** More of a server's words would only fill a line of the log. */
const MAX_WORDS = 200

/** RFC 2865 sections 5.1 and 5.2. */
function fits(user: string, code: string): boolean {
  return Buffer.byteLength(user) <= 253 && Buffer.byteLength(code) <= 128
}

/**
 * The same for whatever is wrong: the caller is not told what. Names stay out of it, since what was
 * typed as one may be a password: records have `triedUser`.
 */
export function wrongCode(message: string, cause?: KdcError): RejectedTokenError {
  return new RejectedTokenError(message, { code: 'KDC_ERR_PREAUTH_FAILED', cause, hint: cause?.hint })
}
