/**
 * Reads extended regular expressions of POSIX, which krb5.conf uses, into states. There are no back
 * references, so the matcher never goes back: an attacker who chooses the name of a principal
 * cannot make matching slow, whatever the pattern is. Source: IEEE Std 1003.1, section 9.4,
 * "Extended Regular Expressions".
 */

import { ConfigurationError } from '../errors/errors.js'
import { CLASSES, GNU_CLASSES } from './character-classes.js'

/**
 * One state: a test of one character with the state that follows it, or several states that are
 * reached without reading a character.
 */
export type State =
  | { readonly kind: 'character'; readonly test: (character: string) => boolean; next: number }
  | { readonly kind: 'split'; readonly next: number[] }
  | { readonly kind: 'start' | 'end'; next: number }
  | { readonly kind: 'match' }

export interface Pattern {
  readonly states: readonly State[]
  readonly start: number
}

/**
 * The most states of a pattern. Rules that people write have some dozens; `{255}` within `{255}`
 * would fill the memory.
 */
const MAX_STATES = 2_000
/** How deep parentheses may nest; reading them must not exhaust the stack. */
const MAX_DEPTH = 50
/** RE_DUP_MAX of POSIX. */
const MAX_REPETITIONS = 255

/**
 * Reads a pattern.
 *
 * @throws ConfigurationError if it is not a pattern, or if it would need back references
 */
export function compilePattern(text: string): Pattern {
  return new PatternCompiler(text).compile()
}

/**
 * A part of a pattern that is not connected yet: where it begins, and the states that wait for what
 * follows.
 */
interface Part {
  readonly start: number
  readonly attach: (next: number) => void
}

type Piece = () => Part

class PatternCompiler {
  readonly #characters: readonly string[]
  readonly #states: State[] = []
  #at = 0

  constructor(text: string) {
    this.#characters = [...text]
  }

