import type { SessionSettings, SiteSettings } from '../configuration/gateway-options.js'

/**
 * Returns a test whether a cookie is the gateway's own: its session, in however many pieces, what
 * its ways to sign in keep in the browser, and the member of a farm. None of them goes inside.
 */
export function ownCookies(
  { name }: Pick<SessionSettings, 'name'>,
  { farm }: SiteSettings,
): (cookie: string) => boolean {
  const isNamed = (cookie: string): boolean =>
    name !== undefined && cookie.startsWith(name) && /^(?:[._-]|$)/.test(cookie.slice(name.length))
  return (cookie) => /^(?:__Host-|__Secure-)?s4u(?:[._-]|$)/i.test(cookie) || cookie === farm.cookie || isNamed(cookie)
}
