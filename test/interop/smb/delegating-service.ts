import { dirname, join } from 'node:path'
import { runAt, sambaTool } from '../../realms/clients.js'
import type { RealmInfo } from '../../realms/realm-info.js'

/** An account of a service that may act for its callers at a file server. */
export interface DelegatingService extends AsyncDisposable {
  /** `svc-files@CORP.TEST`. */
  readonly principal: string
  /** `HTTP/svc-files.corp.test`. */
  readonly spn: string
  /** A file with the keys of both. */
  readonly keytab: string
}

/** Makes the account; its removal is that of the account. */
export async function delegatingService(
  realm: RealmInfo,
  account: string,
  targets: readonly string[],
): Promise<DelegatingService> {
  const { domain, machine, name } = realm
  const spn = `HTTP/${account}.${domain}`
  await sambaTool(realm, 'user', 'create', account, 'Pa55word-of-a-test')
  const remove = async (): Promise<void> => void (await sambaTool(realm, 'user', 'delete', account))
  try {
    await sambaTool(realm, 'spn', 'add', spn, account)
    for (const target of targets) await sambaTool(realm, 'delegation', 'add-service', account, target)
    await sambaTool(realm, 'delegation', 'for-any-protocol', account, 'on')
    await allowAes(realm, account)
    const keytab = join(machine.directory, 'keytabs', `${account}.keytab`)
    for (const principal of [account, spn])
      await sambaTool(realm, 'domain', 'exportkeytab', keytab, `--principal=${principal}`)
    return { principal: `${account}@${name}`, spn, keytab, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Without this a controller uses RC4 for an account. */
async function allowAes(realm: RealmInfo, account: string): Promise<void> {
  const database = join(dirname(realm.machine.smbConf ?? ''), 'private/sam.ldb')
  const base = realm.domain.split('.').map((part) => `DC=${part}`)
  const dn = [`CN=${account}`, 'CN=Users', ...base].join(',')
  const change = ['changetype: modify', 'replace: msDS-SupportedEncryptionTypes', 'msDS-SupportedEncryptionTypes: 24']
  await runAt(realm, 'ldbmodify', ['-H', database], { input: [`dn: ${dn}`, ...change, ''].join('\n') })
  await sambaTool(realm, 'user', 'setpassword', account, '--newpassword=Pa55word-of-a-test')
}
