/** What pages with a form have in common. */

import type { SignedIn, SignInResult } from '@s4u/negotiate'
import type { FormSettings } from './form-options.js'
import type { SignInPage } from './sign-in-page.js'

/** The answer to a method that a page does not take. */
export const NOT_ALLOWED: SignInResult = {
  status: 'answer',
  answer: {
    statusCode: 405,
    headers: { Allow: 'GET, HEAD, POST', 'Content-Type': 'text/plain; charset=utf-8' },
    body: 'Method Not Allowed\n',
  },
}

/** Returns how long a session lasts on the computer that the user, or the app, has named. */
export function sessionOn(
  { computer, publicMaxAge }: Pick<FormSettings, 'computer' | 'publicMaxAge'>,
  chosen: SignInPage['computer'],
): NonNullable<SignedIn['session']> {
  return (computer === 'ask' ? chosen : computer) === 'private' ? {} : { maxAge: publicMaxAge }
}
