import { createKdcClient, S4uError } from '@s4u/kdc-client'
import { Keytab } from '@s4u/krb5'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { kadmin } from './password-change.site.js'

await describeRealms(
  'A keytab that is out of date, of an account of MIT without pre-authentication,',
  ['EAST'],
  (info) => {
    const { kdc } = realmOf(info, 'EAST')
    const account = 'rotated/host.east.test@EAST.TEST'
    const at = (name: string): string => join(info.directory, 'keytabs', name)
    const signIn = (keytab: string) =>
      createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal: account, keytab } }).tgtToForward()

    test('is told by account, keytab and versions, and the hint mends it', async () => {
      const [old, current] = [at('rotated-1.keytab'), at('rotated-2.keytab')]
      await kadmin(info, `addprinc -requires_preauth -randkey ${account}`)
      await kadmin(info, `ktadd -norandkey -k ${old} ${account}`)
      await signIn(old)
      await kadmin(info, `cpw -randkey ${account}`)
      const error: unknown = await signIn(old).catch((reason: unknown) => reason)
      expect(S4uError.is(error) && error).toMatchObject({
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_BAD_INTEGRITY',
        message: expect.stringMatching(
          /the client’s key: it is sealed for rotated\/host\.east\.test@EAST\.TEST with [a-z0-9-]+, a version that it does not tell; \S+rotated-1\.keytab has version 1$/,
        ),
        hint: expect.stringContaining(`Export the keytab of ${account} again`),
      })
      await kadmin(info, `ktadd -norandkey -k ${current} ${account}`)
      await signIn(current)
    })
  },
)

await describeRealms('A keytab with the next key before the present one', ['EAST'], (info) => {
  const { kdc } = realmOf(info, 'EAST')
  const account = 'rolled/host.east.test@EAST.TEST'
  const at = (name: string): string => join(info.directory, 'keytabs', name)

  test('is told where the KDC gets the next key between the two, and a second later it signs in', async () => {
    const [present, next, both] = [at('rolled-1.keytab'), at('rolled-2.keytab'), at('rolled.keytab')]
    await kadmin(info, `addprinc +requires_preauth -pw present-password ${account}`)
    await kadmin(info, `ktadd -norandkey -k ${present} ${account}`)
    await kadmin(info, `cpw -pw next-password ${account}`)
    await kadmin(info, `ktadd -norandkey -k ${next} ${account}`)
    await kadmin(info, `cpw -pw present-password ${account}`)
    const entries = [next, present].flatMap((path) => Keytab.decode(readFileSync(path)).entries)
    writeFileSync(both, new Keytab(entries).encode())

    // The first request shows no key, the second one the next key, the third one the present key.
    let requests = 0
    const relay = createServer(async (near) => {
      near.on('error', () => {}).pause()
      if (++requests === 3) await kadmin(info, `cpw -pw next-password ${account}`)
      const far = connect(kdc).on('error', () => near.destroy())
      near.pipe(far).pipe(near)
    })
    relay.listen(0, kdc.host)
    await once(relay, 'listening')
    try {
      const address = `tcp/${kdc.host}:${(relay.address() as AddressInfo).port}`
      const client = createKdcClient({ kdc: address, credentials: { principal: account, keytab: both } })
      const error: unknown = await client.tgtToForward().catch((reason: unknown) => reason)
      expect(S4uError.is(error) && error).toMatchObject({
        code: 'KDC_ERR_PREAUTH_FAILED',
        hint: expect.stringContaining('ask again after a second, and the newest key is tried once more'),
      })
      expect(requests).toBe(3)
      await sleep(1_000)
      // Two to sign in, one for the ticket to forward.
      await client.tgtToForward()
      expect(requests).toBe(6)
    } finally {
      relay.close()
    }
  })
})
