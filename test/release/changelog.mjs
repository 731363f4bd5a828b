/** Reads and closes the section of CHANGELOG.md that a release is told by. */

/**
 * Returns the changelog with the section of `version` dated, and the text of that section.
 *
 * @param {string} changelog
 * @param {string} version `0.2.0`
 * @param {string} date `2026-11-30`
 * @throws {Error} if the first section is not `## VERSION (not released)`, or says nothing
 */
export function closeSection(changelog, version, date) {
  const [heading] = /^## .*$/m.exec(changelog) ?? []
  const expected = `## ${version} (not released)`
  if (heading !== expected)
    throw new Error(
      `CHANGELOG.md: the first section is "${heading ?? 'missing'}"; write "${expected}", and under it what changes for users`,
    )
  const from = changelog.indexOf(expected) + expected.length
  const next = changelog.indexOf('\n## ', from)
  const text = changelog.slice(from, next < 0 ? undefined : next).trim()
  if (text === '') throw new Error(`CHANGELOG.md: "${expected}" says nothing; write what changes for users`)
  return { changelog: changelog.replace(expected, `## ${version} (${date})`), text }
}
