import { createNegotiator } from '@s4u/negotiate'
import type { TestRealm } from '@s4u/test-kdc'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { corporation, Desktop, WEB } from '../fixtures/corporation.js'
import { Guide } from './guide.js'

/** docs/key-rotation.md: its commands, typed while a service answers with the keytab. */
const guide = new Guide('key-rotation')
const [look, rotate, drop] = guide.fences('sh').map((text) => text.trim().split('\n'))
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

test('tickets of before and after a rotation are good, and those of old keys are not once they are dropped', async () => {
  using web = createNegotiator({ keytab: join(guide.folder, 'web.keytab'), kdc: realm.transport })
  const alice = new Desktop(realm, 'alice')
  const isLetIn = async (authorization: string): Promise<boolean> =>
    (await web.authenticate({ headers: { authorization } })).status === 'authenticated'
  const early = [await alice.authorization(WEB), await alice.authorization(WEB), await alice.authorization(WEB)]
  expect(await isLetIn(early[0])).toBe(true)

  for (const line of look) expect(await guide.s4u(line)).toMatchObject({ status: 0 })
  expect(await guide.s4u(rotate[0])).toMatchObject({ status: 0, output: expect.stringContaining('web@AD.TEST') })
  expect(await guide.s4u(look[1])).toMatchObject({ status: 0 })
  await expect.poll(async () => isLetIn(await alice.authorization(WEB)), { timeout: 10_000 }).toBe(true)
  expect(await isLetIn(early[1])).toBe(true)

  expect(await guide.s4u(drop[0])).toMatchObject({ status: 0 })
  await expect.poll(async () => isLetIn(await alice.authorization(WEB)), { timeout: 10_000 }).toBe(true)
  expect(await isLetIn(early[2])).toBe(false)
})
