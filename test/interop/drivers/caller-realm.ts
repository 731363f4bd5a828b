import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKdcClient, type ServiceTicket } from '@s4u/kdc-client'
import { encodeCcache, Keytab } from '@s4u/krb5'
import { createNegotiator, type Impersonation, type Negotiator } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'

/**
 * A realm in which a web server calls servers as its users, and keytabs of these servers as files.
 */
export interface CallerRealm extends AsyncDisposable {
  readonly realm: TestRealm
  /** Acts as the user, who has signed in by other means. */
  as(user: string): Promise<Impersonation>
  /** The environment of a program that has a ticket of the user for the service. */
  ticketOf(user: keyof typeof PASSWORDS, spn: string): Promise<Record<string, string>>
  /** The environment of a program that accepts tickets for the services. */
  environmentOf(...accepted: readonly string[]): Record<string, string>
}

const PASSWORDS = { alice: 'wonderland', bob: 'builder' }

/** Names of hosts are taken as they are written, whatever the machine's resolver makes of them. */
const KRB5_CONF = `[libdefaults]
 default_realm = AD.TEST
 dns_lookup_kdc = false
 rdns = false
 dns_canonicalize_hostname = false
 qualify_shortname = ""
`

const WEB = 'HTTP/web.ad.test'
/** It exists, and the web server may not call it as others. */
export const FORBIDDEN = 'postgres/vault.ad.test'

export async function openCallerRealm(spns: readonly string[]): Promise<CallerRealm> {
  const names = [...spns, FORBIDDEN]
  const servers = Object.fromEntries(names.map((spn, at) => [`server${at}`, { spns: [spn] }]))
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORDS.alice }, bob: { password: PASSWORDS.bob } },
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
  writeFileSync(krb5Config, KRB5_CONF)
  return {
    realm,
    as: async (user) => (await negotiator.identityFor(`${user}@AD.TEST`)).impersonate(),
    async ticketOf(user, spn) {
      const credentials = { principal: `${user}@AD.TEST`, password: PASSWORDS[user] }
      const ticket = await createKdcClient({ kdc: realm.transport, credentials }).ticketFor(spn)
      const name = join(folder, `${user}-${names.indexOf(spn)}.ccache`)
      writeFileSync(name, cacheWith(ticket))
      return { KRB5CCNAME: `FILE:${name}` }
    },
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

/** A credential cache with one ticket, which MIT's library uses without a KDC. */
function cacheWith(ticket: ServiceTicket): Uint8Array {
  const credential = {
    ...{ client: ticket.client, server: ticket.service, key: ticket.sessionKey, flags: ticket.flags },
    ...{ authtime: ticket.authenticatedAt, starttime: ticket.startsAt, endtime: ticket.expiresAt, renewTill: 0 },
    ...{ isSkey: false, addresses: [], authorizationData: [], ticket: ticket.ticket },
    secondTicket: new Uint8Array(0),
  }
  return encodeCcache({ principal: ticket.client, credentials: [credential], settings: [], kdcOffset: 0 })
}
