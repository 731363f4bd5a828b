import { dirname, relative } from 'node:path'
import { resolveRelative } from './sources.js'
import type { SourceFile } from './sources.js'

/** One import that leads from a room of a package to another. */
export interface Passage {
  readonly from: string
  readonly to: string
  /** `failover.ts → kdc-health.ts`, below `src`. */
  readonly by: string
}

/**
 * The imports between the rooms of one package. A room is a folder; `listed` names the single files
 * that count as one.
 *
 * @param src `packages/krb5/src`
 */
export function passagesOf(src: string, files: readonly SourceFile[], listed: readonly string[] = []): Passage[] {
  const room = (path: string): string => roomOf(relative(src, path), listed)
  return files.flatMap((file) =>
    file.imports
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => resolveRelative(file, specifier))
      .map((target) => ({
        from: room(file.path),
        to: room(target),
        by: `${relative(src, file.path)} → ${relative(src, target)}`,
      }))
      .filter(({ from, to }) => from !== to),
  )
}

/**
 * `delegation/plan.ts` is in `delegation`; `index.ts` in `.`, unless the list names the file
 * itself.
 */
export const roomOf = (path: string, listed: readonly string[] = []): string =>
  listed.includes(path) ? path : dirname(path)

/**
 * The first way round: `a → b → a`, with the import that makes each step. Undefined where there is
 * no cycle.
 */
export function cycleOf(passages: readonly Passage[]): string | undefined {
  const finished = new Set<string>()
  const visit = (room: string, trail: readonly Passage[]): string | undefined => {
    const start = trail.findIndex((step) => step.from === room)
    if (start >= 0) {
      return trail
        .slice(start)
        .map(({ from, to, by }) => `${from} → ${to} (${by})`)
        .join(', ')
    }
    if (finished.has(room)) return undefined
    for (const step of passages.filter(({ from }) => from === room)) {
      const found = visit(step.to, [...trail, step])
      if (found !== undefined) return found
    }
    finished.add(room)
    return undefined
  }
  for (const { from } of passages) {
    const found = visit(from, [])
    if (found !== undefined) return found
  }
  return undefined
}
