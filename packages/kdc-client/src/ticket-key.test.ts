import { describe, expect, test } from 'vitest'
import type { ServiceTarget } from './service-target.js'
import { fingerprintOf, identify, nameOf, ProxyIds } from './ticket-key.js'

const asker = { kind: 's4u2proxy', client: 'web@AD.TEST', etypes: [18] } as const
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
  isRealmNamed: false,
})

describe('the key of a delegation', () => {
  test('is made once, and is the same as it would be made anew', () => {
    const ids = new ProxyIds()
    const evidence = { client: principal('alice'), ticket: ticket(1) }
    const api = target('api.ad.test')
    const first = ids.of(evidence, api, asker)
    expect(ids.of(evidence, api, asker)).toBe(first)
    const user = nameOf(evidence.client)
    expect(first).toBe(identify({ ...asker, user, evidence: fingerprintOf(evidence.ticket), service: api.text }))
  })

  test('is another for another target, another ticket, and another name on the same ticket', () => {
    const ids = new ProxyIds()
    const [alices, alice, mallory] = [ticket(1), principal('alice'), principal('mallory')]
    const api = target('api.ad.test')
    const keys = [
      ids.of({ client: alice, ticket: alices }, api, asker),
      ids.of({ client: mallory, ticket: alices }, api, asker),
      ids.of({ client: alice, ticket: ticket(2) }, api, asker),
      ids.of({ client: alice, ticket: alices }, target('vault.ad.test'), asker),
    ]
    expect(new Set(keys).size).toBe(4)
    expect(ids.of({ client: alice, ticket: alices }, api, asker)).toBe(keys[0])
    expect(ids.of({ client: mallory, ticket: alices }, api, asker)).toBe(keys[1])
  })

  test('is still right when there are more targets than are remembered', () => {
    const ids = new ProxyIds()
    const evidence = { client: principal('alice'), ticket: ticket(1) }
    const keys = Array.from({ length: 50 }, (_, index) => ids.of(evidence, target(`h${index}.ad.test`), asker))
    expect(new Set(keys).size).toBe(50)
  })
})
