import { chmodSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Place, placeWithRealm } from './realm.js'
import { s4u } from './s4u-process.js'

/** `s4u doctor` with a KDC and no directory: what it says is what the KDC says. */

let place: Place
beforeAll(async () => {
  place = await placeWithRealm({
    services: {
      'svc-web': { spns: ['HTTP/web.ad.test'], allowedToDelegateTo: ['HTTP/api.ad.test'] },
      'svc-api': { spns: ['HTTP/api.ad.test'] },
    },
  })
  for (const name of ['svc-web', 'svc-api']) chmodSync(place.at(`${name}.keytab`), 0o600)
})
afterAll(() => place[Symbol.asyncDispose]())

interface Found {
  readonly check: string
  readonly status: string
  readonly found: string
  readonly why?: string
  readonly settings: readonly unknown[]
}

async function findingsOf(...words: string[]) {
  const { stdout } = await s4u(['doctor', '--json', ...words], place.as('x'))
  const { findings } = JSON.parse(stdout) as { findings: readonly Found[] }
  return (name: string) => findings.find(({ check }) => check === name)
}

test('a keytab of another account: what is missing is the key of that name, and no version', async () => {
  const finding = await findingsOf('-t', place.at('svc-api.keytab'), '--service', 'HTTP/web.ad.test')
  expect(finding('keytab-service')?.found).toMatch(/^There is no key under the name HTTP\/web\.ad\.test; /)
  expect(finding('keytab-current')).toMatchObject({
    status: 'failed',
    code: 'KRB_AP_ERR_NOT_US',
    found: 'The keytab has no key of HTTP/web.ad.test: it has those of svc-api@AD.TEST, HTTP/api.ad.test@AD.TEST.',
    settings: [],
  })
  const mended = await findingsOf('-t', place.at('svc-web.keytab'), '--service', 'HTTP/web.ad.test')
  expect(mended('keytab-current')?.status).toBe('ok')
})

test('a delegation that works with tickets of users is a remark, without a command that gives rights', async () => {
  const words = ['--service', 'HTTP/web.ad.test', '--as', 'alice', '--to', 'HTTP/api.ad.test']
  const finding = await findingsOf('-t', place.at('svc-web.keytab'), ...words)
  const proxy = finding('s4u2proxy')
  expect(proxy).toMatchObject({ status: 'warning', settings: [] })
  expect(proxy?.found).toMatch(/^svc-web@AD\.TEST may not act for users who did not present a ticket/)
  expect(proxy?.why).toMatch(/^Nothing is wrong if alice comes with a ticket/)
})
