/**
 * What errors, events and logs may show of an option, an environment variable or a file. People put keytabs, passwords and tokens where
 * a path or a name belongs, and errors end in logs that many may read: what does not look like what was asked for is never shown.
 */

/** A value that was refused, for a message: `"requried"`, `17`, `a text of 1204 characters, which is not shown`. */
export function shownInput(value: unknown): string {
  if (typeof value === 'string') return looksHarmless(value) ? JSON.stringify(value) : notShown(value)
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return String(value)
  if (Array.isArray(value)) return 'a list'
  return value instanceof Uint8Array ? `${value.length} octets` : `a value of type ${typeof value}`
}

/** A name that was configured and that nobody knows, without quotes: of a service or an account. */
export function shownName(text: string): string {
  return looksHarmless(text) ? text : notShown(text)
}

/** The name of a file, or that it is not shown: for files that are not there, so that nothing says that it is one. */
export function shownPath(text: string): string {
  return looksLikePath(text) ? text : notShown(text)
}

/** Whether a text is the name of a file beyond doubt: where from, or what kind of file, and nothing in it that looks random. */
function looksLikePath(text: string): boolean {
  if (text.length > MAX_PATH || /[\p{C}=\n]|:\/\//u.test(text)) return false
  const rooted = /^(?:\.{0,2}|~|[A-Za-z]:|\\)[/\\]/.test(text)
  return (rooted || KNOWN_FILE.test(text)) && !text.split(/[/\\]/).some(looksRandom) && !looksRandom(text)
}

/** As systems allow it, but for what no person writes. */
const MAX_PATH = 1_024

const KNOWN_FILE =
  /(?:\.(?:keytab|kt|ktab|ccache|cc|conf|ini|cfg|json|jsonl|log|pem|crt|cer|der|key|pfx|p12)|krb5cc_\w{1,40})$/i

function looksHarmless(text: string): boolean {
  if (text.length > MAX_SHOWN || looksRandom(text)) return false
  return [WORD, NUMBER, SID, SERVICE, SHORT_SERVICE, ACCOUNT].some((pattern) => pattern.test(text))
}

/** Longer ones fill logs. */
const MAX_SHOWN = 200

/** A misspelt choice: `requried`. Passphrases have blanks, and passwords have digits. */
const WORD = /^[A-Za-z]{1,24}(?:-[A-Za-z]{1,24}){0,3}$/
const NUMBER = /^-?\d{1,6}$/
const SID = /^S-1-[\d-]+$/i
/** A host, a service of one, or an origin. With a name or a password before the host it is none. */
const SERVICE =
  /^(?:https?:\/\/(?:[\w*-]+\.)*|(?:[A-Za-z][\w-]*\/)?(?:[\w*-]+\.)+)[A-Za-z][\w-]*(?::\d{1,5})?(?:@[A-Z\d.-]+)?\/?$/
const SHORT_SERVICE =
  /^(?:HTTP|host|cifs|ldap|krbtgt|MSSQLSvc|nfs|imap|smtp|postgres|TERMSRV|WSMAN)\/[\w.*-]*(?:@[A-Z\d.-]+)?$/i
const ACCOUNT = /^[A-Za-z][\w.$-]{0,63}@(?:[A-Za-z][A-Za-z\d-]*\.)+[A-Za-z]{2,}$/

/**
 * As keys, tokens and hashes look in base64 and hexadecimal: long, with capitals, small letters and digits among each other, or all of
 * sixteen digits. A keytab and a credential cache begin with the same characters.
 */
function looksRandom(text: string): boolean {
  if (/^\s*BQ[EIMQ]/.test(text)) return true
  const runs = [...(text.match(/[A-Za-z\d+/=]{20,}/g) ?? []), ...(text.match(/[A-Za-z\d_-]{24,}/g) ?? [])]
  return runs.some((run) => (/[A-Z]/.test(run) && /[a-z]/.test(run) && /\d/.test(run)) || /[\da-f]{32}/i.test(run))
}

function notShown({ length }: string): string {
  return `a text of ${length} characters, which is not shown`
}
