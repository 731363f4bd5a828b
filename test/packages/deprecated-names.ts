import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './sources.js'

/** A place that uses a name marked `@deprecated`. */
export interface DeprecatedUse {
  /** The file, below the folder that was looked through. */
  readonly from: string
  readonly line: number
  readonly name: string
}

/** Returns every use of a deprecated name in a folder with a tsconfig.json, as oxlint finds it. */
export function deprecatedUses(folder: string, more: readonly string[] = []): DeprecatedUse[] {
  const rules = join(root, 'test/packages/deprecated-names.json')
  const words = ['--type-aware', '--config', rules, '-f', 'json', ...more]
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/oxlint'), words, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const { diagnostics } = JSON.parse(stdout || `{ "error": ${JSON.stringify(stderr)} }`) as Report
  return diagnostics.map(({ filename, message, labels }) => ({
    from: filename,
    line: labels[0].span.line,
    name: /`(\w+)`/.exec(message)?.[1] ?? message,
  }))
}

interface Report {
  readonly diagnostics: readonly {
    readonly filename: string
    readonly message: string
    readonly labels: readonly { readonly span: { readonly line: number } }[]
  }[]
}
