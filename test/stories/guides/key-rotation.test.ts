import { createNegotiator } from '@s4u/negotiate'
import { Keytab } from '@s4u/krb5'
import type { TestRealm } from '@s4u/test-kdc'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { corporation, Desktop, WEB } from '../fixtures/corporation.js'
import { Guide } from './guide.js'

/** docs/key-rotation.md: its commands, typed while a service answers with the keytab. */
const guide = new Guide('key-rotation')
const [look, rotate, prune] = guide.fences('sh').map((text) => text.trim().split('\n'))
let realm: TestRealm

beforeAll(async () => {
  realm = await corporation()
  await realm.listen()
  guide.settle(realm, 'web')
})
afterAll(async () => {
  guide.close()
  await realm[Symbol.asyncDispose]()
})

test('tickets of before and after a rotation are good, and after ten hours those of old keys alone are not', async () => {
  using web = createNegotiator({ keytab: join(guide.folder, 'web.keytab'), kdc: realm.transport })
  const alice = new Desktop(realm, 'alice')
  const isLetIn = async (authorization: string): Promise<boolean> =>
    (await web.authenticate({ headers: { authorization } })).status === 'authenticated'
  const early = await severalTokens(alice)
  expect(await isLetIn(early[0])).toBe(true)

  for (const line of look) expect(await guide.s4u(line)).toMatchObject({ status: 0 })
  expect(await guide.s4u(rotate[0])).toMatchObject({ status: 0, output: expect.stringContaining('web@AD.TEST') })
  expect(await guide.s4u(look[1])).toMatchObject({ status: 0 })
  await expect.poll(async () => isLetIn(await alice.authorization(WEB)), { timeout: 10_000 }).toBe(true)
  expect(await isLetIn(early[1])).toBe(true)

  // At once, no version may go.
  const tooEarly = await guide.s4u(prune[0])
  expect(tooEarly).toMatchObject({ status: 0, output: expect.stringContaining('Nothing was dropped.') })
  expect(tooEarly.output).toMatch(/^Version \d+ of web@AD\.TEST stays until /m)
  expect(await isLetIn(early[2])).toBe(true)

  // Eleven hours later the users hold tickets of the new key, and those of the old one are gone.
  const held = await severalTokens(alice)
  const { entries } = Keytab.decode(readFileSync(join(guide.folder, 'web.keytab')))
  const aged = entries.map((entry) => ({ ...entry, timestamp: entry.timestamp - 11 * 3_600_000 }))
  guide.write('web.keytab', new Keytab(aged).encode())
  const pruned = await guide.s4u(prune[0])
  expect(pruned).toMatchObject({
    status: 0,
    output: expect.stringMatching(/^Dropped: version \d+ of web@AD\.TEST\.$/m),
  })
  await expect.poll(async () => isLetIn(early[3]), { timeout: 10_000 }).toBe(false)
  expect(await isLetIn(held[0])).toBe(true)
})

test('--drop-old, for a stolen key, refuses the tickets of now, and lets new ones in', async () => {
  using web = createNegotiator({ keytab: join(guide.folder, 'web.keytab'), kdc: realm.transport })
  const alice = new Desktop(realm, 'alice')
  const isLetIn = async (authorization: string): Promise<boolean> =>
    (await web.authenticate({ headers: { authorization } })).status === 'authenticated'
  const held = await severalTokens(alice)
  expect(await isLetIn(held[0])).toBe(true)
  const [drop] = /s4u keytab rotate --drop-old web\.keytab/.exec(guide.page) ?? ['']
  expect(await guide.s4u(drop)).toMatchObject({ status: 0 })
  await expect.poll(async () => isLetIn(await alice.authorization(WEB)), { timeout: 10_000 }).toBe(true)
  expect(await isLetIn(held[1])).toBe(false)
})

/** Of one ticket each, since a token is good for one request. */
const severalTokens = (user: Desktop): Promise<string[]> =>
  Promise.all(Array.from({ length: 4 }, () => user.authorization(WEB)))
