import { afterEach, expect, test, vi } from 'vitest'
import { outgoing } from './outgoing-request.js'

/** As that of Bun, which forgets what it was told. */
class ForgetfulRequest extends Request {
  override readonly credentials = 'include'
}

afterEach(() => void vi.unstubAllGlobals())

test.each([
  ['of the platform', Request],
  ['that forgets it', ForgetfulRequest],
])("credentials: 'omit' counts with a Request %s", (_what, platform) => {
  vi.stubGlobal('Request', platform)
  const url = 'https://api.ad.test/'
  expect(outgoing(url, { credentials: 'omit' }).credentials).toBe('omit')
  expect(outgoing(new Request(url), { credentials: 'omit', method: 'HEAD' }).credentials).toBe('omit')
  expect(outgoing(url, { method: 'POST', body: 'a' }).credentials).not.toBe('omit')
})
