import { createNegotiator } from '@s4u/negotiate'
import type { TestRealm } from '@s4u/test-kdc'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { corporation, PASSWORD } from '../fixtures/corporation.js'
import { fetchAs, Guide } from './guide.js'

/** The server of docs/deployment.md: its secrets change, and it ends, while users ask. */
const guide = new Guide('deployment')
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

const POLLED = { timeout: 10_000 }

/** Whether an instance that has this key alone would take the cookie. */
async function opens(key: string, cookie: string): Promise<boolean> {
  using other = createNegotiator({ keytab: realm.keytabFor('web'), session: { kind: 'cookie', keys: [key] } })
  return (await other.authenticate({ headers: { cookie } })).status === 'authenticated'
}

const newKey = (): string => randomBytes(32).toString('base64')
const useKeys = (...sessionKeys: readonly string[]): void =>
  guide.write('secrets.json', JSON.stringify({ sessionKeys }))

test('takes other keys at SIGHUP, keeps its own where the file has a mistake, and drains at SIGTERM', async () => {
  const [first, second] = [newKey(), newKey()]
  useKeys(first)
  const { url, child, ended, said } = await guide.open('server.mjs', { SECRETS: 'secrets.json', DRAIN: '500' })
  const cookieOf = async () => {
    const answer = await fetchAs(realm, 'alice', PASSWORD)(url)
    expect(await answer.text()).toBe('Hello alice@AD.TEST')
    return answer.headers.getSetCookie()[0].split(';')[0]
  }
  const statusWith = async (cookie: string) => (await fetch(url, { headers: { cookie } })).status
  const early = await cookieOf()
  expect(await statusWith(early)).toBe(200)

  // In front of the old one: both open, and the new one seals.
  useKeys(second, first)
  child.kill('SIGHUP')
  await expect.poll(async () => opens(second, await cookieOf()), POLLED).toBe(true)
  expect(await statusWith(early)).toBe(200)
  const late = await cookieOf()

  guide.write('secrets.json', '{')
  child.kill('SIGHUP')
  await expect.poll(said, POLLED).toContain('The secrets stay as they are: SyntaxError')
  expect(said()).not.toContain(second)
  expect(await statusWith(late)).toBe(200)

  useKeys(second)
  child.kill('SIGHUP')
  await expect.poll(() => statusWith(early), POLLED).toBe(401)
  expect(await statusWith(late)).toBe(200)

  child.kill('SIGTERM')
  await expect.poll(async () => (await fetch(`${url}healthz`)).status, POLLED).toBe(503)
  expect(await statusWith(late)).toBe(200)
  expect(await ended).toMatchObject({ status: 0 })
}, 60_000)
