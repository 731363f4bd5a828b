import type {
  OpenedSignInSource,
  ResponseHeaders,
  SignInRequest,
  SignInResult,
  SignInSite,
  SignInSource,
} from '@s4u/negotiate'
import { TypedPassword } from './typed-password.js'
import type { TypedPasswords } from './typed-passwords.js'

/**
 * Returns a way to sign in that does what `source` does, and remembers the passwords that have
 * signed users in: for inner servers that want them. A password that the KDC has refused is not
 * remembered, and neither is one beside a one-time password.
 */
export function rememberingSource(source: SignInSource, passwords: TypedPasswords): SignInSource {
  return {
    name: source.name,
    rules: source.rules,
    open: (site) => remembering(source.open(noting(site, passwords)), passwords),
  }
}

/** Notes which password has made which identity. */
function noting(site: SignInSite, passwords: TypedPasswords): SignInSite {
  return {
    ...site,
    async identityFor(subject, options) {
      const identity = await site.identityFor(subject, options)
      const typed = typeof subject === 'object' && 'password' in subject ? typedIn(subject) : undefined
      if (typed !== undefined) passwords.note(identity, typed)
      return identity
    },
  }
}

function typedIn(subject: object & { user?: unknown; password?: unknown; newPassword?: unknown; otp?: unknown }) {
  const { user, password, newPassword = password, otp } = subject
  if (typeof user !== 'string' || typeof newPassword !== 'string' || otp !== undefined) return undefined
  return TypedPassword.of(user, newPassword)
}

function remembering(opened: OpenedSignInSource, passwords: TypedPasswords): OpenedSignInSource {
  return {
    requireTls: opened.requireTls ?? true,
    ambient: opened.ambient ?? true,
    screen: (request) => opened.screen?.(request),
    brings: (request) => opened.brings(request),
    signIn: async (request) => kept(request, await opened.signIn(request), passwords),
    offer: (request) => opened.offer?.(request) ?? {},
    signedOut: (request, session) => {
      const answer = opened.signedOut?.(request, session)
      const headers = passwords.forget(asRequest(request))
      return answer && { ...answer, headers: withCookie(answer.headers, headers) }
    },
    ready: async () => opened.ready?.(),
    close: () => opened.close?.(),
  }
}

/**
 * After a form the browser goes on without the password, so it is kept for the session. Where each
 * request brings it (Basic), it is at hand for that request.
 */
function kept({ request }: SignInRequest, result: SignInResult, passwords: TypedPasswords): SignInResult {
  const typed = result.status === 'signed-in' ? passwords.notedFor(result.identity) : undefined
  if (result.status !== 'signed-in' || typed === undefined) return result
  const { identity, location, headers = {} } = result
  if (location !== undefined)
    return { ...result, headers: withCookie(headers, passwords.keep(identity.principal, typed)) }
  passwords.bring(request, identity.principal, typed)
  return result
}

function withCookie(headers: ResponseHeaders, { 'Set-Cookie': cookie }: ResponseHeaders): ResponseHeaders {
  const before = Object.entries(headers).flatMap(([name, value]) => (/^set-cookie$/i.test(name) ? value : []))
  const others = Object.entries(headers).filter(([name]) => !/^set-cookie$/i.test(name))
  return { ...Object.fromEntries(others), 'Set-Cookie': [...before, cookie].flat() }
}

function asRequest({ request }: SignInRequest): Parameters<TypedPasswords['forget']>[0] {
  return { request }
}
