import { PasswordChangeRefusedError, type S4uError, TooManyAttemptsError } from '@s4u/negotiate'
import type { PageState } from './form-pages.js'

/** What a page says of a refusal, and its status. */
export type ShownRefusal = Pick<PageState, 'problem' | 'statusCode'>

/**
 * Returns what a user is told of a refusal: not whether the name, the password or the account was
 * wrong. The status of a wrong one is 403: a 401 would have to offer another scheme (RFC 9110
 * section 15.5.2).
 */
export function shownRefusal(error: S4uError, wrong: keyof typeof FIELDS = 'wrong'): ShownRefusal {
  if (error instanceof TooManyAttemptsError && error.status === 429) {
    const minutes = String(Math.ceil(error.retryAfter / 60_000))
    return { statusCode: 429, problem: { text: ({ tooMany }) => tooMany.replace('{minutes}', minutes) } }
  }
  if (error instanceof PasswordChangeRefusedError && error.status === 400) {
    const { text } = error
    return {
      statusCode: 403,
      problem: {
        text: ({ refused, refusedWithoutText }) =>
          text === '' ? refusedWithoutText : refused.replace('{text}', () => text),
        field: 'newPassword',
      },
    }
  }
  if (error.code === 'S4U_STALE_FORM') return { statusCode: 403, problem: { text: ({ stale }) => stale } }
  if (error.code === 'KDC_ERR_KEY_EXPIRED' && wrong === 'wrongCode')
    return { statusCode: 403, problem: { text: ({ passwordExpired }) => passwordExpired } }
  if (error.status === 401 || error.status === 403)
    return { statusCode: 403, problem: { text: (texts) => texts[wrong], field: FIELDS[wrong] } }
  return { statusCode: error.status, problem: { text: ({ unavailable }) => unavailable } }
}

/** The field to begin with again, by the text that says that something is wrong. */
const FIELDS = { wrong: 'password', wrongCode: 'code' } as const
