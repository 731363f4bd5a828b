import { choice, duration, flag, group, list, secret, text } from '../options/option-kinds.js'

/** A working day. */
const EIGHT_HOURS = 8 * 3_600_000

/** How users stay signed in. */
export const SESSION = group({
  about: 'How users stay signed in at the sites of the gateway: by a sealed cookie',
  always: true,
  fields: {
    cookie: flag({
      about: 'Whether a cookie keeps users signed in; without one each request shows a ticket',
      default: true,
    }),
    keys: list({
      about:
        'What seals the cookie, at least 32 characters each: the first seals, all open. Without it sessions end with the process',
      of: secret({ about: 'A secret: { env: NAME } or { file: PATH }', example: { env: 'S4U_SESSION_KEY' } }),
    }),
    maxAge: duration({ about: 'How long a session lasts at most; it never outlives its ticket', default: EIGHT_HOURS }),
    maxIdle: duration({
      about:
        'After how long without a request a session ends, and up to an eighth earlier; without it only maxAge counts',
      example: '15m',
    }),
    name: text({ about: 'The name of the cookie; without it __Host-s4u, or s4u where a domain shares it' }),
    domain: text({
      about: 'The domain whose hosts share the session; without it each host has its own',
      example: 'example.com',
    }),
    sameSite: choice({
      about: 'The attribute SameSite of the cookie',
      choices: ['strict', 'lax', 'none'],
      default: 'lax',
    }),
    secure: flag({ about: 'Whether the cookie is sent over TLS only', default: true }),
  },
})
