import { afterEach, expect, test, vi } from 'vitest'
import { type Answer, gatewaySite } from './gateway-site.js'

/** Sessions at a whole gateway whose users go away. */

const MINUTE = 60_000

afterEach(() => vi.restoreAllMocks())

/** The clock of gateway and KDC. */
function clock(): { forward(time: number): void } {
  const now = Date.now
  let ahead = 0
  vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead)
  return { forward: (time) => void (ahead += time) }
}

const cookieOf = ({ headers }: Answer): string | undefined =>
  headers['set-cookie']?.map((line) => line.split(';')[0]).find((pair) => pair.startsWith('s4u='))

test('a session goes on with the requests of its user, and ends without them', async () => {
  const { forward } = clock()
  const session = { secure: false, maxIdle: '15m', maxAge: '1h' }
  await using site = await gatewaySite({ config: { session } })
  let cookie = cookieOf(await site.ask('/', { as: 'alice' })) ?? ''
  const first = cookie
  for (let minutes = 0; minutes < 40; minutes += 10) {
    forward(10 * MINUTE)
    const answer = await site.ask('/', { headers: { cookie } })
    expect([answer.status, answer.body]).toEqual([200, 'alice@AD.TEST /'])
    cookie = cookieOf(answer) ?? cookie
  }
  expect(cookie).not.toBe(first)
  // The cookie of the beginning is of no more use than the user's going away.
  expect((await site.ask('/', { headers: { cookie: first } })).status).toBe(401)
  forward(15 * MINUTE)
  expect((await site.ask('/', { headers: { cookie } })).status).toBe(401)
})
