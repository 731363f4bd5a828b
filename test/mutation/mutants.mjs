/**
 * The mutants of a report of Stryker (https://github.com/stryker-mutator/mutation-testing-elements,
 * report schema), as the change that each of them is: the lines before and after.
 */

/**
 * What is changed and what it becomes may each be a whole function: then its two ends say enough.
 */
const LONGEST_PIECE = 160

/**
 * @typedef {object} Mutant
 * @property {string} file below the root, with `/`
 * @property {number} line where the change begins, from 1
 * @property {string} mutator the name of Stryker's rule
 * @property {string} fate killed, timeout, survived, uncovered (no test runs it) or invalid (not
 * counted)
 * @property {string} before the lines that are changed, with single spaces
 * @property {string} after the same lines, changed
 */

const fates = {
  Killed: 'killed',
  Timeout: 'timeout',
  Survived: 'survived',
  NoCoverage: 'uncovered',
  // A test file could not even be read, or what its tests need could not be made: see
  // vitest.config.ts.
  RuntimeError: 'killed',
}

/**
 * @param {{ files: Record<string, { source: string, mutants: object[] }> }} report
 * @returns {Mutant[]}
 */
export function mutantsOf(report) {
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split('\n')
    return mutants.map((mutant) => ({
      file,
      line: mutant.location.start.line,
      mutator: mutant.mutatorName,
      fate: fates[mutant.status] ?? 'invalid',
      ...changeOf(lines, mutant),
    }))
  })
}

/**
 * The report of an earlier run without those survivors that are reached while a file is loaded.
 * Stryker cannot know which tests reach these, so it would believe the result for ever, whatever
 * tests have come since.
 *
 * @param {{ files: Record<string, { mutants: object[] }> }} report
 */
export function withoutStaticSurvivors(report) {
  const files = Object.entries(report.files).map(([name, file]) => [
    name,
    { ...file, mutants: file.mutants.filter(({ status, static: isStatic }) => !(isStatic && status === 'Survived')) },
  ])
  return { ...report, files: Object.fromEntries(files) }
}

function changeOf(lines, { location: { start, end }, replacement }) {
  const head = lines[start.line - 1].slice(0, start.column - 1)
  const tail = lines[end.line - 1].slice(end.column - 1)
  const changed = lines.slice(start.line - 1, end.line)
  changed[changed.length - 1] = changed[changed.length - 1].slice(0, end.column - 1)
  changed[0] = changed[0].slice(start.column - 1)
  return {
    before: oneLine(head + shorten(changed.join('\n')) + tail),
    after: oneLine(head + shorten(replacement ?? '') + tail),
  }
}

function shorten(text) {
  const piece = oneLine(text)
  const end = LONGEST_PIECE / 2
  return piece.length <= LONGEST_PIECE ? piece : `${piece.slice(0, end)} … ${piece.slice(-end)}`
}

function oneLine(text) {
  return text.replace(/\s+/g, ' ').trim()
}
