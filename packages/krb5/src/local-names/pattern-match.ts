import type { Pattern } from './posix-pattern.js'

/** The place where a pattern matches, as positions of characters. */
export interface Match {
  readonly from: number
  readonly to: number
}

/**
 * Returns the leftmost match, and of those the longest, as POSIX demands. All possible states are
 * followed at once, one character after the other: the time is the square of the length of the
 * text, times the number of states, whatever the pattern is.
 */
export function findMatch({ states, start }: Pattern, characters: readonly string[]): Match | undefined {
  for (let from = 0; from <= characters.length; from++) {
    const to = longestFrom({ states, start }, characters, from)
    if (to !== undefined) return { from, to }
  }
  return undefined
}

function longestFrom({ states, start }: Pattern, characters: readonly string[], from: number): number | undefined {
  let longest: number | undefined
  let current = reached(states, [start], from, characters.length)
  for (let at = from; current.length > 0; at++) {
    if (current.some((index) => states[index].kind === 'match')) longest = at
    if (at === characters.length) break
    const next: number[] = []
    for (const index of current) {
      const state = states[index]
      if (state.kind === 'character' && state.test(characters[at])) next.push(state.next)
    }
    current = reached(states, next, at + 1, characters.length)
  }
  return longest
}

/**
 * Returns these states, and all that can be reached from them without reading a character, each
 * once.
 */
function reached(states: Pattern['states'], from: readonly number[], at: number, length: number): readonly number[] {
  const seen = new Set<number>()
  const waiting = [...from]
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (seen.has(index)) continue
    seen.add(index)
    const state = states[index]
    if (state.kind === 'split') waiting.push(...state.next)
    else if ((state.kind === 'start' && at === 0) || (state.kind === 'end' && at === length)) waiting.push(state.next)
  }
  return [...seen]
}
