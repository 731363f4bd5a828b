import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type DeprecatedUse, deprecatedUses } from './deprecated-names.js'
import { listFiles, readSources, root } from './sources.js'

/** A piece of code in a README, in a page of `docs`, or behind `@example` in a comment. */
export interface Example {
  /** `packages/koa/README.md`, below the root. */
  readonly from: string
  /** The line of its first line of code, counted from 1. */
  readonly line: number
  readonly language: 'ts' | 'js'
  readonly code: string
  /**
   * What the reader has already, in TypeScript: `<!-- given: declare const app: Express -->` above
   * the fence. It is compiled with the code, and no reader sees it.
   */
  readonly given: string
}

/** Every `ts` and `js` fence of the Markdown pages, and every `@example` of the sources. */
export function readExamples(): Example[] {
  const folders = ['docs', 'packages', 'examples'].flatMap((folder) => listFiles(join(root, folder)))
  const pages = [join(root, 'README.md'), ...folders.filter((path) => path.endsWith('.md'))]
  const shipped = readSources('packages').filter((file) => !file.isTest)
  return [
    ...pages.flatMap((path) => examplesOfPage(path.slice(root.length), readFileSync(path, 'utf8'))),
    ...shipped.flatMap(({ path, text }) => examplesOfSource(path, text)),
  ]
}

export function examplesOfPage(from: string, text: string): Example[] {
  const fence = /(?:^<!-- given: ([^]*?)-->\n+)?^```(ts|js)\n([^]*?)^```$/gm
  return [...text.matchAll(fence)].map(({ 0: all, 1: given = '', 2: language, 3: code, index }) => ({
    from,
    line: lineAt(text, index + all.lastIndexOf(code)),
    language: language === 'js' ? 'js' : 'ts',
    code,
    given: given.trim(),
  }))
}

/** Each fence of a doc comment, without the stars. */
export function examplesOfSource(from: string, text: string): Example[] {
  const fence = /^([ \t]*\* )```ts\n([^]*?)^\1```$/gm
  return [...text.matchAll(fence)].map(({ 0: all, 1: star, 2: code, index }) => ({
    from,
    line: lineAt(text, index + all.indexOf(code)),
    language: 'ts',
    code: code
      .split('\n')
      .map((line) => line.slice(star.length))
      .join('\n'),
    given: '',
  }))
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length

/** One error of the compiler: `packages/koa/README.md:13: Cannot find name 'app'.` */
export interface Complaint {
  readonly from: string
  readonly text: string
}

/**
 * A folder in which examples are compiled and run, as in a project that has the packages installed.
 */
export class Workshop {
  readonly #folder: string
  readonly #names = new Map<string, Example>()

  constructor() {
    // Below test/, so that the packages, and Express and Koa, are found.
    const caches = join(root, 'test/node_modules/.cache')
    mkdirSync(caches, { recursive: true })
    this.#folder = mkdtempSync(join(caches, 'examples-'))
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }')
  }

  /**
   * Compiles all of them against the sources of the packages, in one run. An example that declares
   * something for the whole project is compiled by itself.
   */
  compile(examples: readonly Example[]): Complaint[] {
    const isGlobal = ({ code }: Example): boolean => /^declare (?:global|module)\b/m.test(code)
    const together = examples.filter((example) => !isGlobal(example))
    return [together, ...examples.filter(isGlobal).map((example) => [example])].flatMap((each) => this.#compile(each))
  }

  /** The uses of deprecated names in examples, by the page and its line. */
  deprecatedUses(examples: readonly Example[]): DeprecatedUse[] {
    this.#lay(examples)
    return deprecatedUses(this.#folder, ['--no-ignore', ...examples.map(nameOf)]).map((use) => {
      const example = this.#names.get(basename(use.from))
      return example === undefined ? use : { ...use, from: example.from, line: example.line + use.line - 1 }
    })
  }

  /** What an example prints, when it is run by itself. */
  run(example: Example): string {
    const name = nameOf(example).replace(/\.ts$/, '.js')
    return execFileSync(process.execPath, [join(this.#folder, 'out', name)], { encoding: 'utf8' })
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #compile(examples: readonly Example[]): Complaint[] {
    this.#lay(examples)
    const said = this.#tsc()
    return said.split('\n').flatMap((line) => this.#complaintOf(line) ?? [])
  }

  #lay(examples: readonly Example[]): void {
    for (const example of examples) this.#write(example)
    const compilerOptions = { ...COMPILER_OPTIONS, outDir: 'out' }
    const configuration = { compilerOptions, files: examples.map(nameOf) }
    writeFileSync(join(this.#folder, 'tsconfig.json'), JSON.stringify(configuration))
  }

  #write(example: Example): void {
    const name = nameOf(example)
    this.#names.set(name, example)
    writeFileSync(join(this.#folder, name), textOf(example))
  }

  #tsc(): string {
    const tsc = join(root, 'node_modules/.bin/tsc')
    try {
      return execFileSync(tsc, ['-p', '.'], { cwd: this.#folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout)
    }
  }

  #complaintOf(line: string): Complaint | undefined {
    const match = /^(.+?)\((\d+),\d+\): error TS\d+: (.*)$/.exec(line)
    if (match === null) return undefined
    const example = this.#names.get(basename(match[1]))
    if (example === undefined) return { from: match[1], text: line }
    const above = textOf(example).slice(0, -example.code.length).split('\n').length - 1
    const at = Number(match[2]) - above
    return { from: example.from, text: `${example.from}:${at > 0 ? example.line + at - 1 : 'given'}: ${match[3]}` }
  }
}

const textOf = ({ given, code }: Example): string => (given === '' ? code : `${given}\n${code}`)

/**
 * `packages-koa-README.13.ts`; with the file name that the first line of the code gives:
 * `13.server.cjs`.
 */
function nameOf({ from, line, language, code }: Example): string {
  const own = /^\/\/ (\S+\.(?:[cm]?js|ts))$/m.exec(code.split('\n')[0])?.[1]
  return `${from.replace(/\.\w+$/, '').replaceAll(/[^\w-]+/g, '-')}.${line}.${own ?? language}`
}

const COMPILER_OPTIONS = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  types: ['node'],
  module: 'nodenext',
  moduleDetection: 'force',
  customConditions: ['@s4u/source'],
  strict: true,
  skipLibCheck: true,
  // Nest needs the older decorators.
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  // An app that uses undici has it installed; the tests have not.
  paths: { undici: [join(root, 'packages/fetch/node_modules/undici/index.d.ts')] },
  allowJs: true,
  checkJs: false,
}
