import type { TestRealm } from '@s4u/test-kdc'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageNames } from '../packages/sources.js'
import { startBackend } from './backend.js'
import { startProxy } from './proxy.js'
import { Authority, type Issued } from '../stories/fixtures/authority.js'
import { corporation } from '../stories/fixtures/corporation.js'
import { der, ia5, sequence } from '../stories/fixtures/der.js'

/** What the programs of the runtimes need: a realm that listens, a backend, and their settings. */
export interface RuntimeSite extends AsyncDisposable {
  readonly realm: TestRealm
  /** How far the clocks of the realm and the backend are ahead of this machine's; milliseconds. */
  readonly clock: { ahead: number }
  /** The certificate of the service under test. */
  readonly certificate: Issued
  readonly settingsFile: string
  /** Ends the connections to the backend, from its side. */
  closeConnections(): Promise<void>
  /** For the processes of the programs. */
  readonly environment: NodeJS.ProcessEnv
}

const serverAuth = '1.3.6.1.5.5.7.3.1'

export async function runtimeSite(): Promise<RuntimeSite> {
  const clock = { ahead: 0 }
  const realm = await corporation(() => Date.now() + clock.ahead)
  const { port } = await realm.listen({ host: '127.0.0.1' })
  const authority = new Authority('CN=Test authority')
  const [web, api] = ['CN=web', 'CN=api'].map((subject) => {
    const names = sequence(ia5(0x82, 'localhost'), der(0x87, Buffer.of(127, 0, 0, 1)))
    const more = [{ oid: '2.5.29.17', value: names }]
    return authority.issue({ subject, extendedKeyUsage: [serverAuth], more })
  })
  const [backend, proxy] = [await startBackend(realm, api), await startProxy()]
  const user = authority.issue({ subject: 'CN=web client' })
  const folder = mkdtempSync(join(tmpdir(), 's4u-runtimes-'))
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const settings = {
    keytab: file('web.keytab', realm.keytabFile('web')),
    kdc: `127.0.0.1:${port}`,
    api: backend.url,
    proxy: proxy.url,
    clientCert: user.pem,
    clientKey: user.key,
    ca: authority.certificate.pem,
    cert: web.pem,
    key: web.key,
    group: realm.sidOf('Sales'),
    packages: packageNames,
  }
  const environment = { ...process.env, KRB5_CONFIG: file('krb5.conf', realm.krb5Conf()), NODE_OPTIONS: '' }
  return {
    realm,
    clock,
    certificate: web,
    settingsFile: file('settings.json', JSON.stringify(settings)),
    environment,
    closeConnections: () => backend.closeConnections(),
    async [Symbol.asyncDispose]() {
      backend.close()
      proxy.close()
      await realm[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
