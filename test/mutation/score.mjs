/** The figures of a run, and the words for them. */

/** Of the mutants that are not equivalent, in per cent: below it a release is held back. */
export const AIM = 95

/**
 * @param {{ killed: number, survivors: object[], equivalent: number, faults: string[] }} verdict
 * @returns {{ all: number, meaningful: number, reached: boolean }} shares in per cent, 100 of
 * nothing
 */
export function scoreOf({ killed, survivors, equivalent, faults }) {
  const meaningful = share(killed, killed + survivors.length)
  const all = share(killed, killed + survivors.length + equivalent)
  return { all, meaningful, reached: meaningful >= AIM && faults.length === 0 }
}

function share(part, whole) {
  return whole === 0 ? 100 : (100 * part) / whole
}

/** Rounded down, so that no figure looks better than it is. */
export function percent(share) {
  return `${(Math.floor(share * 10) / 10).toFixed(1)} %`
}

/** @returns {string} one line: the score of a scope, or of all together */
export function scoreLine(name, verdict) {
  const { killed, survivors, equivalent } = verdict
  const { all, meaningful } = scoreOf(verdict)
  const total = killed + survivors.length + equivalent
  return (
    `${name}: ${killed} of ${total} mutants killed, ${percent(all)}; ` +
    `${percent(meaningful)} without the ${equivalent} that are equivalent`
  )
}

/** @returns {string[]} the score of each file that has a survivor, weakest first */
export function fileLines(mutants, survivors) {
  const files = [...new Set(survivors.map((mutant) => mutant.file))].map((file) => {
    const left = survivors.filter((mutant) => mutant.file === file).length
    const killed = mutants.filter(
      ({ file: of, fate }) => of === file && (fate === 'killed' || fate === 'timeout'),
    ).length
    return { file, left, share: share(killed, killed + left) }
  })
  return files
    .sort((a, b) => a.share - b.share)
    .map(({ file, left, share }) => `${percent(share).padStart(7)}  ${left} left  ${file}`)
}

/**
 * @returns {string} a survivor as `file:line`, what is there and what it could be without a test
 * noticing
 */
export function survivorText({ file, line, mutator, fate, before, after }) {
  const note = fate === 'uncovered' ? `${mutator}; no test runs it` : mutator
  return `${file}:${line}  (${note})\n  - ${before}\n  + ${after}`
}
