import { ConfigurationError, parsePrincipal } from '@s4u/krb5'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import { entryOf, issue, keytabOf, oddToken, SERVICE_KEY, SPN, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'
import { notServed, parseService, ServedNames } from './served-names.js'

/** What becomes of a ticket that opens with the key of `principal`. */
async function verdictOn(asked: string, principal: string, options: AcceptorOptions = {}): Promise<string> {
  const keytab = keytabOf(entryOf(principal, 1, SERVICE_KEY))
  const outcome = await acceptorWith({ keytab, ...options }).accept(tokenOf(issue({ service: asked })))
  return outcome.status === 'refused' ? outcome.error.code : outcome.status
}

describe('a ticket that opens with a key of ours', () => {
  test.each<[string, string, AcceptorOptions]>([
    ['HTTP/web.ad.test', SPN, {}],
    ['http/WEB.AD.TEST', SPN, {}],
    ['HTTP/web', SPN, {}],
    ['HTTP/Web', 'HTTP/web', {}],
    ['HTTP/portal.ad.test', SPN, { serviceAliases: ['HTTP/Portal.ad.test'] }],
    ['HTTP/portal.ad.test', SPN, { serviceAliases: ['HTTP/portal.ad.test@ad.test'] }],
    ['HTTP/whatever.ad.test', SPN, { serviceAliases: ['HTTP/*'] }],
    ['host/web.ad.test', SPN, { serviceAliases: ['host/web.ad.test'] }],
    ['HTTP/web.ad.test', 'svc-web', { service: 'svc-web' }],
    ['svc-web', 'svc-web', { service: 'svc-web' }],
    ['HTTP/web.ad.test', 'host/web.ad.test', { service: 'host/web.ad.test' }],
    ['HTTP/web', 'host/web.ad.test', { service: 'host/web.ad.test' }],
  ])('for %s is accepted by %s, with %o', async (asked, principal, options) => {
    expect(await verdictOn(asked, principal, options)).toBe('accepted')
  })

  test.each<[string, AcceptorOptions, string]>([
    ['AD.TEST', {}, 'accepted'],
    ['ad.test', {}, 'accepted'],
    ['', {}, 'accepted'],
    ['OTHER.TEST', {}, 'KRB_AP_ERR_NOT_US'],
    ['AD.TEST.OTHER', {}, 'KRB_AP_ERR_NOT_US'],
    ['OTHER.TEST', { serviceAliases: [SPN] }, 'KRB_AP_ERR_NOT_US'],
    ['OTHER.TEST', { serviceAliases: ['HTTP/*'] }, 'KRB_AP_ERR_NOT_US'],
    ['OTHER.TEST', { serviceAliases: [`${SPN}@OTHER.TEST`] }, 'accepted'],
  ])('whose name says the realm %j, with %o: %s', async (realm, options, verdict) => {
    const credential = issue()
    const token = oddToken({ ...credential, ticket: { ...credential.ticket, realm } })
    const outcome = await acceptorWith(options).accept(token)
    expect(outcome.status === 'refused' ? outcome.error.code : outcome.status).toBe(verdict)
  })

  test.each<[string, string, AcceptorOptions]>([
    ['HTTP/alias.ad.test', SPN, {}],
    ['HTTP/evil.test', SPN, {}],
    ['HTTP/web.ad.test.evil.test', SPN, {}],
    ['HTTP/web.ad.test:8080', SPN, {}],
    ['HTTP/web/ad.test', SPN, {}],
    ['HTTP/*', SPN, {}],
    ['host/web.ad.test', SPN, {}],
    ['cifs/web.ad.test', SPN, {}],
    ['svc-web', SPN, {}],
    ['HTTP/portal.ad.test', SPN, { serviceAliases: ['HTTP/portal.ad.test@OTHER.TEST'] }],
    ['HTTP/portal', SPN, { serviceAliases: ['HTTP/portal.ad.test'] }],
    ['cifs/web.ad.test', SPN, { serviceAliases: ['HTTP/*'] }],
    ['cifs/web.ad.test', 'svc-web', { service: 'svc-web' }],
    ['cifs/web.ad.test', 'host/web.ad.test', { service: 'host/web.ad.test' }],
    ['HTTP/other.ad.test', 'host/web.ad.test', { service: 'host/web.ad.test' }],
  ])('for %s is not accepted by %s, with %o', async (asked, principal, options) => {
    expect(await verdictOn(asked, principal, options)).toBe('KRB_AP_ERR_NOT_US')
  })

  test('and names another service is refused with a word about the option, each time, and its client is in the record', async () => {
    const records: unknown[] = []
    const acceptor = acceptorWith({ onEvent: (event) => records.push(event) })
    const credential = issue({ service: 'cifs/web.ad.test' })
    for (const _ of [1, 2, 3]) {
      const { error } = refused(await acceptor.accept(oddToken(credential)))
      expect(error.message).toContain('the ticket is for cifs/web.ad.test@AD.TEST, which is none of the names')
      expect(error.hint).toContain('serviceAliases')
    }
    expect(records).toContainEqual(expect.objectContaining({ code: 'KRB_AP_ERR_NOT_US', client: 'alice@AD.TEST' }))
  })

  test('may have no realm on it, as with Heimdal', async () => {
    for (const [service, code] of [
      [SPN, undefined],
      ['HTTP/web', undefined],
      ['cifs/web.ad.test', 'KRB_AP_ERR_NOT_US'],
    ] as const) {
      const credential = issue({ service })
      const outcome = await acceptorWith().accept(
        oddToken({ ...credential, ticket: { ...credential.ticket, realm: '' } }),
      )
      expect(outcome.status === 'refused' ? outcome.error.code : undefined).toBe(code)
    }
  })

  test('may bear a name that was added to the keytab just now', async () => {
    const folder = mkdtempSync(join(tmpdir(), 's4u-keytab-'))
    try {
      const path = join(folder, 'web.keytab')
      writeFileSync(path, keytabOf().encode())
      const acceptor = acceptorWith({ keytab: path })
      const [service, portal] = [SPN, 'HTTP/portal.ad.test'].map((spn) => issue({ service: spn }))
      accepted(await acceptor.accept(tokenOf(service)))
      refused(await acceptor.accept(tokenOf(portal)))
      writeFileSync(
        path,
        keytabOf(entryOf(SPN, 1, SERVICE_KEY), entryOf('HTTP/portal.ad.test', 1, SERVICE_KEY)).encode(),
      )
      accepted(await acceptor.accept(tokenOf(portal)))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

test('a ticket that the service got itself may be for its account', async () => {
  const { ticket } = issue({ service: 'svc-web' })
  expect(await acceptorWith().identify(ticket, 'asserted')).toMatchObject({ principal: 'alice@AD.TEST' })
})

test('an alias that is no principal is an error at once', () => {
  expect(() => acceptorWith({ serviceAliases: [''] })).toThrow(ConfigurationError)
  expect(() => acceptorWith({ serviceAliases: ['HTTP/@AD.TEST'] })).toThrow(/serviceAliases "HTTP\/@AD.TEST"/)
})

test('a ticket without a realm may be for a name of one of several realms', async () => {
  const keytab = keytabOf(entryOf(SPN, 1, SERVICE_KEY), entryOf('HTTP/x.west.test', 1, SERVICE_KEY, 'WEST.TEST'))
  const credential = issue()
  const token = oddToken({ ...credential, ticket: { ...credential.ticket, realm: '' } })
  accepted(
    await acceptorWith({ keytab, domainSids: { 'AD.TEST': 'S-1-5-21-1-2-3', 'WEST.TEST': false } }).accept(token),
  )
})

describe('the names that are served', () => {
  const { encPart } = issue().ticket
  const served = (principals: readonly string[], aliases: readonly string[] = []) => {
    const names = new ServedNames(
      principals.map((one) => parsePrincipal(one, { realm: 'AD.TEST' })),
      aliases,
    )
    return (realm: string, ...nameString: readonly string[]) =>
      names.has({ realm, sname: { nameType: 2, nameString }, encPart })
  }

  test('of a host are its own and its first label, in its realm, in any letter case', () => {
    const has = served(['HTTP/Web.ad.test'])
    expect(has('AD.TEST', 'HTTP', 'web.ad.test')).toBe(true)
    expect(has('ad.test', 'http', 'WEB')).toBe(true)
    expect(has('', 'HTTP', 'web.ad.test')).toBe(true)
    for (const other of ['ad', 'web.ad', 'ad.test', '', '*']) expect(has('AD.TEST', 'HTTP', other)).toBe(false)
    expect(has('AD.TEST', 'host', 'web.ad.test')).toBe(false)
    expect(has('AD.TEST', 'HTTP')).toBe(false)
    expect(has('OTHER.TEST', 'HTTP', 'web.ad.test')).toBe(false)
  })

  test('of a host key are those of HTTP and of host', () => {
    const has = served(['HOST/web.ad.test'])
    expect(has('AD.TEST', 'HTTP', 'web.ad.test')).toBe(true)
    expect(has('AD.TEST', 'HTTP', 'web')).toBe(true)
    expect(has('AD.TEST', 'host', 'web')).toBe(true)
    expect(has('AD.TEST', 'cifs', 'web')).toBe(false)
  })

  test('of an account are its own, and HTTP of any host', () => {
    const has = served(['svc-web'])
    expect(has('AD.TEST', 'svc-web')).toBe(true)
    expect(has('AD.TEST', 'HTTP', 'whatever')).toBe(true)
    expect(has('AD.TEST', 'HTTP', 'what', 'ever')).toBe(false)
    expect(has('AD.TEST', 'cifs', 'whatever')).toBe(false)
    expect(has('AD.TEST', 'svc')).toBe(false)
  })

  test('of a name of three components are those three alone', () => {
    const has = served(['HTTP/web.ad.test/farm'])
    expect(has('AD.TEST', 'HTTP', 'web.ad.test', 'farm')).toBe(true)
    expect(has('AD.TEST', 'HTTP', 'web.ad.test')).toBe(false)
    expect(has('AD.TEST', 'HTTP', 'web')).toBe(false)
    expect(has('AD.TEST', 'HTTP', 'anything')).toBe(false)
  })

  test('that are aliases are in the realm that they say, or in each of ours', () => {
    const has = served(['HTTP/web.ad.test', 'HTTP/web.ad.test@WEST.TEST'], ['HTTP/portal', 'HTTP/other@EAST.TEST'])
    expect([has('AD.TEST', 'HTTP', 'portal'), has('WEST.TEST', 'HTTP', 'portal')]).toEqual([true, true])
    expect(has('EAST.TEST', 'HTTP', 'portal')).toBe(false)
    expect([has('EAST.TEST', 'HTTP', 'other'), has('AD.TEST', 'HTTP', 'other')]).toEqual([true, false])
    expect(has('', 'HTTP', 'portal')).toBe(true)
    expect(has('*', 'HTTP', 'portal')).toBe(false)
  })
})

test('a ticket for a name that is not served is told with its name and the key that opened it', () => {
  const { ticket } = issue({ service: 'cifs/web.ad.test' })
  expect(notServed(ticket, 'HTTP/web.ad.test@AD.TEST')).toMatchObject({
    name: 'RejectedTokenError',
    code: 'KRB_AP_ERR_NOT_US',
    message:
      'the ticket is for cifs/web.ad.test@AD.TEST, which is none of the names served here, although it opens with the key of HTTP/web.ad.test@AD.TEST',
    hint: 'If clients may call this service by that name (another SPN of the same account, a DNS alias), list it in the option serviceAliases. Otherwise a ticket for another service of the account was sent here.',
  })
})

test('a configured name is a principal, of any realm where it says none', () => {
  expect(parseService('service', 'HTTP/web.ad.test')).toMatchObject({ realm: '*' })
  expect(parseService('service', 'HTTP/web.ad.test@AD.TEST')).toMatchObject({ realm: 'AD.TEST' })
  expect(() => parseService('service', 'HTTP/@AD.TEST')).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: 'service "HTTP/@AD.TEST" is no principal',
      hint: 'Write HTTP/web.ad.test or HTTP/web.ad.test@AD.TEST.',
      cause: expect.objectContaining({ name: 'MalformedTokenError' }),
    }),
  )
})
