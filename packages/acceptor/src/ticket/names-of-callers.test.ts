/**
 * Callers whose names were chosen to be taken for somebody else's, or to act where they are
 * printed.
 */
import { NameType, parseKrb5Conf, type Principal } from '@s4u/krb5'
import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import type { AcceptorEvent } from '../events/events.js'
import { issue, type IssueOptions, oddToken } from '../fixtures/issued-token.js'
import { accepted, acceptorWith } from '../fixtures/outcomes.js'
import type { Identity } from '../identity/identity.js'

interface Client {
  readonly name: readonly string[]
  readonly realm?: string
  readonly nameType?: number
}

async function identityOf(
  { name, realm = 'AD.TEST', nameType }: Client,
  options: AcceptorOptions = {},
  issued: IssueOptions = {},
): Promise<Identity> {
  const cname = { nameType: nameType ?? (name.length === 1 ? 1 : 2), nameString: name }
  const credential = issue({ pac: false, ...issued, part: { cname, crealm: realm } })
  const token = oddToken(credential, { authenticator: { cname, crealm: realm } })
  return accepted(await acceptorWith({ requirePac: false, ...options }).accept(token)).identity
}

describe('alice of another realm', () => {
  test('has none of the names that alice has here', async () => {
    const alice = await identityOf({ name: ['alice'] })
    expect(alice).toMatchObject({ principal: 'alice@AD.TEST', name: 'alice', localName: 'alice' })
    const stranger = await identityOf({ name: ['alice'], realm: 'EVIL.TEST' })
    expect(stranger).toMatchObject({ principal: 'alice@EVIL.TEST', name: 'alice@EVIL.TEST', localName: undefined })
    expect(stranger.toJSON()).toMatchObject({ name: 'alice@EVIL.TEST', realm: 'EVIL.TEST' })
  })

  test.each([
    [['alice@AD.TEST'], 'EVIL.TEST'],
    [['alice'], 'AD.TEST@EVIL.TEST'],
    [['alice'], 'ad.test'],
    [['alice'], 'AD.TEST.'],
    [['alice\u200b'], 'AD.TEST'],
    [['alice@AD.TEST'], 'AD.TEST'],
    [['alice', ''], 'AD.TEST'],
    [['alice\\'], 'AD.TEST'],
    [['alice/AD.TEST'], 'AD.TEST'],
    [['al\u0131ce'], 'AD.TEST'],
    [['Alice'], 'AD.TEST'],
  ])('nor has %j of %j', async (name, realm) => {
    const options = { trustedRealms: [realm] }
    const identity = await identityOf({ name, realm }, options)
    expect(identity.principal).not.toBe('alice@AD.TEST')
    expect(identity.name).not.toBe('alice')
    expect(identity.localName).not.toBe('alice')
  })

  test('is not called as a user here is whose enterprise name the KDC has left in the ticket', async () => {
    const stranger = await identityOf({ name: ['alice'], realm: 'EVIL.TEST' })
    const ours = await identityOf({ name: ['alice@EVIL.TEST'], nameType: NameType.ENTERPRISE })
    expect(ours.principal).toBe('alice@EVIL.TEST@AD.TEST')
    expect(ours.name).not.toBe(stranger.name)
    expect(ours).toMatchObject({ name: 'alice@EVIL.TEST@AD.TEST', localName: undefined })
    expect(await identityOf({ name: ['alice@EVIL.TEST'] })).toMatchObject({ name: 'alice\\@EVIL.TEST' })
  })

  test('is mapped where the app says so, and by nothing that does not look at the realm', async () => {
    const alice = { name: ['alice'], realm: 'WEST.TEST' }
    expect(await identityOf(alice, { localNames: ['RULE:[1:$1]', 'DEFAULT'] })).toMatchObject({ localName: undefined })
    const west = 'RULE:[1:$1@$0](^.*@WEST\\.TEST$)s/@.*$/.west/'
    expect(await identityOf(alice, { localNames: [west] })).toMatchObject({
      name: 'alice@WEST.TEST',
      localName: 'alice.west',
    })
    expect(await identityOf({ name: ['alice'], realm: 'EVIL.TEST' }, { localNames: [west, 'DEFAULT'] })).toMatchObject({
      localName: undefined,
    })
    expect(await identityOf(alice, { localNames: { names: { 'alice@WEST.TEST': 'al2', alice: 'al' } } })).toMatchObject(
      { localName: 'al2' },
    )
    const conf = parseKrb5Conf(`[realms]\n AD.TEST = {\n auth_to_local = ${west}\n }`)
    expect(await identityOf(alice, { localNames: conf })).toMatchObject({ localName: 'alice.west' })
  })

  test('is mapped by a function, which is asked once for a ticket', async () => {
    const localNames = vi.fn(({ name, realm }: Principal, own: string) =>
      realm === own ? name.nameString[0] : `${own}+${realm}`,
    )
    expect(await identityOf({ name: ['bob'], realm: 'WEST.TEST' }, { localNames })).toMatchObject({
      localName: 'AD.TEST+WEST.TEST',
    })
    expect(localNames).toHaveBeenCalledOnce()
    for (const nothing of ['', undefined, null, 7])
      expect(await identityOf({ name: ['bob'] }, { localNames: () => nothing as string })).toMatchObject({
        localName: undefined,
      })
  })

  test.each([[['RULE:[1:$9]']], ['krb5'], [7]])('is mapped by no option that is none: %j', (localNames) => {
    expect(() => acceptorWith({ localNames: localNames as string[] })).toThrow(
      expect.objectContaining({ name: 'ConfigurationError' }),
    )
  })

  test('is mapped by the krb5.conf of the machine where that is asked for', async () => {
    vi.stubEnv('KRB5_CONFIG', '/nowhere/krb5.conf')
    expect(() => acceptorWith({ localNames: 'krb5.conf' })).toThrow(
      expect.objectContaining({ code: 'KRB5_CONFIG_CANTOPEN' }),
    )
    vi.stubEnv('KRB5_CONFIG', '/nowhere/krb5.conf:/dev/null')
    expect(await identityOf({ name: ['alice'] }, { localNames: 'krb5.conf' })).toMatchObject({ localName: 'alice' })
    vi.unstubAllEnvs()
  })
})

