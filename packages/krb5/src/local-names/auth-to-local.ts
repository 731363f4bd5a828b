/**
 * The local name of a principal, by the rules of krb5.conf. Source: MIT krb5 documentation, "krb5.conf", auth_to_local and
 * auth_to_local_names.
 *
 * In one thing it is stricter than MIT's library: what does not say of which realm it speaks (a rule without `$0`, a name without `@`)
 * is about the own realm alone. There `RULE:[1:$1]` makes the local user `root` of the `root` of every realm that can be reached.
 */

import { ConfigurationError } from '../errors/errors.js'
import type { Krb5Conf } from '../configuration/krb5-conf.js'
import { formatName, formatPrincipal, type Principal } from '../names/principal.js'
import { NOT_IN_NAMES } from '../errors/printable.js'
import { findMatch } from './pattern-match.js'
import { compilePattern, type Pattern } from './posix-pattern.js'

/** What is asked of a mapping: a name, or undefined for who has none here. `ownRealm` is that of the service. */
export type LocalNameMapping = (principal: Principal, ownRealm: string) => string | undefined

export interface AuthToLocal {
  /** In order, the first that applies counts: `RULE:[1:$1@$0](^.*@PARTNER\.TEST$)s/@.*$/.partner/`, `DEFAULT`. Default: `DEFAULT`. */
  readonly rules?: readonly string[]
  /** Local names of single principals, which go before all rules: `{ 'alice@PARTNER.TEST': 'alice2' }`. */
  readonly names?: Readonly<Record<string, string>>
}

/** One component of the own realm is its own local name, and nobody else has one: the rule DEFAULT. */
export const defaultLocalName: LocalNameMapping = ({ name: { nameString }, realm }, ownRealm) => {
  if (realm !== ownRealm || !nameString.every(isOrdinary)) return undefined
  const [first, second] = nameString
  return nameString.length === 1 || (nameString.length === 2 && second === ownRealm) ? first : undefined
}

/** @throws ConfigurationError for a rule that cannot be read, at once and not when somebody comes */
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
      // A rule that applies and leaves nothing has decided: who has no name by it has none by those that follow.
      if (name !== undefined) return name === '' ? undefined : name
    }
    return undefined
  }
}

/** The rules of a krb5.conf, of the realm of whichever service is asked. @throws ConfigurationError for a rule that cannot be read */
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

/** A longer name is nobody's, and matching takes the square of the length. */
const MAX_CHARACTERS = 256

/**
 * What stands between the parts of what a rule looks at (`@`, `/`, `;`) must not be in the parts: `alice@CORP.TEST`, one component, would
 * be taken for `alice` of that realm.
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

/** What a rule looks at, as characters; undefined for principals that it is not about. */
type Selection = (principal: Principal, ownRealm: string) => readonly string[] | undefined

/** A rule without `[n:string]`. */
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

/** As MIT does it: the replacement is text, and `^` stands for the beginning of what is left. */
function substituted(characters: readonly string[], { pattern, replacement, everywhere }: Substitution): string[] {
  const done: string[] = []
  let rest = characters
  for (;;) {
    const match = findMatch(pattern, rest)
    if (match === undefined) break
    done.push(...rest.slice(0, match.from), ...replacement)
    // Nothing that was matched is nothing that was passed.
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
