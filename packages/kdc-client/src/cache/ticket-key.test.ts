import { NameType } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import type { S4uUser } from '../tickets/s4u-user.js'
import type { ServiceTarget } from '../tickets/service-target.js'
import { fingerprintOf, fingerprintOfOctets, identify, ProxyIds, type TicketKey, transitionKey } from './ticket-key.js'
import { nameOf } from '../tickets/principal-name.js'

const base = { kind: 's4u2proxy', client: 'web@AD.TEST', etypes: [18] } as const
const principal = (name: string) => ({ name: { nameType: 1, nameString: [name] }, realm: 'AD.TEST' })
const ticket = (octet: number) => ({
  realm: 'AD.TEST',
  sname: { nameType: 2, nameString: ['HTTP', 'web.ad.test'] },
  encPart: { etype: 18, cipher: new Uint8Array(64).fill(octet) },
})
const target = (host: string): ServiceTarget => ({
  name: { nameType: 2, nameString: ['HTTP', host] },
  realm: 'AD.TEST',
  text: `HTTP/${host}@AD.TEST`,
  asked: `HTTP/${host}`,
  isRealmNamed: false,
})

describe('the key of a delegation', () => {
  test('is made once, and is the same as it would be made anew', () => {
    const ids = new ProxyIds()
    const evidence = { client: principal('alice'), ticket: ticket(1) }
    const api = target('api.ad.test')
    const first = ids.of(evidence, api, base)
    expect(ids.of(evidence, api, base)).toBe(first)
    const user = nameOf(evidence.client)
    expect(first).toBe(identify({ ...base, user, evidence: fingerprintOf(evidence.ticket), service: api.text }))
  })

  test('is another for another target, another ticket, and another name on the same ticket', () => {
    const ids = new ProxyIds()
    const [alices, alice, mallory] = [ticket(1), principal('alice'), principal('mallory')]
    const api = target('api.ad.test')
    const keys = [
      ids.of({ client: alice, ticket: alices }, api, base),
      ids.of({ client: mallory, ticket: alices }, api, base),
      ids.of({ client: alice, ticket: ticket(2) }, api, base),
      ids.of({ client: alice, ticket: alices }, target('vault.ad.test'), base),
    ]
    expect(new Set(keys).size).toBe(4)
    expect(ids.of({ client: alice, ticket: alices }, api, base)).toBe(keys[0])
    expect(ids.of({ client: mallory, ticket: alices }, api, base)).toBe(keys[1])
  })

  test('is still right when there are more targets than are remembered', () => {
    const ids = new ProxyIds()
    const evidence = { client: principal('alice'), ticket: ticket(1) }
    const forgets = vi.spyOn(Map.prototype, 'clear')
    const keys = Array.from({ length: 49 }, (_, index) => ids.of(evidence, target(`h${index}.ad.test`), base))
    // Sixteen are: before the seventeenth all are forgotten.
    expect(forgets).toHaveBeenCalledTimes(3)
    forgets.mockRestore()
    expect(new Set(keys).size).toBe(49)
  })
})

