import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { everyRow } from './layers.js'
import { packageNames, readSources, root } from './sources.js'
import type { SourceFile } from './sources.js'
import { unfinishedOf } from './unfinished.js'

/** A reader looks over so many names at once. */
const FILES_IN_A_FOLDER = 15
/** Beyond these a file, or a function, holds two ideas. */
const LINES_OF_A_FILE = 300
const LINES_OF_A_FUNCTION = 60
/** Prose is read in shorter lines than code (120, see oxfmtrc.json). */
const COLUMNS_OF_A_COMMENT = 100

const wideRooms = everyRow.flatMap(([name, { wide = {} }]) =>
  Object.keys(wide).map((room) => join('packages', name, 'src', room)),
)
const places = [...packageNames.map((name) => [name, `packages/${name}`]), ['test', 'test'], ['examples', 'examples']]
const longFunctions = filesWithLongFunctions()

describe.each(places)('in %s', (name, folder) => {
  const all = readSources(folder)
  const shipped = all.filter((file) => !file.isTest)
  const { folders = [], files = [], functions = [], comments = [] } = unfinishedOf(name)

  test(`no folder holds more than ${FILES_IN_A_FOLDER} source files`, () => {
    const counts = new Map<string, number>()
    for (const { path } of shipped) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
    const wide = [...counts].filter(([path, count]) => count > FILES_IN_A_FOLDER && !folders.includes(path))
    expect(wide.filter(([path]) => !wideRooms.includes(path))).toEqual([])
  })

  test(`no source file has more than ${LINES_OF_A_FILE} lines`, () => {
    const long = shipped.filter(({ text }) => text.split('\n').length - 1 > LINES_OF_A_FILE)
    expect(pathsOf(long).filter((path) => !files.includes(path))).toEqual([])
  })

  test(`no function has more than ${LINES_OF_A_FUNCTION} lines`, () => {
    const long = shipped.filter(({ path }) => longFunctions.has(path))
    expect(pathsOf(long).filter((path) => !functions.includes(path))).toEqual([])
  })

  test(`no comment has a line of more than ${COLUMNS_OF_A_COMMENT} columns`, () => {
    const wide = all.filter(({ path }) => !comments.includes(path)).flatMap(wideComments)
    expect(wide).toEqual([])
  })
})

const pathsOf = (files: readonly SourceFile[]): string[] => files.map(({ path }) => path)

/**
 * `path:line` of each line that holds nothing but a comment, and too much of it. An address cannot
 * be wrapped, nor can a line that `interop-table.ts` reads.
 */
function wideComments({ path, text }: SourceFile): string[] {
  return text.split('\n').flatMap((line, index) => {
    const isComment = /^\s*(?:\/\/|\/\*|\*)/.test(line) && !/https?:\/\/\S{60}|\/\/ behaviour: /.test(line)
    return isComment && [...line].length > COLUMNS_OF_A_COMMENT ? [`${path}:${index + 1}`] : []
  })
}

/** The linter knows where a function ends. */
function filesWithLongFunctions(): Set<string> {
  const config = join(root, 'test/packages/long-functions.json')
  const args = ['--config', config, '--format', 'json', 'packages', 'test', 'examples']
  let report: string
  try {
    report = execFileSync(join(root, 'node_modules/.bin/oxlint'), args, { cwd: root, encoding: 'utf8', maxBuffer: 1e8 })
  } catch (error) {
    // It exits with 1 when it has found something.
    report = String((error as { stdout?: unknown }).stdout)
  }
  const { diagnostics }: { diagnostics: { filename: string }[] } = JSON.parse(report)
  return new Set(diagnostics.map(({ filename }) => filename))
}
