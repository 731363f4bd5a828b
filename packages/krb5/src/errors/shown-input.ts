/**
 * What errors, events and logs may show of an option, an environment variable or a file.
 *
 * People put keytabs, passwords and tokens where a path or a name belongs, and errors end in logs
 * that many people can read. So a value is shown only if it looks like what was asked for.
 */

/**
 * Returns a refused value in the form in which a message may show it: `"requried"`, `17`,
 * `a text of 1204 characters, which is not shown`.
 *
 * @example
 * ```ts
 * import { shownInput } from '@s4u/krb5'
 *
 * shownInput('requried') // '"requried"'
 * ```
 */
export function shownInput(value: unknown): string {
  if (typeof value === 'string') return looksHarmless(value) ? JSON.stringify(value) : notShown(value)
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return String(value)
  if (Array.isArray(value)) return 'a list'
  return value instanceof Uint8Array ? `${value.length} octets` : `a value of type ${typeof value}`
}

/**
 * Returns the name of a service or an account from the configuration, without quotes, or says that
 * it is not shown.
 *
 * @example
 * ```ts
 * import { shownName } from '@s4u/krb5'
 *
 * shownName('HTTP/web.ad.test') // 'HTTP/web.ad.test'
 * ```
 */
export function shownName(text: string): string {
  return looksHarmless(text) ? text : notShown(text)
}

/**
 * Returns the path of a file, or says that it is not shown. For files that do not exist: nothing
 * else proves that the text is a path and not a password.
 *
 * @example
 * ```ts
 * import { shownPath } from '@s4u/krb5'
 *
 * shownPath('/etc/web.keytab') // '/etc/web.keytab'
 * ```
 */
export function shownPath(text: string): string {
  return looksLikePath(text) ? text : notShown(text)
}

/**
 * Tells whether a text is a path beyond doubt: it begins like one or has a known extension, and no
 * part of it looks random.
 */
function looksLikePath(text: string): boolean {
  if (text.length > MAX_PATH || /[\p{C}=\n]|:\/\//u.test(text)) return false
  const rooted = /^(?:\.{0,2}|~|[A-Za-z]:|\\)[/\\]/.test(text)
  return (rooted || KNOWN_FILE.test(text)) && !text.split(/[/\\]/).some(looksRandom) && !looksRandom(text)
}

/** Systems allow longer paths, but no person writes them. */
const MAX_PATH = 1_024

const KNOWN_FILE =
  /(?:\.(?:keytab|kt|ktab|ccache|cc|conf|ini|cfg|json|jsonl|log|pem|crt|cer|der|key|pfx|p12)|krb5cc_\w{1,40})$/i

function looksHarmless(text: string): boolean {
  if (text.length > MAX_SHOWN || looksRandom(text)) return false
  return [WORD, NUMBER, SID, SERVICE, SHORT_SERVICE, ACCOUNT].some((pattern) => pattern.test(text))
}

/** Longer texts fill logs. */
const MAX_SHOWN = 200

/**
 * A misspelt choice: `requried`. A passphrase has blanks, and a password has digits, so neither
 * matches.
 */
const WORD = /^[A-Za-z]{1,24}(?:-[A-Za-z]{1,24}){0,3}$/
const NUMBER = /^-?\d{1,6}$/
const SID = /^S-1-[\d-]+$/i
/**
 * A host, a service of a host, or an origin. A URL with a user name or a password before the host
 * does not match.
 */
const SERVICE =
  /^(?:https?:\/\/(?:[\w*-]+\.)*|(?:[A-Za-z][\w-]*\/)?(?:[\w*-]+\.)+)[A-Za-z][\w-]*(?::\d{1,5})?(?:@[A-Z\d.-]+)?\/?$/
const SHORT_SERVICE =
  /^(?:HTTP|host|cifs|ldap|krbtgt|MSSQLSvc|nfs|imap|smtp|postgres|TERMSRV|WSMAN)\/[\w.*-]*(?:@[A-Z\d.-]+)?$/i
const ACCOUNT = /^[A-Za-z][\w.$-]{0,63}@(?:[A-Za-z][A-Za-z\d-]*\.)+[A-Za-z]{2,}$/

/**
 * Tells whether a text looks like a key, a token or a hash in base64 or hexadecimal: long, with
 * capitals, small letters and digits mixed, or all hexadecimal digits. The first line finds keytabs
 * and credential caches in base64, which begin with the same characters.
 */
function looksRandom(text: string): boolean {
  if (/^\s*BQ[EIMQ]/.test(text)) return true
  const runs = [...(text.match(/[A-Za-z\d+/=]{20,}/g) ?? []), ...(text.match(/[A-Za-z\d_-]{24,}/g) ?? [])]
  return runs.some((run) => (/[A-Z]/.test(run) && /[a-z]/.test(run) && /\d/.test(run)) || /[\da-f]{32}/i.test(run))
}

function notShown({ length }: string): string {
  return `a text of ${length} characters, which is not shown`
}
