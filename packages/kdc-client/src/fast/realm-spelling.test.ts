import { ConfigurationError, kerberosFlags, Key, parsePrincipal } from '@s4u/krb5'
import { expect, test } from 'vitest'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { FastRealms } from './fast-realms.js'
import { ownArmor } from './own-armor.js'
import { machineArmor } from './ticket-armor.js'

const service = parsePrincipal('krbtgt/AD.TEST@AD.TEST')
const tgt: ServiceTicket = {
  client: parsePrincipal('svc@AD.TEST'),
  service,
  ticket: { realm: 'AD.TEST', sname: service.name, encPart: { etype: 18, cipher: new Uint8Array(8) } },
  sessionKey: Key.random(18),
  flags: kerberosFlags(),
  ...{ authenticatedAt: 0, startsAt: 0, expiresAt: 10 },
}

test.each([
  ['AD.TEST', tgt],
  ['ad.test', tgt],
  ['WEST.TEST', undefined],
])(
  'a password that is to sign in to %s again goes in the armor of the ticket at hand, or not',
  async (realm, armor) => {
    const realms = new FastRealms()
    realms.note(realm, { offer: 'sealed' })
    const own = ownArmor(realms, true, () => ({ current: tgt, suspect: undefined, isWary: false, now: 9 }))
    expect(await own.ticketFor(realm, undefined)).toBe(armor)
  },
)

test.each(['AD.TEST', 'ad.test'])(
  'where the app names %s, a machine that has no ticket there is an error',
  async (realm) => {
    const source = {
      account: 'host$@AD.TEST',
      realms: new FastRealms(),
      ticketFor: () => Promise.reject(new ConfigurationError('no key')),
      inPlaceOf: async () => undefined,
    }
    const armor = machineArmor({ lent: { source, isNamed: true }, isRequired: false, realm, now: () => 0 })
    await expect(armor.machineFor('AD.TEST', undefined)).rejects.toThrow(
      'there is no armor, which host$@AD.TEST is to give: no key',
    )
    expect(await armor.machineFor('WEST.TEST', undefined)).toBeUndefined()
  },
)
