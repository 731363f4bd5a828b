import { createKdcClient, S4uError } from '@s4u/kdc-client'
import { join } from 'node:path'
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
