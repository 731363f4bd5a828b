import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { comesWith, readLock } from '../release/lock-file.mjs'
import { packageNames, root } from './sources.js'

const lock = readLock(root)
const named = (id: string): string => id.replace(/(?<=.)@.*$/, '')

/** Versions are those of the lock file; here it is about whom one trusts. */
function table(): string {
  const rows = [...packageNames].sort().map((name) => {
    const all = [...new Set(comesWith(lock, name).map(named))]
    return `| \`@s4u/${name}\` | ${all.length} | ${all.map((one) => `\`${one}\``).join(' ')} |`
  })
  return ['| package | packages of others | which |', '| --- | --- | --- |', ...rows].join('\n')
}

/** Writes the page, after a change that is meant. */
const WRITE = 'npx vitest run --config test/vitest.config.ts test/packages/production-dependencies.test.ts -u'

test(`docs/dependencies.md names every package of others that comes with one of ours (${WRITE})`, async () => {
  const path = join(root, 'docs', 'dependencies.md')
  const [before = '', after = ''] = readFileSync(path, 'utf8').split(/(?<=<!-- table -->\n)[^]*(?=<!-- end -->)/)
  await expect(`${before}\n${table()}\n\n${after}`).toMatchFileSnapshot(path)
})

test('none of them runs anything when it is installed, or has native code', () => {
  const store = join(root, 'node_modules', '.pnpm')
  const found = [...lock.others.values()].flatMap(({ name, version }) => {
    const folder = readdirSync(store)
      .filter((entry) => entry.startsWith(`${name.replace('/', '+')}@${version}`))
      .map((entry) => join(store, entry, 'node_modules', name))
      .find((path) => existsSync(join(path, 'package.json')))
    if (folder === undefined) return [`${name}@${version} is not installed`]
    const { scripts = {}, gypfile } = JSON.parse(readFileSync(join(realpathSync(folder), 'package.json'), 'utf8'))
    const runs = ['preinstall', 'install', 'postinstall'].filter((script) => script in scripts)
    const isNative = gypfile === true || existsSync(join(folder, 'binding.gyp'))
    return [...runs.map((script) => `${name}: ${script}`), ...(isNative ? [`${name}: binding.gyp`] : [])]
  })
  expect(found).toEqual([])
})
