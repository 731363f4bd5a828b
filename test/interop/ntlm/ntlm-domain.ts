import type { NtlmOptions } from '@s4u/ntlm'
import { dirname, join } from 'node:path'
import { runAt, sambaTool } from '../../realms/clients.js'
import type { RealmInfo } from '../../realms/realm-info.js'

/** A domain with a machine account of the tests' own. */
export interface NtlmDomain {
  readonly options: NtlmOptions
  /** Where the records of the domain are, for `ldbmodify` and `ldbsearch`. */
  readonly database: string
}

/** Joins a machine to a domain: makes its account, and sets its password. */
export async function joinMachine(realm: RealmInfo, computer: string, password: string): Promise<NtlmDomain> {
  const database = join(dirname(realm.machine.smbConf ?? ''), 'private/sam.ldb')
  const found = await runAt(realm, 'ldbsearch', ['-H', database, `(sAMAccountName=${computer}$)`, 'sAMAccountName'])
  if (!found.stdout.includes('sAMAccountName:')) await sambaTool(realm, 'computer', 'create', computer)
  await sambaTool(realm, 'user', 'setpassword', `${computer}$`, `--newpassword=${password}`)
  const base = realm.domain
    .split('.')
    .map((part) => `DC=${part}`)
    .join(',')
  const { stdout } = await runAt(realm, 'ldbsearch', ['-H', database, '-b', base, '-s', 'base', 'objectSid'])
  const domainSid = /objectSid: (S-[\d-]+)/.exec(stdout)?.[1] ?? ''
  const options = {
    domain: realm.domain.split('.')[0].toUpperCase(),
    dnsDomain: realm.domain,
    domainSid,
    account: { name: `${computer}$`, password },
    controllers: realm.kdc.host,
    // Machines that test have much else to do.
    timeLimit: 60_000,
  }
  return { options, database }
}
