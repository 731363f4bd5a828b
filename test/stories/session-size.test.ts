import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { type Answer, serve } from './fixtures/serve.js'
import { stacks } from './fixtures/stacks.js'

/** Sessions of users in many groups, on servers that take less or more. */

const realm = await corporation()
const groups = Array.from({ length: 140 }, (_, index) => `S-1-5-21-7-8-9-${5000 + index}`)
await realm.addUser('dave', { password: 'wonderland', groups })
const dave = new Desktop(realm, 'dave')
const options = { keytab: realm.keytabFor('web'), session: { kind: 'cookie', keys: [randomBytes(32)] } } as const
const cookiesOf = ({ headers }: Answer): string =>
  (headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')

describe.each(stacks)('$name', (stack) => {
  test('whose server has the size of Node gives no cookie that it would refuse next to the token', async () => {
    await using site = await serve(stack.build({ options }).listener, 16_384)
    for (const _ of [1, 2]) {
      const answer = await site.get('/', { authorization: await dave.authorization() })
      expect(answer.status).toBe(200)
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
    const alice = await site.get('/', { authorization: await new Desktop(realm, 'alice').authorization() })
    expect(cookiesOf(alice)).not.toBe('')
  })

  test('whose server is large enough gives one, and takes it with the token', async () => {
    await using site = await serve(stack.build({ options }).listener, 65_536)
    const cookie = cookiesOf(await site.get('/', { authorization: await dave.authorization() }))
    expect(cookie.length).toBeGreaterThan(4_096)
    expect((await site.get('/', { headers: { cookie } })).status).toBe(200)
    const both = await site.get('/', { headers: { cookie }, authorization: await dave.authorization() })
    expect(both.status).toBe(200)
    expect(cookiesOf(both)).not.toBe('')
  })
})
