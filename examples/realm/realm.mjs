// @ts-check
/**
 * A Kerberos realm on this machine, with a backend, so that the other examples run as they stand.
 * It writes krb5.conf and the keytabs into a folder of its own, and says what to type. Never for
 * production: its passwords are in this file.
 *
 *     node examples/realm/realm.mjs
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { negotiate } from '@s4u/express'
import { createTestRealm } from '@s4u/test-kdc'
import express from 'express'
import { whatToType } from './what-to-type.mjs'

const realm = await createTestRealm({
  realm: 'AD.TEST',
  users: {
    alice: { password: 'wonderland', groups: ['Managers'] },
    bob: { password: 'builder' },
    carol: { password: 'christmas', sensitive: true }, // nobody may act for her
  },
  services: {
    'svc-web': {
      spns: ['HTTP/web.ad.test'],
      trustedToAuthForDelegation: true, // protocol transition
      allowedToDelegateTo: ['HTTP/api.ad.test'],
    },
    'svc-api': { spns: ['HTTP/api.ad.test'] },
    'svc-report': { spns: ['HTTP/report.ad.test'] },
  },
})
await realm.listen({ host: '127.0.0.1' })

// The backend that the examples call. It sees who the caller is, and who acts for the caller.
const app = express()
app.use(negotiate({ keytab: realm.keytabFor('svc-api') }))
app.get(
  '/orders',
  ({ identity: { principal, delegatedBy } }, res) => void res.json({ orders: [1, 2], of: principal, delegatedBy }),
)
const backend = createServer({ maxHeaderSize: 65_536 }, app)
await new Promise((resolve) => backend.listen(0, '127.0.0.1', () => resolve(undefined)))
const { port } = /** @type {import('node:net').AddressInfo} */ (backend.address())

const folder = mkdtempSync(join(tmpdir(), 's4u-realm-'))
writeFileSync(join(folder, 'krb5.conf'), realm.krb5Conf())
writeFileSync(join(folder, 'web.keytab'), realm.keytabFile('svc-web'), { mode: 0o600 })
writeFileSync(join(folder, 'report.keytab'), realm.keytabFile('svc-report'), { mode: 0o600 })

console.log(whatToType({ folder, backend: `http://api.ad.test:${port}`, managers: realm.sidOf('Managers') }))

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    backend.close()
    await realm[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
    process.exit(0)
  })
}
