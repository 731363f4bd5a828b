/**
 * The last step of each package's build: puts the modules that the compiler has written into one
 * file for each entry of the package (what its `exports`, `imports` and `bin` name). A module that
 * two entries share, or that is imported when it is needed, gets a file of its own.
 *
 * Opening, linking and evaluating a module costs a process a third of a millisecond and 50 kB of
 * memory, however small it is. An app with `@s4u/express` loaded 530 of them; it loads about 40
 * now, in a fifth of the time. Nothing is minified: names, the comments of what is exported, and
 * the way back to the sources (source maps) stay. Other packages stay imports, so that each is
 * loaded once, and a bundler of the app still leaves out what the app does not use.
 *
 *     node ../../test/release/one-file.mjs      in the folder of a package, after tsc
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import { parseAst } from 'rolldown/parseAst'

const FOLDER = 'dist'
const PURE = '/* @__PURE__ */ '

const chunks = await mergedModules(entriesOf(JSON.parse(readFileSync('package.json', 'utf8'))))
requireClassNames(chunks)
removeModules()
for (const { fileName, content } of chunks) {
  const path = join(FOLDER, fileName)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/**
 * Returns the entries by their names in `dist`: `index`, `crypto/primitives/node`.
 *
 * @param {{ exports?: unknown, imports?: unknown, bin?: unknown }} manifest
 */
function entriesOf({ exports, imports, bin }) {
  const paths = [exports, imports, bin].flatMap(textsIn).map((path) => path.replace(/^\.\//, ''))
  const modules = paths.filter((path) => path.startsWith(`${FOLDER}/`) && path.endsWith('.js'))
  return Object.fromEntries(modules.map((path) => [path.slice(FOLDER.length + 1, -'.js'.length), path]))
}

/**
 * @param {unknown} value a part of a manifest
 * @returns {string[]}
 */
function textsIn(value) {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

/** @param {Record<string, string>} input */
async function mergedModules(input) {
  const build = await rolldown({
    input,
    // Conditions of `imports` are for the runtime to choose; a bundler of the app may see them too.
    external: (id) => !/^(?:\.{0,2}\/|[A-Za-z]:|dist\/)/.test(id),
    platform: 'neutral',
    tsconfig: false,
    plugins: [{ name: 'modules-of-tsc', load: moduleAt }],
    onLog(level, log) {
      throw new Error(`${level}: ${log.message}`)
    },
  })
  const files = { entryFileNames: '[name].js', chunkFileNames: '[name]-shared.js' }
  const { output } = await build.generate({ format: 'esm', sourcemap: true, ...files })
  return output.map((file) => ({ fileName: file.fileName, content: contentOf(file) }))
}

/** @param {string} id path of a module that the compiler has written */
function moduleAt(id) {
  const code = readFileSync(id, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '')
  return { code: withPureConstants(code), map: readFileSync(`${id}.map`, 'utf8') }
}

/**
 * Marks what makes the constants of a module, and the static members of its classes, as pure:
 * `const Ticket = sequence(…)`. A manifest that says `sideEffects: false` promises it. A bundler of
 * an app leaves out whole modules by that promise; in a merged file it goes by these marks.
 *
 * @param {string} code
 */
function withPureConstants(code) {
  /** @type {[place: number, mark: string][]} */
  const marks = []
  for (const statement of parseAst(code).body) collectMarks(statement, marks)
  marks.sort(([a], [b]) => a - b)
  const parts = marks.map(([place, mark], at) => code.slice(marks[at - 1]?.[0] ?? 0, place) + mark)
  return parts.join('') + code.slice(marks.at(-1)?.[0] ?? 0)
}

/**
 * @param {any} node
 * @param {[place: number, mark: string][]} marks
 */
function collectMarks(node, marks) {
  if (/^(?:Export\w*|VariableDeclaration|Class\w*)$/.test(node?.type)) {
    const inner = [node.declaration, node.declarations, node.body?.body]
    return inner.flat().forEach((one) => collectMarks(one, marks))
  }
  const value = node?.type === 'VariableDeclarator' ? node.init : node?.static ? node.value : null
  if (!runsCode(value)) return
  const isCall = /^(?:Call|New)Expression$/.test(value.type)
  if (isCall && !runsCode(value.arguments)) return marks.push([value.start, PURE])
  // Members and spreads may run code too, and there is no mark for them.
  marks.push([value.start, `${PURE}(() => (`], [value.end, '))()'])
}

/**
 * Returns true if a part of a value is more than made: called, read of an object, spread.
 *
 * @param {any} node
 * @returns {boolean}
 */
function runsCode(node) {
  if (typeof node !== 'object' || node === null || /Function|^Class/.test(node.type)) return false
  return /^(?:Call|New|Member|Tagged|Spread)/.test(node.type) || Object.values(node).some(runsCode)
}

/**
 * The maps name the sources, which come with the package, and so need no copy of them.
 *
 * @param {import('rolldown').OutputChunk | import('rolldown').OutputAsset} file
 */
function contentOf(file) {
  if (file.type === 'chunk') return file.code
  return JSON.stringify(JSON.parse(String(file.source)), (key, value) => (key === 'sourcesContent' ? undefined : value))
}

/**
 * Two classes of one name in one file: the second would be renamed, and with it its errors and what
 * `inspect` shows.
 *
 * @param {readonly { readonly fileName: string, readonly content: string }[]} chunks
 */
function requireClassNames(chunks) {
  for (const { fileName, content } of chunks) {
    const renamed = /\bclass (\w+)\$\d+\b|\b(\w+)\$\d+ = class\b/.exec(content)
    if (renamed === null) continue
    const name = renamed[1] ?? renamed[2]
    throw new Error(`${resolve(FOLDER, fileName)}: this package has two classes ${name}; rename one of them`)
  }
}

/** Declarations stay as the compiler wrote them: a module each. */
function removeModules() {
  for (const path of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }))
    if (/\.js(?:\.map)?$/.test(path)) rmSync(join(FOLDER, path))
}