/** What must not reach a terminal, a log or a page as it is. */
const ACTS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>"\u3164\u115f\u180e\ue000]/u

describe('a name that acts where it is printed', () => {
  const names = [
    'x\r\nFORGED LOG LINE',
    '\u001b[2J\u001b]0;owned\u0007x',
    '\u202ecod.ecila',
    '\u2066alice\u2069',
    'a\u200bl\u200di\u00adce\ufeff',
    'x\u0085y\u2028z\u2029',
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    'alice\u3164\u115f',
    '\u{e0061}lice\ue000',
  ]

  test.each(names)('%j is shown as codes everywhere', async (name) => {
    const events: AcceptorEvent[] = []
    for (const client of [
      { name: [name] },
      { name: [name, name] },
      { name: ['alice'], realm: name.replaceAll(' ', '') },
    ]) {
      const identity = await identityOf(client, {
        trustedRealms: [client.realm ?? 'AD.TEST'],
        onEvent: (event) => events.push(event),
      })
      for (const shown of [
        identity.principal,
        identity.name,
        identity.realm,
        String(identity),
        inspect(identity),
        `${identity.localName}`,
      ])
        expect(shown).not.toMatch(ACTS)
      expect(JSON.stringify(identity).replaceAll('"', '')).not.toMatch(ACTS)
      expect(identity.localName).toBeUndefined()
    }
    const told = events.map((event) => Object.values(event).filter((value) => typeof value === 'string')).flat()
    expect(told.length).toBeGreaterThan(0)
    for (const text of told) expect(text).not.toMatch(ACTS)
  })

  test('is never shown as another is', async () => {
    const alike = ['alice', 'alice\u202e', 'alice\\u{202e}', 'alice\\', 'alice\u200b', 'alice<', 'alice\\u{3c}']
    const shown = await Promise.all(alike.map(async (name) => (await identityOf({ name: [name] })).principal))
    expect(new Set(shown).size).toBe(alike.length)
  })

  test('in what the directory says is shown as codes too', async () => {
    const issued: IssueOptions = {
      pac: {
        upnDnsInfo: { upn: '\u202ealice<b>@ad.test', dnsDomainName: 'AD.TEST', flags: 0, extended: undefined },
        delegationInfo: { s4u2proxyTarget: 'x', transitedServices: ['web\u001b[2J@AD.TEST', 'svc-web@AD.TEST'] },
      },
    }
    const identity = await identityOf({ name: ['alice'] }, {}, issued)
    expect(identity.upn).toBe('\\u{202e}alice\\u{3c}b\\u{3e}@ad.test')
    expect(identity.delegatedBy).toEqual(['web\\u{1b}[2J@AD.TEST', 'svc-web@AD.TEST'])
    expect(Object.isFrozen(identity.delegatedBy)).toBe(true)
  })
})
