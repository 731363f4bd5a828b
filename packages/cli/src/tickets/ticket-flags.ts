import { hasFlag, type KerberosFlags, TicketFlag } from '@s4u/krb5'

/**
 * The letters that klist -f prints for the flags of a ticket. Source: MIT krb5 documentation,
 * klist.
 */
const LETTERS: readonly (readonly [keyof typeof TicketFlag, string])[] = [
  ['FORWARDABLE', 'F'],
  ['FORWARDED', 'f'],
  ['PROXIABLE', 'P'],
  ['PROXY', 'p'],
  ['MAY_POSTDATE', 'D'],
  ['POSTDATED', 'd'],
  ['INVALID', 'i'],
  ['RENEWABLE', 'R'],
  ['INITIAL', 'I'],
  ['HW_AUTHENT', 'H'],
  ['PRE_AUTHENT', 'A'],
  ['TRANSITED_POLICY_CHECKED', 'T'],
  ['OK_AS_DELEGATE', 'O'],
  ['ANONYMOUS', 'a'],
]

/** `FRIA`, as klist prints them. */
export function flagLetters(flags: KerberosFlags): string {
  return LETTERS.filter(([name]) => hasFlag(flags, TicketFlag[name]))
    .map(([, letter]) => letter)
    .join('')
}

/** `forwardable`, `pre-authent`: every flag that is set and has a name. */
export function flagNames(flags: KerberosFlags): readonly string[] {
  return Object.entries(TicketFlag)
    .filter(([, bit]) => hasFlag(flags, bit))
    .map(([name]) => name.toLowerCase().replaceAll('_', '-'))
}
