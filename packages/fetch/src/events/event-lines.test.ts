import { expect, test } from 'vitest'
import { entryOf, kindToWarnOf } from './event-lines.js'
import type { FetchEvent } from './fetch-event.js'

const subject = { origin: 'https://api.ad.test', service: 'HTTP/api.ad.test', client: 'alice@AD.TEST' }
const answered = 'fetch as alice@AD.TEST: https://api.ad.test (HTTP/api.ad.test) answered'

test.each<[FetchEvent, string | undefined, string, string]>([
  [
    { kind: 'authenticated', ...subject, status: 200, legs: 1, serverProven: true },
    undefined,
    'debug',
    `${answered} 200 and proved itself; legs: 1`,
  ],
  [
    { kind: 'authenticated', ...subject, status: 200, legs: 2, serverProven: false },
    undefined,
    'debug',
    `${answered} 200 and proved nothing; legs: 2`,
  ],
  [
    { kind: 'refused', ...subject, status: 401, legs: 1, code: 'KRB_AP_ERR_SKEW' },
    'refused by a backend: KRB_AP_ERR_SKEW',
    'warn',
    `${answered} 401 to the ticket because of KRB_AP_ERR_SKEW`,
  ],
  [
    { kind: 'refused', ...subject, status: 401, legs: 1 },
    'refused by a backend',
    'warn',
    `${answered} 401 to the ticket without a reason`,
  ],
  [
    { kind: 'other-scheme-wanted', ...subject, status: 401, schemes: ['Basic', 'Bearer'] },
    'other-scheme-wanted',
    'warn',
    `${answered} 401 to the ticket, and wants Basic, Bearer`,
  ],
  [
    { kind: 'server-not-proven', ...subject, status: 200, code: 'KRB_AP_ERR_MUT_FAIL' },
    undefined,
    'warn',
    `${answered} 200 and did not prove itself: KRB_AP_ERR_MUT_FAIL`,
  ],
  [
    { kind: 'error-not-proven', ...subject, status: 503, sanitized: true },
    undefined,
    'info',
    `${answered} 503, which nothing proves, and was handed out without headers and body`,
  ],
  [
    { kind: 'error-not-proven', ...subject, status: 503, sanitized: false },
    undefined,
    'info',
    `${answered} 503, which nothing proves, and was handed out as it came`,
  ],
  [
    { kind: 'server-not-asking', ...subject, status: 200, code: 'KRB_AP_ERR_MUT_FAIL' },
    undefined,
    'warn',
    'fetch: https://api.ad.test (HTTP/api.ad.test) answered 200 without asking for a token: KRB_AP_ERR_MUT_FAIL',
  ],
  [
    { kind: 'stale-ticket', ...subject, status: 401, code: 'KRB_AP_ERR_MODIFIED' },
    undefined,
    'info',
    `${answered} 401: KRB_AP_ERR_MODIFIED; a fresh ticket is tried`,
  ],
  [{ kind: 'notice', level: 'warn', code: 'S4U_X', message: 'no token' }, 'S4U_X', 'warn', 'S4U_X: no token'],
  [{ kind: 'notice', level: 'info', code: 'S4U_X', message: 'no token' }, undefined, 'info', 'S4U_X: no token'],
])('%o is told, and warned of where nobody else would hear of it', (event, kind, level, text) => {
  expect(kindToWarnOf(event)).toBe(kind)
  expect(entryOf(event)).toMatchObject({ level, text })
})

test('a backend that makes up reasons does not use up the kinds that are warned of', () => {
  const kindOf = (code: string) => kindToWarnOf({ kind: 'refused', ...subject, status: 401, legs: 1, code })
  const made = Array.from({ length: 200 }, (_, number) => kindOf(`KRB_ERROR_${number}`))
  expect(new Set(made)).toEqual(new Set(['refused by a backend: another reason']))
  expect(kindOf('KRB_AP_ERR_NOKEY')).toBe('refused by a backend: KRB_AP_ERR_NOKEY')
})
