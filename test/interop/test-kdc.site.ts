import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestRealm, type TestRealm, type TestRealmOptions } from '@s4u/test-kdc'
import { afterAll, describe, expect, test } from 'vitest'
import { run, runOk } from '../realms/clients.js'
import { installMissing, type Requirement, whyMissing } from '../realms/debian/packages.js'
import type { RunResult } from '../realms/processes.js'

/**
 * How requests and replies travel: by one of the two alone, or as clients and Active Directory do
 * when nothing is set.
 */
export type Way = 'udp' | 'tcp' | 'as fits'

/**
 * A suite of real clients, once for each way to a KDC. Where the programs cannot be had it is
 * skipped with the reason, or fails with it in CI.
 */
export async function describeClients(
  title: string,
  programs: Requirement,
  tests: (site: Site) => void,
  ways: readonly Way[] = ['udp', 'tcp'],
): Promise<void> {
  const reason = await whyUnavailable(programs)
  if (reason !== undefined) {
    process.stderr.write(`skipped: ${title}: ${reason}\n`)
    describe(title, () => {
      test(reason, { skip: process.env.CI !== 'true' }, () => {
        throw new Error(reason)
      })
    })
    return
  }
  for (const way of ways) {
    const site = await openSite(way)
    describe(`${title}, by ${way === 'as fits' ? 'UDP where it fits' : way.toUpperCase()},`, () => {
      afterAll(() => site[Symbol.asyncDispose]())
      tests(site)
      if (way !== 'as fits') test('had every kind of answer that way', () => expectAllBy(site, way))
    })
  }
}

async function whyUnavailable(programs: Requirement): Promise<string | undefined> {
  const failure = await installMissing([programs]).catch((error: Error) => error.message)
  const missing = whyMissing(programs)
  return missing && [missing, failure].filter((part) => part !== undefined).join('; ')
}

/**
 * A client that waited a second in vain tries the other way, so that not every single answer has to
 * have come by this one.
 */
function expectAllBy({ ad, partner }: Site, way: Way): void {
  const answered = [...ad.exchanges, ...partner.exchanges].filter(
    ({ outcome }) => outcome === 'issued' || outcome === 'referral',
  )
  const kinds = (exchanges: typeof answered) => [...new Set(exchanges.map(({ kind }) => kind))].sort()
  expect(kinds(answered)).toContain('TGS')
  expect(kinds(answered.filter(({ via }) => via === way))).toEqual(kinds(answered))
}

/**
 * Two embedded realms that trust each other, listening, and real clients that know of nothing else.
 */
export interface Site {
  readonly ad: TestRealm
  readonly partner: TestRealm
  readonly directory: string
  /** Runs a shell command with a credential cache of its own name; rejects unless it succeeds. */
  shell(command: string, cache?: string): Promise<string>
  /** The same, for what is to fail. */
  attempt(command: string, cache?: string): Promise<RunResult>
  [Symbol.asyncDispose](): Promise<void>
}

/** Messages up to this go by UDP; 32,700 octets is the most that MIT and Java have. */
const PREFERENCE: Record<Way, Record<string, number>> = {
  udp: { udp_preference_limit: 32_700 },
  tcp: { udp_preference_limit: 1 },
  'as fits': {},
}

async function openSite(way: Way): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), 's4u-test-kdc-'))
  const limit = way === 'udp' ? { udpReplyLimit: 60_000 } : {}
  const ad = await createAd(limit)
  const partner = await createPartner(ad, limit)
  await ad.listen({ host: '127.0.77.10' })
  await partner.listen({ host: '127.0.77.11' })
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    KRB5_CONFIG: join(directory, 'krb5.conf'),
    KRB5RCACHETYPE: 'none',
  }
  writeFileSync(
    environment.KRB5_CONFIG,
    ad.krb5Conf({ default_ccache_name: `FILE:${directory}/cc`, ...PREFERENCE[way] }),
  )
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
    shell: async (command, cache = 'default') => (await runOk('sh', ['-c', command], options(cache))).stdout,
    attempt: (command, cache = 'default') => run('sh', ['-c', command], options(cache)),
    async [Symbol.asyncDispose]() {
      await Promise.all([ad[Symbol.asyncDispose](), partner[Symbol.asyncDispose]()])
      rmSync(directory, { recursive: true })
    },
  }
}

function createAd(limit: Partial<TestRealmOptions>): Promise<TestRealm> {
  return createTestRealm({
    realm: 'AD.TEST',
    ...limit,
    users: {
      alice: { password: 'wonderland', groups: ['Sales', 'Everyone at work'] },
      carol: { password: 'sensitive-1', sensitive: true },
      dave: { password: 'disabled-1', disabled: true },
      frank: { password: 'old-1', mustChangePassword: true },
      erin: { password: 'armor-1', requireFast: true },
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

function createPartner(ad: TestRealm, limit: Partial<TestRealmOptions>): Promise<TestRealm> {
  return createTestRealm({
    realm: 'PARTNER.TEST',
    ...limit,
    users: { pat: { password: 'partner-1' } },
    services: { shop: { spns: ['HTTP/shop.partner.test'], allowedToActOnBehalfOf: ['plain@AD.TEST'] } },
    trusts: [ad],
  })
}

/** A source file beside this one. */
export const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
