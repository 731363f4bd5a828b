import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BUNDLE_BUDGET } from '../release/budget.mjs'
import { bundleOf, kilobytesOfChunks } from './bundling.js'

const PRINTED = 'MalformedTokenError GSS_S_DEFECTIVE_TOKEN\n401 Negotiate\n'

/** What an app with a bundler ships, which leaves out what the app does not use. */
describe('a bundler', () => {
  test.each(BUNDLE_BUDGET)('makes of { %s } from %s at most %i kB', async (names, from, budget) => {
    const { atOnce } = await bundleOf(`export { ${names} } from '${from}'`)
    const kilobytes = kilobytesOfChunks(atOnce)
    expect(kilobytes).toBeLessThanOrEqual(budget)
    // A budget that is far above says nothing.
    expect(kilobytes).toBeGreaterThanOrEqual(Math.floor(budget * 0.8) - 1)
  })

  test('keeps apart what is loaded only when it is needed', async () => {
    const { atOnce, later } = await bundleOf(`export { negotiate } from '@s4u/express'`)
    const modules = (chunks: typeof later) => chunks.flatMap(({ moduleIds }) => moduleIds)
    expect(modules(atOnce).filter((id) => /\/(?:undici|ldapts)\/|\/packages\/directory\//.test(id))).toEqual([])
    expect(modules(later).some((id) => id.includes('/undici/'))).toBe(true)
    expect(modules(later).some((id) => id.includes('/packages/directory/'))).toBe(true)
  })

  test('makes a program that runs', async () => {
    const { atOnce, later } = await bundleOf(`
      import { Key, Keytab, parsePrincipal } from '@s4u/krb5'
      import { createNegotiator } from '@s4u/negotiate'
      const principal = parsePrincipal('HTTP/web.ad.test@AD.TEST')
      const keytab = new Keytab([{ principal, kvno: 1, key: new Key(18, new Uint8Array(32)), timestamp: 0 }])
      const negotiator = createNegotiator({ keytab, onFailed: ({ error }) => console.log(error.name, error.code) })
      const outcome = await negotiator.authenticate({ headers: { authorization: 'Negotiate AAAA' } })
      console.log(outcome.statusCode, outcome.headers['WWW-Authenticate'])`)
    const folder = mkdtempSync(join(tmpdir(), 's4u-bundled-'))
    try {
      for (const { fileName, code } of [...atOnce, ...later]) writeFileSync(join(folder, fileName), code)
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
      expect(execFileSync(process.execPath, ['--no-warnings', 'entry.js'], { cwd: folder, encoding: 'utf8' })).toBe(
        PRINTED,
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