  compile(): Pattern {
    const { start, attach } = this.#alternatives(0)()
    if (this.#at < this.#characters.length) this.#fail('a ) that closes nothing')
    attach(this.#add({ kind: 'match' }))
    return { states: this.#states, start }
  }

  /** Returns a function that makes the part, since each repetition needs states of its own. */
  #alternatives(depth: number): Piece {
    if (depth > MAX_DEPTH) this.#fail(`parentheses more than ${MAX_DEPTH} deep`)
    const branches = [this.#branch(depth)]
    while (this.#takes('|')) branches.push(this.#branch(depth))
    return branches.length === 1 ? branches[0] : () => this.#either(branches.map((branch) => branch()))
  }

  #branch(depth: number): Piece {
    const pieces: Piece[] = []
    while (this.#at < this.#characters.length && this.#peek() !== '|' && !(depth > 0 && this.#peek() === ')'))
      pieces.push(this.#repeated(this.#atom(depth)))
    return () => this.#sequence(pieces)
  }

  #atom(depth: number): Piece {
    const character = this.#take()
    switch (character) {
      case '(': {
        const inner = this.#alternatives(depth + 1)
        if (!this.#takes(')')) this.#fail('a ( that is not closed')
        return inner
      }
      case '.':
        return () => this.#character(() => true)
      case '[':
        return this.#one(this.#bracket())
      case '^':
        return () => this.#anchor('start')
      case '$':
        return () => this.#anchor('end')
      case '*':
      case '+':
      case '?':
      case '{':
        return this.#fail(`a ${character} behind nothing`)
      case '\\':
        return this.#one(this.#escape())
      default:
        return this.#one((other) => other === character)
    }
  }

  #escape(): (character: string) => boolean {
    const character = this.#take()
    if (character === undefined) this.#fail('a backslash before nothing')
    const known = GNU_CLASSES[character]
    if (known !== undefined) return (other) => known.test(other)
    if (/[\p{L}\d<>`']/u.test(character)) this.#fail(`\\${character}, which stands for no character`)
    return (other) => other === character
  }

  #repeated(piece: Piece): Piece {
    for (let result = piece; ;) {
      const inner = result
      if (this.#takes('*')) result = () => this.#loop(inner, true)
      else if (this.#takes('+')) result = () => this.#loop(inner, false)
      else if (this.#takes('?')) result = () => this.#optional(inner())
      else if (this.#takes('{')) result = this.#counted(inner)
      else return result
    }
  }

  /** Reads the repetitions `{2}`, `{2,}`, `{2,5}` and `{,5}`. */
  #counted(piece: Piece): Piece {
    const [found, least = '', comma, most = ''] =
      /^(\d{0,3})(,?)(\d{0,3})\}/.exec(this.#characters.slice(this.#at, this.#at + 8).join('')) ?? []
    if (found === undefined || (least === '' && most === '')) return this.#fail('a { that begins no count')
    this.#at += found.length
    const minimum = Number(least)
    const maximum = comma === '' ? minimum : most === '' ? undefined : Number(most)
    if (minimum > MAX_REPETITIONS || (maximum ?? 0) > MAX_REPETITIONS || (maximum !== undefined && maximum < minimum))
      return this.#fail(`a count that is not from 0 to ${MAX_REPETITIONS}`)
    const rest: Piece[] =
      maximum === undefined
        ? [() => this.#loop(piece, true)]
        : Array.from({ length: maximum - minimum }, () => () => this.#optional(piece()))
    return () => this.#sequence([...Array.from({ length: minimum }, () => piece), ...rest])
  }

  #bracket(): (character: string) => boolean {
    const negated = this.#takes('^')
    const tests: ((character: string) => boolean)[] = []
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#characters.length) this.#fail('a [ that is not closed')
      tests.push(this.#bracketItem())
    }
    this.#take()
    return (character) => tests.some((test) => test(character)) !== negated
  }

  #bracketItem(): (character: string) => boolean {
    const [named, name] = /^\[:([a-z]{1,12}):\]/.exec(this.#characters.slice(this.#at, this.#at + 16).join('')) ?? []
    if (named !== undefined) {
      const known = CLASSES[name] ?? this.#fail(`[:${name}:], which is no class`)
      this.#at += named.length
      return (character) => known.test(character)
    }
    const from = this.#take() ?? this.#fail('a [ that is not closed')
    if (from === '[' && /[.=]/.test(this.#peek() ?? '')) this.#fail('a collating element')
    if (this.#peek() !== '-' || (this.#characters[this.#at + 1] ?? ']') === ']')
      return (character) => character === from
    this.#take()
    const to = this.#take() ?? this.#fail('a [ that is not closed')
    if (codeOf(to) < codeOf(from)) this.#fail(`a range from ${from} to ${to}`)
    return (character) => codeOf(character) >= codeOf(from) && codeOf(character) <= codeOf(to)
  }

  #one(test: (character: string) => boolean): Piece {
    return () => this.#character(test)
  }

  #character(test: (character: string) => boolean): Part {
    const state = { kind: 'character' as const, test, next: -1 }
    return { start: this.#add(state), attach: (next) => void (state.next = next) }
  }

  #anchor(kind: 'start' | 'end'): Part {
    const state = { kind, next: -1 }
    return { start: this.#add(state), attach: (next) => void (state.next = next) }
  }

  #sequence(pieces: readonly Piece[]): Part {
    if (pieces.length === 0) return this.#nothing()
    const parts = pieces.map((piece) => piece())
    for (const [index, { attach }] of parts.slice(0, -1).entries()) attach(parts[index + 1].start)
    return { start: parts[0].start, attach: parts[parts.length - 1].attach }
  }

  #either(parts: readonly Part[]): Part {
    const start = this.#add({ kind: 'split', next: parts.map((part) => part.start) })
    return { start, attach: (next) => parts.forEach(({ attach }) => attach(next)) }
  }

  #nothing(): Part {
    const next: number[] = []
    return { start: this.#add({ kind: 'split', next }), attach: (one) => void next.push(one) }
  }

  #optional({ start, attach }: Part): Part {
    const next = [start]
    const split = this.#add({ kind: 'split', next })
    return {
      start: split,
      attach: (one) => {
        attach(one)
        next.push(one)
      },
    }
  }

  #loop(piece: Piece, mayBeLeftOut: boolean): Part {
    const { start, attach } = piece()
    const next = [start]
    const split = this.#add({ kind: 'split', next })
    attach(split)
    return { start: mayBeLeftOut ? split : start, attach: (one) => void next.push(one) }
  }

  #add(state: State): number {
    if (this.#states.length === MAX_STATES) this.#fail(`more than ${MAX_STATES} states`)
    return this.#states.push(state) - 1
  }

  #peek(): string | undefined {
    return this.#characters[this.#at]
  }

  #take(): string | undefined {
    return this.#characters[this.#at++]
  }

  #takes(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#at++
    return true
  }

  #fail(what: string): never {
    throw new ConfigurationError(`a regular expression has ${what}, at character ${this.#at}`, {
      hint: 'It must be an extended regular expression of POSIX, as krb5.conf has them.',
    })
  }
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}
