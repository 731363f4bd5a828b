import { MalformedTokenError } from '../errors/errors.js'
import { requireGiven } from '../options/given.js'
import { NameType, type PrincipalName } from '../messages/principal-name.js'
import { codeOf, NOT_IN_NAMES } from '../errors/printable.js'

/** A name and its realm, which together identify a user or a service. */
export interface Principal {
  readonly name: PrincipalName
  readonly realm: string
}

/**
 * Reads a principal from text, such as `alice@AD.TEST` or `HTTP/web.ad.test@AD.TEST`. Reads the
 * escapes `\/`, `\@`, `\\`, `\n`, `\t`, `\b`, and `\u{202e}` as `formatPrincipal` writes it;
 * refuses `\0`.
 *
 * Without a name type, one component is NT-PRINCIPAL, and two or more are NT-SRV-INST. With
 * `{ nameType: NameType.ENTERPRISE }` there is one component: the whole text if the option `realm`
 * is given, otherwise what stands before the last `@` that is not escaped. Source: RFC 1964 section
 * 2.1.1, RFC 6806 section 5.
 *
 * @param options `realm` is used if the text names none
 *
 * @throws MalformedTokenError; it does not show the text, which may be a password
 *
 * @example
 * ```ts
 * import { parsePrincipal } from '@s4u/krb5'
 *
 * const { name, realm } = parsePrincipal('HTTP/web.ad.test@AD.TEST')
 * console.log(name.nameString, realm) // [ 'HTTP', 'web.ad.test' ] AD.TEST
 * ```
 */
export function parsePrincipal(text: string, options: { realm?: string; nameType?: number } = {}): Principal {
  requireGiven('a principal', text, 'text', "Write 'alice@AD.TEST' or 'HTTP/web.ad.test'.")
  const { components, realm = options.realm } =
    options.nameType === NameType.ENTERPRISE ? splitEnterprise(text, options.realm) : split(text)
  if (realm === undefined || realm === '') throw notAPrincipal('a realm after @', 'none')
  if (components.some((component) => component === '')) throw notAPrincipal('no empty components', 'one')
  const nameType = options.nameType ?? (components.length === 1 ? NameType.PRINCIPAL : NameType.SRV_INST)
  return { name: { nameType, nameString: components }, realm }
}

/**
 * Writes a principal as text: the reverse of `parsePrincipal`, with the same escapes. A name that
 * an attacker chose is safe where it is printed: invisible characters, those that turn the
 * direction of writing or begin another line, and `<`, `>`, `"` are shown as their codes
 * (`\u{202e}`).
 *
 * @example
 * ```ts
 * import { formatPrincipal, parsePrincipal } from '@s4u/krb5'
 *
 * formatPrincipal(parsePrincipal('alice', { realm: 'AD.TEST' })) // 'alice@AD.TEST'
 * ```
 */
export function formatPrincipal({ name, realm }: Principal): string {
  return `${formatName(name)}@${escape(realm)}`
}

/**
 * Writes the name without its realm: `HTTP/web.ad.test`.
 *
 * @example
 * ```ts
 * import { formatName, parsePrincipal } from '@s4u/krb5'
 *
 * formatName(parsePrincipal('HTTP/web.ad.test@AD.TEST').name) // 'HTTP/web.ad.test'
 * ```
 */
export function formatName({ nameType, nameString }: PrincipalName): string {
  // The @ of an enterprise name stays readable without an escape, since the @ of the realm is
  // always the last one. Its / does not separate two components, and so keeps its escape.
  if (nameType === NameType.ENTERPRISE && nameString.length === 1) return nameString[0].split('@').map(escape).join('@')
  return nameString.map(escape).join('/')
}

/**
 * Tells whether two names have the same components. Their types are only a hint and are not
 * compared. Source: RFC 4120 section 6.2.
 *
 * @example
 * ```ts
 * import { type PrincipalName, sameName } from '@s4u/krb5'
 *
 * const krbtgt: PrincipalName = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
 * export const isTgt = (name: PrincipalName) => sameName(name, krbtgt)
 * ```
 */
export function sameName(a: PrincipalName, b: PrincipalName): boolean {
  return (
    a.nameString.length === b.nameString.length && a.nameString.every((part, index) => part === b.nameString[index])
  )
}

