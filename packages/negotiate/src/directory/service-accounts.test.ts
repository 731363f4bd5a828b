import { Journal } from '@s4u/krb5'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { callerWith } from '../fixtures/identities.js'
import { requestWith } from '../fixtures/requests.js'
import { delegatedByGate } from '../routes/delegated-by-gate.js'
import { recordNegotiator } from '../routes/negotiator-of-request.js'
import type { CallerAccount, CallerDirectory } from './caller-directory.js'
import { ServiceAccounts } from './service-accounts.js'

const lines: string[] = []
const log = (text: string): void => void lines.push(text)
const quiet = Object.assign(() => {}, { enabled: false })
const journal = new Journal({ debug: quiet, warn: log }, { debug: log, info: log, warn: log, error: log })

const open: ServiceAccounts[] = []
afterEach(() => {
  for (const services of open.splice(0)) services.close()
  lines.length = 0
  vi.useRealTimers()
})

const WEB: CallerAccount = {
  ...{ dn: 'CN=svc-web,DC=ad,DC=test', sid: undefined, name: 'svc-web', principal: 'svc-web@AD.TEST' },
  ...{ userPrincipalName: undefined, displayName: undefined, mail: undefined, department: undefined, groupSids: [] },
  servicePrincipalNames: ['HTTP/web.ad.test', 'HTTP/web'],
}

/** What the directory has, by the names that it is asked for. */
function directoryWith(accounts: Record<string, CallerAccount>) {
  const account = vi.fn<CallerDirectory['account']>(async (name) => accounts[name])
  const services = new ServiceAccounts(
    async () => ({ account, namesOf: () => expect.unreachable(), sidOf: () => expect.unreachable() }),
    journal,
  )
  open.push(services)
  return { account, services }
}

/** The status with which a route of `listed` answers a caller who came through `through`. */
function statusOf(services: ServiceAccounts | undefined, listed: readonly string[], through: string, more = {}) {
  const request = requestWith()
  const challenge = () => expect.unreachable()
  recordNegotiator(request, { impersonatesAlways: false, challenge, noteForbidden: () => {}, services })
  const verdict = delegatedByGate(listed)(request, callerWith({ delegatedBy: [through], ...more }))
  return verdict.status === 'pass' ? 200 : verdict
}

describe('one name of a service', () => {
  test.each([
    ['HTTP/web.ad.test', 'svc-web@AD.TEST', 'HTTP/web.ad.test'],
    ['HTTP/WEB.ad.test', 'SVC-WEB@AD.TEST', 'HTTP/WEB.ad.test'],
    ['HTTP@web.ad.test', 'svc-web@AD.TEST', 'HTTP/web.ad.test'],
    ['HTTP/web.ad.test@AD.TEST', 'HTTP/web@AD.TEST', 'HTTP/web.ad.test'],
    ['svc-web', 'HTTP/web.ad.test@AD.TEST', 'svc-web'],
    ['svc-web@AD.TEST', 'HTTP/web.ad.test@AD.TEST', String.raw`AD.TEST\svc-web`],
  ])('%s lets who came through %s pass, and the directory was asked for %s', async (listed, through, asked) => {
    const { account, services } = directoryWith({ [asked]: WEB })
    delegatedByGate([listed])
    await services.ready()
    expect(statusOf(services, [listed], through)).toBe(200)
    expect(account).toHaveBeenCalledWith(asked)
  })

  test('lets nobody else pass: the hint says that the directory was asked', async () => {
    const { services } = directoryWith({ 'HTTP/web.ad.test': WEB })
    delegatedByGate(['HTTP/web.ad.test'])
    await services.ready()
    expect(statusOf(services, ['HTTP/web.ad.test'], 'svc-api@AD.TEST')).toMatchObject({
      statusCode: 403,
      error: {
        message: 'alice@AD.TEST came through svc-api@AD.TEST',
        hint: 'In the directory this is no name of the account of HTTP/web.ad.test. If callers of svc-api@AD.TEST may come in here, add "svc-api@AD.TEST" to requireDelegatedBy; if it is the same service, its account lacks that name (a change there counts after five minutes).',
      },
    })
  })
})

