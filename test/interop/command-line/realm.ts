/** The embedded realm that the commands are run against, and a folder for their files. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestRealm, type TestRealm, type TestRealmOptions } from '@s4u/test-kdc'
import type { ProcessOptions } from './s4u-process.js'

export interface Place {
  readonly realm: TestRealm
  readonly folder: string
  /** A path in the folder. */
  readonly at: (name: string) => string
  /** The environment of a user of this realm, with a cache of that name. */
  readonly as: (cache: string, more?: Omit<ProcessOptions, 'environment'>) => ProcessOptions
  [Symbol.asyncDispose](): Promise<void>
}

const ACCOUNTS = {
  users: {
    alice: { password: 'wonderland', groups: ['Managers'] },
    bob: { password: 'builder' },
    frank: { password: 'old-frank', mustChangePassword: true },
  },
  services: {
    'svc-web': {
      spns: ['HTTP/web.ad.test', 'HTTP/localhost'],
      password: 'web-password',
      trustedToAuthForDelegation: true,
      allowedToDelegateTo: ['HTTP/api.ad.test'],
    },
    'svc-api': { spns: ['HTTP/api.ad.test'] },
  },
} as const

/** AD.TEST on loopback, with keytabs of its services in the folder. */
export async function placeWithRealm(options: Partial<TestRealmOptions> = {}): Promise<Place> {
  const realm = await createTestRealm({ realm: 'AD.TEST', ...ACCOUNTS, ...options })
  await realm.listen({ host: '127.0.0.1' })
  const folder = mkdtempSync(join(tmpdir(), 's4u-cli-'))
  const at = (name: string): string => join(folder, name)
  writeFileSync(at('krb5.conf'), realm.krb5Conf())
  for (const name of Object.keys(ACCOUNTS.services)) writeFileSync(at(`${name}.keytab`), realm.keytabFile(name))
  return {
    realm,
    folder,
    at,
    as: (cache, more) => ({
      ...more,
      environment: { KRB5_CONFIG: at('krb5.conf'), KRB5CCNAME: `FILE:${at(cache)}`, NO_COLOR: '1' },
    }),
    async [Symbol.asyncDispose]() {
      await realm[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
