import { createKdcClient, type KdcClientOptions, openCredentialCache } from '@s4u/kdc-client'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { adTest, userClient } from './realm-and-clients.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const folder = mkdtempSync(join(tmpdir(), 's4u-lifetime-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function tgtWith(options: Partial<KdcClientOptions>) {
  const now = Date.UTC(2026, 2, 1)
  const realm = await adTest({ now })
  const cache = openCredentialCache(`FILE:${join(folder, 'cc')}`)
  await userClient(realm, 'alice', options).saveTo(cache)
  const { credentials } = await cache.read()
  const { starttime, endtime, renewTill } = credentials[0]
  return { realm, cache, lasts: endtime - starttime, renewable: renewTill === 0 ? 0 : renewTill - starttime }
}

describe('the ticket-granting ticket', () => {
  test('lasts as long as is asked for, and no longer than the KDC allows', async () => {
    expect((await tgtWith({ lifetime: 2 * HOUR })).lasts).toBe(2 * HOUR)
    expect((await tgtWith({ lifetime: 200 * HOUR })).lasts).toBe((await tgtWith({})).lasts)
  })

  test('is renewable for as long as is asked for, at least for its own lifetime', async () => {
    expect(await tgtWith({ renewableFor: 2 * DAY })).toMatchObject({ renewable: 2 * DAY })
    expect(await tgtWith({ renewableFor: HOUR, lifetime: 3 * HOUR })).toMatchObject({ renewable: 3 * HOUR })
  })

  test('is renewed into its cache; one that cannot be renewed is refused, and the cache stays', async () => {
    const { realm, cache } = await tgtWith({ lifetime: 2 * HOUR, renewableFor: 2 * DAY })
    const before = (await cache.read()).credentials[0]
    realm.now += HOUR
    const client = createKdcClient({ kdc: realm.transport, credentials: { ccache: cache }, now: () => realm.now })
    await client.saveTo(cache, { renew: true })
    const [after, ...others] = (await cache.read()).credentials
    expect(others).toEqual([])
    expect([after.starttime, after.endtime, after.renewTill]).toEqual([
      realm.now,
      realm.now + 2 * HOUR,
      before.renewTill,
    ])
    const plain = await tgtWith({ lifetime: 2 * HOUR })
    const other = createKdcClient({
      kdc: plain.realm.transport,
      credentials: { ccache: plain.cache },
      now: () => plain.realm.now,
    })
    const old = await plain.cache.read()
    await expect(other.saveTo(plain.cache, { renew: true })).rejects.toMatchObject({ code: 'KDC_ERR_BADOPTION' })
    expect(await plain.cache.read()).toEqual(old)
  })

  test.each([0, -1, Number.NaN, 4e11, '8h'])('cannot be asked for %s milliseconds', (value) => {
    for (const name of ['lifetime', 'renewableFor']) {
      const make = (): unknown =>
        Reflect.apply(createKdcClient, undefined, [
          { kdc: '127.0.0.1', credentials: { principal: 'a@B.TEST', password: 'p' }, [name]: value },
        ])
      expect(make).toThrow(`${name} is `)
    }
  })
})
