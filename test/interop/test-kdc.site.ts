import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { afterAll, describe, test } from 'vitest'
import { run, runOk } from '../realms/clients.js'
import { installMissing, type Requirement, whyMissing } from '../realms/packages.js'
import type { RunResult } from '../realms/processes.js'

/**
 * A suite of real clients, once by UDP as far as messages fit and once by TCP. Where the programs cannot be had it is skipped with
 * the reason, or fails with it in CI.
 */
export async function describeClients(
  title: string,
  programs: Requirement,
  tests: (site: Site) => void,
): Promise<void> {
  await installMissing([programs]).catch(() => undefined)
  const reason = whyMissing(programs)
  if (reason !== undefined) {
    describe(title, () => {
      test(reason, { skip: process.env.CI !== 'true' }, () => {
        throw new Error(reason)
      })
    })
    return
  }
  for (const tcpOnly of [false, true]) {
    const site = await openSite(tcpOnly)
    describe(`${title}, by ${tcpOnly ? 'TCP' : 'UDP where it fits'},`, () => {
      afterAll(() => site[Symbol.asyncDispose]())
      tests(site)
    })
  }
}

/** Two embedded realms that trust each other, listening, and real clients that know of nothing else. */
export interface Site {
  readonly ad: TestRealm
  readonly partner: TestRealm
  readonly directory: string
  /** The clients never try UDP. */
  readonly tcpOnly: boolean
  /** Runs a shell command with a credential cache of its own name; rejects unless it succeeds. */
  shell(command: string, cache?: string): Promise<string>
  /** The same, for what is to fail. */
  attempt(command: string, cache?: string): Promise<RunResult>
  [Symbol.asyncDispose](): Promise<void>
}

async function openSite(tcpOnly: boolean): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), 's4u-test-kdc-'))
  const ad = await createAd()
  const partner = await createPartner(ad)
  await ad.listen({ host: '127.0.77.10' })
  await partner.listen({ host: '127.0.77.11' })
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    KRB5_CONFIG: join(directory, 'krb5.conf'),
    KRB5RCACHETYPE: 'none',
  }
  const conf = ad.krb5Conf({ default_ccache_name: `FILE:${directory}/cc`, ...(tcpOnly && { udp_preference_limit: 1 }) })
  writeFileSync(environment.KRB5_CONFIG, conf)
  for (const name of ['web', 'plain', 'api', 'data'])
    writeFileSync(join(directory, `${name}.keytab`), ad.keytabFile(name))
  writeFileSync(join(directory, 'shop.keytab'), partner.keytabFile('shop'))
  const options = (cache: string) => ({
    directory,
    environment: { ...environment, KRB5CCNAME: `FILE:${directory}/cc-${cache}` },
  })
  return {
    ad,
    partner,
    directory,
    tcpOnly,
    shell: async (command, cache = 'default') => (await runOk('sh', ['-c', command], options(cache))).stdout,
    attempt: (command, cache = 'default') => run('sh', ['-c', command], options(cache)),
    async [Symbol.asyncDispose]() {
      await Promise.all([ad[Symbol.asyncDispose](), partner[Symbol.asyncDispose]()])
      rmSync(directory, { recursive: true })
    },
  }
}

function createAd(): Promise<TestRealm> {
  return createTestRealm({
    realm: 'AD.TEST',
    users: {
      alice: { password: 'wonderland', groups: ['Sales', 'Everyone at work'] },
      carol: { password: 'sensitive-1', sensitive: true },
      dave: { password: 'disabled-1', disabled: true },
      frank: { password: 'old-1', mustChangePassword: true },
      bob: { password: 'builder-1', upn: 'bob.builder@ad.example' },
    },
    services: {
      web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true, allowedToDelegateTo: ['HTTP/api.ad.test'] },
      plain: { spns: ['HTTP/plain.ad.test'] },
      api: { spns: ['HTTP/api.ad.test', 'HTTP/localhost'], allowedToDelegateTo: ['HTTP/data.ad.test'] },
      data: { spns: ['HTTP/data.ad.test'], allowedToActOnBehalfOf: ['plain'] },
    },
  })
}

function createPartner(ad: TestRealm): Promise<TestRealm> {
  return createTestRealm({
    realm: 'PARTNER.TEST',
    users: { pat: { password: 'partner-1' } },
    services: { shop: { spns: ['HTTP/shop.partner.test'], allowedToActOnBehalfOf: ['plain@AD.TEST'] } },
    trusts: [ad],
  })
}

/** A source file beside this one. */
export const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
