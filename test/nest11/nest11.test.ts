/** That the suite of this name is about Nest 11, and that the built package runs on it. */

import { Controller, HttpException } from '@nestjs/common'
import { ChallengeException } from '@s4u/nest'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { corporation, Desktop } from '../stories/fixtures/corporation.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 's4u-nest11-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('stories and package have the same modules of Nest, which are those of 11', () => {
  const load = createRequire(import.meta.url)
  for (const name of ['common', 'core', 'platform-express', 'platform-fastify'])
    expect(load(`@nestjs/${name}/package.json`).version).toMatch(/^11\./)
  expect(load('@nestjs/common').Controller).toBe(Controller)
  expect(load('@nestjs/common').HttpException).toBe(HttpException)
  expect(Object.getPrototypeOf(ChallengeException)).toBe(HttpException)
})

test.each(['express', 'fastify'])('the built package runs in a program on %s', async (platform) => {
  const realm = await corporation()
  const keytab = join(folder, `${platform}.keytab`)
  writeFileSync(keytab, realm.keytabFile('web'))
  mkdirSync(join(here, 'dist'), { recursive: true })
  copyFileSync(join(here, '../../packages/nest/dist/index.js'), join(here, 'dist/nest.js'))
  const program = spawn(process.execPath, [join(here, 'program.mjs'), platform, keytab], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [port] = await once(program.stdout, 'data')
    const url = `http://127.0.0.1:${Number(port)}/`
    const asked = await fetch(url)
    expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([401, 'Negotiate'])
    const authorization = await new Desktop(realm, 'alice').authorization()
    const known = await fetch(url, { headers: { authorization } })
    expect([known.status, await known.text()]).toEqual([200, 'Hello alice@AD.TEST'])
    expect((await fetch(url, { headers: { authorization } })).status).toBe(401)
    expect(await (await fetch(`${url}health`)).text()).toBe('up')
  } finally {
    program.kill()
  }
})
