import { ConfigurationError, Keytab } from '@s4u/krb5'
import { membersOf, requireForwardedTicket, wrong } from '../arguments/argument-shapes.js'

/**
 * Checks the shape of credentials. Errors show nothing of them: a password in the place of a keytab
 * is still a password.
 *
 * @throws ConfigurationError
 */
export function requireCredentials(credentials: object): void {
  const given = new Map<string, unknown>(Object.entries(credentials))
  const text = (name: string): void => {
    const value = given.get(name)
    if (value !== undefined && typeof value !== 'string')
      throw wrong(`credentials.${name}`, 'a text', value, "Write { principal: 'svc-web@AD.TEST', … }.")
  }
  text('principal')
  if (given.has('tgt')) return requireForwardedTicket('credentials.tgt', given.get('tgt'))
  if (given.has('ccache')) return requireCache(given.get('ccache'))
  if (given.has('otp')) return requireSecretOf('a one-time password', given, text)
  if (given.has('password')) return requireSecretOf('a password', given, text)
  if (!given.has('keytab')) throw missing('credentials say neither keytab, password, ccache nor tgt')
  if (!isKeytab(given.get('keytab')))
    throw wrong(
      'credentials.keytab',
      'a path, its octets or a Keytab',
      given.get('keytab'),
      "Write { keytab: 'web.keytab' }.",
    )
}

/** The value of a one-time password, a text or a function, is checked where it is used. */
function requireSecretOf(what: string, given: ReadonlyMap<string, unknown>, text: (name: string) => void): void {
  text('password')
  if (given.get('principal') === undefined) throw missing(`credentials have ${what}, and no principal`)
}

function requireCache(ccache: unknown): void {
  if (typeof ccache === 'string' || ccache === true || ccache instanceof Uint8Array || isCache(ccache)) return
  throw wrong(
    'credentials.ccache',
    'true, a name or its octets',
    ccache,
    'Write { ccache: true } for the one of this user.',
  )
}

/** Accepts a cache of another copy of this package, too. */
function isCache(value: unknown): boolean {
  const { name, readNow, read } = membersOf(value)
  return typeof name === 'string' && typeof readNow === 'function' && typeof read === 'function'
}

/** Accepts a `Keytab` of another copy of krb5, too, which has entries as well. */
function isKeytab(value: unknown): boolean {
  if (typeof value === 'string' || value instanceof Uint8Array || value instanceof Keytab) return true
  return typeof value === 'object' && value !== null && 'entries' in value && Array.isArray(value.entries)
}

function missing(what: string): ConfigurationError {
  return new ConfigurationError(what, {
    hint: "Say who asks: credentials: { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }, { principal, password } or { ccache: true }.",
  })
}
