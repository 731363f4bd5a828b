import type { ResponseHeaders } from '@s4u/negotiate'
import type { InnerCredential } from '../delegation/site-delegation.js'
import type { UserHeaders } from '../delegation/user-headers.js'
import { GUARDED } from '../operation/html-page.js'
import type { Page } from '../operation/operation.js'
import type { CallerRequest } from '../requests/steps.js'

/**
 * Returns the answer that lets a request pass: what the inner server gets, for this request alone.
 * Each header that was promised is there, empty where there is nothing: a proxy that copies it then
 * removes what the client has sent under its name.
 */
export function permit({ answerHeaders }: CallerRequest, { headers }: InnerCredential, userHeaders: UserHeaders): Page {
  return {
    statusCode: 200,
    headers: { ...answerHeaders, ...GUARDED, ...named({ authorization: '', ...userHeaders, ...headers }) },
    body: '',
  }
}

const NAMES: Readonly<Record<string, string>> = {
  authorization: 'Authorization',
  'x-s4u-user': 'X-S4U-User',
  'x-s4u-groups': 'X-S4U-Groups',
}

function named(headers: Readonly<Record<string, string>>): ResponseHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [NAMES[name] ?? name, value]))
}