/**
 * Tells whether name and realm are the same, octet for octet. Only Active Directory compares in
 * another way (it ignores case).
 *
 * @example
 * ```ts
 * import { parsePrincipal, samePrincipal } from '@s4u/krb5'
 *
 * samePrincipal(parsePrincipal('alice@AD.TEST'), parsePrincipal('alice@ad.test')) // false
 * ```
 */
export function samePrincipal(a: Principal, b: Principal): boolean {
  return a.realm === b.realm && sameName(a.name, b.name)
}

/**
 * Tells whether two realms differ at most in the case of ASCII letters. No other letters are
 * folded: the rules of some languages would make two realms one. Source: MS-KILE section 3.1.5.8.
 *
 * @example
 * ```ts
 * import { sameRealmIgnoringCase } from '@s4u/krb5'
 *
 * sameRealmIgnoringCase('AD.TEST', 'ad.test') // true
 * ```
 */
export function sameRealmIgnoringCase(a: string, b: string): boolean {
  return asciiLower(a) === asciiLower(b)
}

/**
 * Returns the text with ASCII letters in small letters. Other letters stay as they are.
 *
 * @example
 * ```ts
 * import { asciiLower } from '@s4u/krb5'
 *
 * asciiLower('AD.TEST') // 'ad.test'
 * ```
 */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/**
 * Returns the text with ASCII letters in capitals: `AD.TEST` for `ad.test`. Other letters stay as
 * they are: `toUpperCase` would turn `ad.teſt` into the realm `AD.TEST`.
 *
 * @example
 * ```ts
 * import { asciiUpper } from '@s4u/krb5'
 *
 * asciiUpper('ad.test') // 'AD.TEST'
 * ```
 */
export function asciiUpper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}

interface Parts {
  readonly components: readonly string[]
  readonly realm?: string
}

/**
 * Splits the text of an enterprise name. Its one component may contain @ and /; the realm stands
 * behind the last @ that is not escaped.
 */
function splitEnterprise(text: string, realm: string | undefined): Parts {
  let name = ''
  let at = -1
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '@') at = name.length
    const [literal, length] = text[index] === '\\' ? unescape(text, index + 1) : [text[index], 0]
    name += literal
    index += length
  }
  if (realm !== undefined || at < 0) return { components: [name] }
  return { components: [name.slice(0, at)], realm: name.slice(at + 1) }
}

function split(text: string): Parts {
  const components = ['']
  let realm: string | undefined
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '@') {
      if (realm !== undefined) throw notAPrincipal('one @ that is not escaped', 'two')
      realm = ''
    } else if (character === '/' && realm === undefined) {
      components.push('')
    } else {
      const [literal, length] = character === '\\' ? unescape(text, index + 1) : [character, 0]
      index += length
      if (realm === undefined) components[components.length - 1] += literal
      else realm += literal
    }
  }
  return { components, ...(realm !== undefined && { realm }) }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', '\\': '\\', '/': '/', '@': '@' }

/** Returns what an escape stands for, and its length in characters without the backslash. */
function unescape(text: string, at: number): [literal: string, length: number] {
  const literal = ESCAPES[text[at] ?? '']
  if (literal !== undefined) return [literal, 1]
  const [written, digits] = /^u\{([1-9a-f][\da-f]{0,5})\}/.exec(text.slice(at, at + LONGEST_CODE)) ?? []
  const code = Number.parseInt(digits ?? '', 16)
  const character = code <= 0x10_ffff ? String.fromCodePoint(code) : ''
  // Codes of other characters are refused. With `\u{61}` for `a`, a user could type a name that
  // passes by a list of forbidden names.
  if (written !== undefined && character.replace(NOT_IN_NAMES, '') !== character) return [character, written.length]
  throw notAPrincipal('one of \\\\ \\/ \\@ \\n \\t \\b \\u{…} after a backslash', 'something else')
}

const LONGEST_CODE = 'u{10ffff}'.length

function escape(component: string): string {
  // Names are printed for every ticket, and hardly any of them needs an escape.
  if (/^[\w.$ -]*$/.test(component)) return component
  return component
    .replace(/[\\/@]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\t/g, '\\t')
    .replace(/[\b]/g, '\\b')
    .replace(NOT_IN_NAMES, codeOf)
}

/**
 * The error does not show the text: it may be a password, typed or configured in the wrong place.
 */
function notAPrincipal(expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'principal', expected, found })
}
