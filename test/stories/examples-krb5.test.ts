import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

/**
 * The examples in the README of @s4u/krb5, each run as a program of its own; what it prints stands
 * behind each line.
 */

const readme = readFileSync(new URL('../../packages/krb5/README.md', import.meta.url), 'utf8')
// Below test/, so that @s4u/krb5 is found as an installed project finds it.
const caches = fileURLToPath(new URL('../node_modules/.cache', import.meta.url))
mkdirSync(caches, { recursive: true })
const folder = mkdtempSync(join(caches, 'krb5-readme-'))
afterAll(() => rmSync(folder, { recursive: true }))

const examples = [...readme.matchAll(/^## (.*)\n(?:(?!^## )[^])*?```js\n([^]*?)```/gm)].map(([, title, code]) => [
  title,
  code,
])

test('there are examples', () => {
  expect(examples.map(([title]) => title)).toEqual(['Messages', 'Keys', 'Files', 'Errors'])
})

test.each(examples)('the example of %s prints what it says', (title, code) => {
  const path = join(folder, `${title}.mjs`)
  writeFileSync(path, code)
  const printed = execFileSync(process.execPath, [path], { encoding: 'utf8' })
  const said = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text)
  expect(said.length).toBeGreaterThan(2)
  expect(printed.trim().split('\n')).toEqual(said)
})