describe('an account is not the one that is listed', () => {
  const elsewhere = { ...WEB, principal: 'svc-web@OTHER.TEST' }
  const byUpn = { ...WEB, principal: 'mallory@AD.TEST', servicePrincipalNames: ['HTTP/mallory.ad.test'] }
  test.each([
    ['of another realm, by its SPN', 'HTTP/web.ad.test', 'HTTP/web.ad.test', elsewhere, 'svc-web@OTHER.TEST'],
    [
      'of another realm, by its SPN with a realm',
      'HTTP/web.ad.test@AD.TEST',
      'HTTP/web.ad.test',
      elsewhere,
      'svc-web@OTHER.TEST',
    ],
    [
      'of another realm, by its name',
      'svc-web@AD.TEST',
      String.raw`AD.TEST\svc-web`,
      elsewhere,
      'HTTP/web.ad.test@OTHER.TEST',
    ],
    ['that the same account has in our realm', 'HTTP/web.ad.test', 'HTTP/web.ad.test', elsewhere, 'svc-web@AD.TEST'],
    ['that has the name as its user principal name', 'svc-web', 'svc-web', byUpn, 'mallory@AD.TEST'],
    ['whose SPN is another one', 'HTTP/web.ad.test', 'HTTP/web.ad.test', byUpn, 'mallory@AD.TEST'],
  ])('%s', async (_what, listed, asked, account, through) => {
    const { services } = directoryWith({ [asked]: account })
    delegatedByGate([listed])
    await services.ready()
    expect(statusOf(services, [listed], through)).toMatchObject({ statusCode: 403 })
  })

  test('in the realm of the service that the caller came to, where the route names no realm', async () => {
    const { services } = directoryWith({ 'HTTP/web.ad.test': WEB })
    delegatedByGate(['HTTP/web.ad.test'])
    await services.ready()
    // A keytab of several realms: this caller came to the service of WEST.TEST.
    const west = { realm: 'WEST.TEST', evidence: undefined }
    expect(statusOf(services, ['HTTP/web.ad.test'], 'svc-web@AD.TEST', west)).toMatchObject({ statusCode: 403 })
    expect(statusOf(services, ['HTTP/web.ad.test'], 'HTTP/web.ad.test', west)).toBe(200)
  })
})

test('a service that was renamed, or lost its SPN, counts after five minutes', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const accounts: Record<string, CallerAccount> = { 'HTTP/web.ad.test': WEB }
  const { services } = directoryWith(accounts)
  delegatedByGate(['HTTP/web.ad.test'])
  await services.ready()
  accounts['HTTP/web.ad.test'] = { ...WEB, principal: 'svc-new@AD.TEST' }
  await vi.advanceTimersByTimeAsync(300_000)
  expect(statusOf(services, ['HTTP/web.ad.test'], 'svc-new@AD.TEST')).toBe(200)
  // Who has the old name now is another account.
  expect(statusOf(services, ['HTTP/web.ad.test'], 'svc-web@AD.TEST')).toMatchObject({ statusCode: 403 })
  delete accounts['HTTP/web.ad.test']
  await vi.advanceTimersByTimeAsync(300_000)
  expect(statusOf(services, ['HTTP/web.ad.test'], 'svc-new@AD.TEST')).toMatchObject({ statusCode: 403 })
  expect(statusOf(services, ['HTTP/web.ad.test'], 'HTTP/web.ad.test@AD.TEST')).toBe(200)
})

test('one that the directory does not have is told, and goes by its listed name', async () => {
  const { services } = directoryWith({})
  delegatedByGate(['HTTP/unknown.ad.test'])
  await services.ready()
  expect(lines).toContain('there is no account of the service HTTP/unknown.ad.test')
  expect(statusOf(services, ['HTTP/unknown.ad.test'], 'HTTP/unknown.ad.test@AD.TEST')).toBe(200)
  expect(statusOf(services, ['HTTP/unknown.ad.test'], 'svc@AD.TEST')).toMatchObject({
    statusCode: 403,
    error: { hint: expect.stringMatching(/\['HTTP\/unknown\.ad\.test', 'svc@AD\.TEST'\]\)\.$/) },
  })
})

test('nobody waits for a directory that does not answer: who needs it gets 503, the others pass', async () => {
  const services = new ServiceAccounts(() => new Promise(() => {}), journal)
  open.push(services)
  const listed = ['HTTP/slow.ad.test']
  expect(statusOf(services, listed, 'HTTP/slow.ad.test@AD.TEST')).toBe(200)
  expect(statusOf(services, listed, 'svc-slow@AD.TEST')).toMatchObject({
    statusCode: 503,
    headers: { 'Retry-After': '5' },
    error: {
      code: 'unavailable',
      message: 'the account of the service HTTP/slow.ad.test is not known yet: the directory has not answered yet',
    },
  })
})

test('what the directory cannot tell, as of a name that two accounts have, rejects the start and is told', async () => {
  const two = new Error('HTTP/two.ad.test is the name of 2 accounts')
  const services = new ServiceAccounts(() => Promise.reject(two), journal)
  open.push(services)
  delegatedByGate(['HTTP/two.ad.test'])
  await expect(services.ready()).rejects.toBe(two)
  await pause(0)
  expect(lines).toContain(
    'the account of the service HTTP/two.ad.test cannot be asked for: HTTP/two.ad.test is the name of 2 accounts',
  )
  expect(statusOf(services, ['HTTP/two.ad.test'], 'svc@AD.TEST')).toMatchObject({ statusCode: 503 })
})

test('without a directory, both names are listed, as the hint says', () => {
  expect(statusOf(undefined, ['HTTP/plain.ad.test'], 'svc@AD.TEST')).toMatchObject({
    error: { hint: expect.stringContaining('or let the directory tell: negotiate({ directory: true })') },
  })
})
