import { expect, test } from 'vitest'
import { packageNames, readSources, type SourceFile } from './sources.js'

/**
 * Each function and each class that a package exports has an example in its comment, which
 * examples-in-print.test.ts compiles. Constants and types need their summary alone.
 */
const sources = readSources('packages').filter(({ path, isTest }) => !isTest && /^packages\/\w[\w-]*\/src\//.test(path))

test('each exported function and class has an example', async () => {
  expect((await Promise.all(packageNames.map(withoutExample))).flat()).toEqual([])
})

async function withoutExample(name: string): Promise<string[]> {
  const exported: Readonly<Record<string, unknown>> = await import(`@s4u/${name}`)
  const own = sources.filter(({ path }) => path.startsWith(`packages/${name}/`))
  return Object.entries(exported)
    .filter(([, value]) => typeof value === 'function')
    .flatMap(([one]) => {
      const comment = commentAbove(one, own)
      return comment === undefined || /```|@deprecated/.test(comment) ? [] : [`${name}: ${one}`]
    })
    .sort()
}

/** The comment above the declaration of a name; undefined where it is declared elsewhere. */
function commentAbove(name: string, files: readonly SourceFile[]): string | undefined {
  const declared = new RegExp(
    `(?:^/\\*\\*((?:(?!\\*/)[^])*)\\*/\\n(?:// oxlint-.*\\n)?)?^export (?:(?:async|abstract|declare) )*(?:function\\*?|class|const) ${name}\\b`,
    'm',
  )
  const found = files.map(({ text }) => declared.exec(text)).find((one) => one !== null)
  return found === undefined ? undefined : (found?.[1] ?? '')
}
