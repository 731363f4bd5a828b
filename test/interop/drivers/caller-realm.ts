import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keytab } from '@s4u/krb5'
import { createNegotiator, type Impersonation, type Negotiator } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'

/**
 * A realm in which a web server calls servers as its users, and keytabs of these servers as files.
 */
export interface CallerRealm extends AsyncDisposable {
  readonly realm: TestRealm
  /** Acts as the user, who has signed in by other means. */
  as(user: string): Promise<Impersonation>
  /** The environment of a program that accepts tickets for the services. */
  environmentOf(...accepted: readonly string[]): Record<string, string>
}

const WEB = 'HTTP/web.ad.test'
/** It exists, and the web server may not call it as others. */
export const FORBIDDEN = 'postgres/vault.ad.test'

export async function openCallerRealm(spns: readonly string[]): Promise<CallerRealm> {
  const names = [...spns, FORBIDDEN]
  const servers = Object.fromEntries(names.map((spn, at) => [`server${at}`, { spns: [spn] }]))
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland' }, bob: { password: 'builder' } },
    services: {
      web: { spns: [WEB], trustedToAuthForDelegation: true, allowedToDelegateTo: spns },
      ...servers,
    },
  })
  const negotiator: Negotiator = createNegotiator({
    keytab: realm.keytabFor(WEB),
    kdc: realm.transport,
    delegation: { principal: 'web', protocolTransition: true },
  })
  const folder = mkdtempSync(join(tmpdir(), 's4u-drivers-'))
  const krb5Config = join(folder, 'krb5.conf')
  writeFileSync(krb5Config, '[libdefaults]\n default_realm = AD.TEST\n dns_lookup_kdc = false\n rdns = false\n')
  return {
    realm,
    as: async (user) => (await negotiator.identityFor(`${user}@AD.TEST`)).impersonate(),
    environmentOf(...accepted) {
      const keytab = join(folder, `${accepted.map((spn) => names.indexOf(spn)).join('-')}.keytab`)
      writeFileSync(keytab, new Keytab(accepted.flatMap((spn) => realm.keytabFor(spn).entries)).encode())
      // The same token is never shown twice here, and a file of replays is shared with other tests.
      return { KRB5_CONFIG: krb5Config, KRB5_KTNAME: `FILE:${keytab}`, KRB5RCACHENAME: 'none:', LC_ALL: 'C.UTF-8' }
    },
    async [Symbol.asyncDispose]() {
      negotiator[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
      await realm[Symbol.asyncDispose]()
    },
  }
}
