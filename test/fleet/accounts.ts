/** The users and services of the fleet, in an organizational unit of its own. */

import { Key, Keytab, type KeytabEntry, parsePrincipal } from '@s4u/krb5'
import { fileURLToPath } from 'node:url'
import { runOk } from '../realms/clients.js'
import type { Account, RealmInfo } from '../realms/realm-info.js'

export const FLEET = { account: 'svc-fleet', spn: 'HTTP/fleet.corp.test' } as const
export const BACKEND = { account: 'svc-fleet-api', spn: 'HTTP/fleet-api.corp.test' } as const
type Service = typeof FLEET | typeof BACKEND

export interface FleetAccounts extends AsyncDisposable {
  readonly users: readonly Account[]
  /** Octets of the keytab with the keys of the first password. */
  keytabOf(service: Service): Promise<Uint8Array>
  /** The same with the keys of another password, which the directory does not have yet. */
  nextKeytabOf(service: Service, password: string): Promise<Uint8Array>
  /** Sets the password in the directory: new tickets have its key from now on. */
  rekey(service: Service, password: string): Promise<void>
}

export async function addAccounts(realm: RealmInfo, count: number): Promise<FleetAccounts> {
  const call = async (action: string, given: object): Promise<string> => {
    const script = fileURLToPath(new URL('accounts.py', import.meta.url))
    // The distribution's own, which has Samba's modules.
    const args = [script, realm.machine.smbConf ?? '', action]
    return (await runOk('/usr/bin/python3', args, { input: JSON.stringify(given), timeout: 170_000 })).stdout
  }
  const users = Array.from({ length: count }, (_, index) => ({ name: `fleet${index}`, password: `pw-fleet-${index}` }))
  const services = [
    { name: FLEET.account, password: passwordOf(FLEET), spn: FLEET.spn, delegatesTo: BACKEND.spn },
    { name: BACKEND.account, password: passwordOf(BACKEND), spn: BACKEND.spn },
  ]
  const told = await call('add', { users, services })
  const versions = new Map(told.split('\n').map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]))
  const entriesOf = (service: Service, password: string, newer: number): Promise<readonly KeytabEntry[]> =>
    entriesFor(realm, service, { password, kvno: (versions.get(service.account) ?? 0) + newer })
  return {
    users: users.map(({ name, password }) => ({ principal: `${name}@${realm.name}`, password })),
    async keytabOf(service) {
      return new Keytab(await entriesOf(service, passwordOf(service), 0)).encode()
    },
    async nextKeytabOf(service, password) {
      const [next, now] = [await entriesOf(service, password, 1), await entriesOf(service, passwordOf(service), 0)]
      return new Keytab([...next, ...now]).encode()
    },
    async rekey({ account }, password) {
      await call('rekey', { name: account, password })
    },
    [Symbol.asyncDispose]: async () => void (await call('remove', {})),
  }
}

const passwordOf = ({ account }: Service): string => `pw-${account}-first`

async function entriesFor(
  { name: realm }: RealmInfo,
  { account, spn }: Service,
  { password, kvno }: { readonly password: string; readonly kvno: number },
): Promise<readonly KeytabEntry[]> {
  // MS-KILE section 3.1.1.2: the realm and the name of the account.
  const key = await Key.fromPassword(AES256, password, `${realm}${account}`)
  const timestamp = Date.now()
  return [account, spn].map((name) => ({ principal: parsePrincipal(name, { realm }), kvno, key, timestamp }))
}

const AES256 = 18
