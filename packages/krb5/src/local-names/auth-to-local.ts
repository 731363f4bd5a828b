/**
 * Finds the local name of a principal by the rules of krb5.conf. Source: MIT krb5 documentation,
 * "krb5.conf", auth_to_local and auth_to_local_names.
 *
 * In one point this is stricter than MIT's library: a rule without `$0` and a name without `@`
 * name no realm, and apply only to the service's own realm. In MIT's library `RULE:[1:$1]` makes
 * the local user `root` of the principal `root` of every realm that can be reached.
 */

import { ConfigurationError } from '../errors/errors.js'
import type { Krb5Conf } from '../configuration/krb5-conf.js'
import { formatName, formatPrincipal, type Principal } from '../names/principal.js'
import { NOT_IN_NAMES } from '../errors/printable.js'
import { findMatch } from './pattern-match.js'
import { compilePattern, type Pattern } from './posix-pattern.js'

/**
 * Returns the local name of a principal; undefined if it has none. `ownRealm` is the realm of the
 * service.
 */
export type LocalNameMapping = (principal: Principal, ownRealm: string) => string | undefined

/** How principals become local names. */
export interface AuthToLocal {
  /**
   * The rules, of which the first one that applies counts:
   * `RULE:[1:$1@$0](^.*@PARTNER\.TEST$)s/@.*$/.partner/`, `DEFAULT`. Default: `['DEFAULT']`.
   */
  readonly rules?: readonly string[]
  /**
   * Local names of single principals, which come before all rules:
   * `{ 'alice@PARTNER.TEST': 'alice2' }`.
   */
  readonly names?: Readonly<Record<string, string>>
}

/**
 * The rule DEFAULT: a principal of the own realm with one component has this component as its local
 * name. All others have none.
 *
 * @example
 * ```ts
 * import { defaultLocalName, parsePrincipal } from '@s4u/krb5'
 *
 * console.log(defaultLocalName(parsePrincipal('alice@AD.TEST'), 'AD.TEST')) // alice
 * console.log(defaultLocalName(parsePrincipal('alice@PARTNER.TEST'), 'AD.TEST')) // undefined
 * ```
 */
export const defaultLocalName: LocalNameMapping = ({ name: { nameString }, realm }, ownRealm) => {
  if (realm !== ownRealm || !nameString.every(isOrdinary)) return undefined
  const [first, second] = nameString
  return nameString.length === 1 || (nameString.length === 2 && second === ownRealm) ? first : undefined
}

/**
 * Makes a mapping from rules and names.
 *
 * @throws ConfigurationError for a rule that cannot be read, when the mapping is made and not when
 * it is used
 *
 * @example
 * ```ts
 * import { authToLocal, parsePrincipal } from '@s4u/krb5'
 *
 * const partners = 'RULE:[1:$1@$0](^.*@PARTNER\\.TEST$)s/@.*$/.partner/'
 * const localName = authToLocal({ rules: [partners, 'DEFAULT'] })
 * localName(parsePrincipal('bob@PARTNER.TEST'), 'AD.TEST') // 'bob.partner'
 * ```
 */
export function authToLocal({ rules = ['DEFAULT'], names = {} }: AuthToLocal): LocalNameMapping {
  const known = new Map(Object.entries(names))
  const mappings = rules.map(readRule)
  return (principal, ownRealm) => {
    const named =
      known.get(formatPrincipal(principal)) ??
      (principal.realm === ownRealm ? known.get(formatName(principal.name)) : undefined)
    if (named !== undefined) return named
    for (const mapping of mappings) {
      const name = mapping(principal, ownRealm)
      // A rule that applies and leaves an empty name has decided: the rules that follow are not
      // asked.
      if (name !== undefined) return name === '' ? undefined : name
    }
    return undefined
  }
}

/**
 * Makes the mapping of a krb5.conf, which uses the rules of the realm of the service.
 *
 * @throws ConfigurationError for a rule that cannot be read
 *
 * @example
 * ```ts
 * import { authToLocalOf, parseKrb5Conf, parsePrincipal } from '@s4u/krb5'
 *
 * const localName = authToLocalOf(parseKrb5Conf(''))
 * localName(parsePrincipal('alice@AD.TEST'), 'AD.TEST') // 'alice'
 * ```
 */
export function authToLocalOf(conf: Krb5Conf): LocalNameMapping {
  const byRealm = new Map(conf.names('realms').map((realm) => [realm, authToLocal(rulesOf(conf, realm))]))
  return (principal, ownRealm) => (byRealm.get(ownRealm) ?? defaultLocalName)(principal, ownRealm)
}

function rulesOf(conf: Krb5Conf, realm: string): AuthToLocal {
  const rules = conf.strings('realms', realm, 'auth_to_local')
  const names = conf.names('realms', realm, 'auth_to_local_names').map((name) => {
    return [name, conf.string('realms', realm, 'auth_to_local_names', name) ?? ''] as const
  })
  return { ...(rules.length > 0 && { rules }), names: Object.fromEntries(names.filter(([, local]) => local !== '')) }
}

