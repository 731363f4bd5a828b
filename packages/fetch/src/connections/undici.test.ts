import { expect, test, vi } from 'vitest'

test('undici is not there before it was loaded, and the error says how to load it', async () => {
  vi.resetModules()
  const { loadUndici, undici } = await import('./undici.js')
  expect(undici).toThrow(
    expect.objectContaining({ code: 'S4U_NOT_LOADED', hint: expect.stringContaining('await loadUndici()') }),
  )
  await loadUndici()
  expect(loadUndici()).toBe(true)
  expect(undici()).toHaveProperty('Agent')
})
