import { afterEach, describe, expect, test, vi } from 'vitest'
import { installMissing, mayInstall, whyMissing } from './packages.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('packages are installed', () => {
  test.each([{ CI: 'true' }, { CI: '1' }, { S4U_INSTALL: '1' }, { CI: 'false', S4U_INSTALL: '1' }])(
    'with %j',
    (set) => {
      expect(mayInstall(set)).toBe(true)
    },
  )

  test.each([{}, { CI: '' }, { CI: 'false' }, { S4U_INSTALL: '0' }, { S4U_INSTALL: '' }])('not with %j', (set) => {
    expect(mayInstall(set)).toBe(false)
  })
})

test('without leave, what is missing is said with its packages, and nothing is run', async () => {
  vi.stubEnv('CI', '')
  vi.stubEnv('S4U_INSTALL', '')
  const told = vi.spyOn(process.stderr, 'write')
  const missing = { programs: ['s4u-no-such-program'], packages: ['s4u-no-such-package'] }
  // With leave, apt-get would say that there is no such package, and this would be rejected.
  await installMissing([missing])
  expect(told).not.toHaveBeenCalled()
  expect(whyMissing(missing)).toMatch(/^s4u-no-such-program not found(?:: apt-get install s4u-no-such-package)?$/)
})