/** No account has a longer name, and the time for matching grows with the square of the length. */
const MAX_CHARACTERS = 256

/**
 * Tells whether a component contains none of the characters that separate the parts a rule looks at
 * (`@`, `/`, `;`). Otherwise the one component `alice@CORP.TEST` would be taken for `alice` of that
 * realm.
 */
function isOrdinary(component: string): boolean {
  return /^[\p{L}\p{N}\p{M}._$+ '&-]{1,256}$/u.test(component) && component.search(NOT_IN_NAMES) < 0
}

function readRule(text: string): LocalNameMapping {
  if (text === 'DEFAULT') return defaultLocalName
  const rule = /^RULE:(?:\[(\d{1,3}):([^\]]*)\])?(?:\(([^)]*)\))?(.*)$/s.exec(text)
  if (rule === null) throw badRule('it is neither DEFAULT nor RULE:[n:string](regexp)s/pattern/replacement/')
  const [, count, string, regexp, rest] = rule
  const select = count === undefined ? wholeName : selection(string, Number(count))
  const whole = regexp === undefined ? undefined : compilePattern(regexp)
  const substitutions = readSubstitutions(rest)
  return (principal, ownRealm) => {
    if (![principal.realm, ...principal.name.nameString].every(isOrdinary)) return undefined
    const selected = select(principal, ownRealm)
    if (selected === undefined) return undefined
    if (selected.length > MAX_CHARACTERS || (whole && !matchesWhole(whole, selected))) return undefined
    const local = substitutions.reduce((characters, one) => [...substituted(characters, one)], selected).join('')
    return local.length > MAX_CHARACTERS ? '' : local
  }
}

/**
 * Returns the characters that a rule looks at; undefined for a principal to which the rule does not
 * apply.
 */
type Selection = (principal: Principal, ownRealm: string) => readonly string[] | undefined

/** The selection of a rule without `[n:string]`. */
const wholeName: Selection = ({ name, realm }, ownRealm) => (realm === ownRealm ? [...formatName(name)] : undefined)

function selection(text: string, count: number): Selection {
  const parts = text.match(/\$\d*|[^$]+/g) ?? []
  for (const part of parts) {
    if (part.startsWith('$') && (part === '$' || Number(part.slice(1)) > count))
      throw badRule(`a $ that stands for none of ${count} components`)
  }
  const saysRealm = parts.some((part) => /^\$0+$/.test(part))
  return ({ name: { nameString }, realm }, ownRealm) => {
    if (nameString.length !== count || (!saysRealm && realm !== ownRealm)) return undefined
    const values = [realm, ...nameString]
    return [...parts.map((part) => (part.startsWith('$') ? values[Number(part.slice(1))] : part)).join('')]
  }
}

interface Substitution {
  readonly pattern: Pattern
  readonly replacement: readonly string[]
  readonly everywhere: boolean
}

function readSubstitutions(text: string): Substitution[] {
  const found: Substitution[] = []
  for (let rest = text.trimStart(); rest !== '';) {
    const match = /^s\/([^/]*)\/([^/]*)\/(g?)\s*/.exec(rest)
    if (match === null) throw badRule('what follows is not s/pattern/replacement/ or s/pattern/replacement/g')
    const [all, pattern, replacement, everywhere] = match
    found.push({ pattern: compilePattern(pattern), replacement: [...replacement], everywhere: everywhere === 'g' })
    rest = rest.slice(all.length)
  }
  return found
}

function matchesWhole(pattern: Pattern, characters: readonly string[]): boolean {
  const match = findMatch(pattern, characters)
  return match !== undefined && match.from === 0 && match.to === characters.length
}

/**
 * Applies a substitution as MIT does: the replacement is plain text, and `^` means the beginning of
 * what is left.
 */
function substituted(characters: readonly string[], { pattern, replacement, everywhere }: Substitution): string[] {
  const done: string[] = []
  let rest = characters
  for (;;) {
    const match = findMatch(pattern, rest)
    if (match === undefined) break
    done.push(...rest.slice(0, match.from), ...replacement)
    // An empty match consumes nothing, so one character is copied to get on.
    const step = match.to === match.from ? 1 : 0
    done.push(...rest.slice(match.to, match.to + step))
    rest = rest.slice(match.to + step)
    if (!everywhere || rest.length === 0 || done.length > MAX_CHARACTERS) break
  }
  return [...done, ...rest]
}

function badRule(why: string): ConfigurationError {
  return new ConfigurationError(`auth_to_local: a rule cannot be read: ${why}`, {
    hint: 'Write RULE:[1:$1@$0](^.*@PARTNER\\.TEST$)s/@.*$// or DEFAULT, as in krb5.conf.',
  })
}