describe('every input that decides which ticket it is, makes another key', () => {
  const own = { kind: 'own', client: 'web@AD.TEST', service: 'HTTP/api.ad.test@AD.TEST', etypes: [18] } as const
  const self = {
    kind: 's4u2self',
    client: 'web@AD.TEST',
    user: 'alice@AD.TEST',
    userNameType: 1,
    etypes: [18],
  } as const
  const proxy = { ...base, user: 'alice@AD.TEST', evidence: 'e', service: own.service } as const
  const forwarded = {
    kind: 'forwarded',
    client: 'alice@AD.TEST',
    tgt: 't',
    service: own.service,
    etypes: [18],
  } as const

  test.each<[string, TicketKey, Record<string, unknown>]>([
    [
      'of its own',
      own,
      { client: 'web@B.TEST', service: 'HTTP/api.ad.test@B.TEST', userToUser: 'u', options: [2], etypes: [17, 18] },
    ],
    [
      'to itself',
      self,
      {
        client: 'x@AD.TEST',
        user: 'alice@B.TEST',
        userNameType: 10,
        certificate: 'c',
        options: [2],
        etypes: [17],
        armor: 'host$@AD.TEST',
      },
    ],
    [
      'by delegation',
      proxy,
      {
        client: 'x@AD.TEST',
        user: 'bob@AD.TEST',
        evidence: 'f',
        service: 'HTTP/b@AD.TEST',
        options: [2],
        etypes: [17],
        armor: 'host$@AD.TEST',
      },
    ],
    [
      'with a ticket that was forwarded',
      forwarded,
      {
        client: 'bob@AD.TEST',
        tgt: 'u',
        service: 'HTTP/b@AD.TEST',
        options: [2],
        etypes: [17],
        armor: 'host$@AD.TEST',
      },
    ],
  ])('%s', (_kind, key, others) => {
    const ids = Object.entries(others).map(([name, value]) => identify({ ...key, [name]: value }))
    expect(new Set([identify(key), ...ids]).size).toBe(ids.length + 1)
    expect(identify({ ...key })).toBe(identify(key))
  })

  test('the four kinds never meet', () => {
    expect(new Set([own, self, proxy, forwarded].map(identify)).size).toBe(4)
  })

  test('the order of encryption types counts, since a KDC takes the first', () => {
    expect(identify({ ...own, etypes: [17, 18] })).not.toBe(identify({ ...own, etypes: [18, 17] }))
  })

  test('nothing runs together: what ends one part does not begin another', () => {
    expect(identify({ ...self, user: 'a","b' })).not.toBe(identify({ ...self, user: 'a' }))
    expect(identify({ ...own, options: [] })).toBe(identify(own))
    expect(identify({ ...own, options: [1, 2] })).not.toBe(identify({ ...own, options: [12] }))
  })
})

describe('the key of a ticket to the service itself', () => {
  const by = { kind: 's4u2self', client: 'web@AD.TEST', etypes: [18] } as const
  const keyOf = (user: S4uUser): string => identify(transitionKey(by, user))
  const alice = { name: { nameType: NameType.PRINCIPAL, nameString: ['alice'] }, realm: 'AD.TEST' }

  test('is another for each user, realm, kind of name and certificate', () => {
    const keys = [
      keyOf({ principal: alice }),
      keyOf({ principal: { ...alice, realm: 'WEST.TEST' } }),
      keyOf({ principal: { ...alice, name: { ...alice.name, nameString: ['bob'] } } }),
      keyOf({ principal: { ...alice, name: { ...alice.name, nameType: NameType.ENTERPRISE } } }),
      keyOf({ principal: alice, certificate: Uint8Array.of(1) }),
      keyOf({ principal: alice, certificate: Uint8Array.of(2) }),
      keyOf({ certificate: Uint8Array.of(1) }),
      keyOf({ certificate: Uint8Array.of(2) }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('is the same for the same', () => {
    expect(keyOf({ principal: { ...alice }, certificate: Uint8Array.of(1) })).toBe(
      keyOf({ principal: alice, certificate: Uint8Array.of(1), upn: 'alice@ad.test' }),
    )
  })
})

test('what a ticket is known by is the digest of what is sealed, made once', () => {
  expect(fingerprintOfOctets(new Uint8Array(0))).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
  const sealed = ticket(1)
  const first = fingerprintOf(sealed)
  expect(first).toBe(fingerprintOfOctets(sealed.encPart.cipher))
  sealed.encPart.cipher[0] ^= 1
  expect(fingerprintOf(sealed)).toBe(first)
})

test('a user whom only a certificate names has no name in the key', () => {
  const key = transitionKey({ ...base, kind: 's4u2self' }, { certificate: Uint8Array.of(1) })
  expect(key).toMatchObject({ kind: 's4u2self', user: '', userNameType: NameType.UNKNOWN })
})
