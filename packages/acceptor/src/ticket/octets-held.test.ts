import {
  type ClaimsArray,
  type DeviceInfo,
  encodePac,
  openTicket,
  Pac,
  type PacContents,
  parsePrincipal,
} from '@s4u/krb5'
import { expect, test } from 'vitest'
import type { VerifiedTicket } from './verified-ticket.js'
import { issue, logonInfo, SERVICE_KEY } from '../fixtures/issued-token.js'
import { octetsHeldBy } from './octets-held.js'

const { ticket } = issue({ pac: false })
const cipher = ticket.encPart.cipher.length

function heldWith(contents: PacContents | undefined): number {
  const client = parsePrincipal('alice@AD.TEST')
  const key = { principal: client, label: '', kvno: 1, newestKvno: 1, key: SERVICE_KEY }
  const accepted: VerifiedTicket = {
    opened: openTicket(ticket, SERVICE_KEY),
    serviceKey: key,
    ownRealms: [],
    client,
    principal: '',
    name: '',
    localName: undefined,
    pac: contents && Pac.decode(encodePac(contents, { server: SERVICE_KEY, kdc: SERVICE_KEY })),
    domainSidsVersion: undefined,
    hasNoGroups: false,
    anonymous: false,
  }
  return octetsHeldBy(accepted)
}

const plain = Math.ceil(10_000 + 2.25 * cipher)
const groups = (count: number) => Array.from({ length: count }, (_, at) => ({ relativeId: 2_000 + at, attributes: 7 }))
const sids = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ sid: `S-1-5-21-1-2-3-${at}`, attributes: 7 }))
const deviceInfo: DeviceInfo = {
  userId: 1200,
  primaryGroupId: 515,
  accountDomainId: 'S-1-5-21-1-2-3',
  accountGroupIds: groups(2),
  extraSids: sids(3),
  domainGroups: [
    { domainId: 'S-1-5-21-7-7-7', groupIds: groups(4) },
    { domainId: 'S-1-5-21-9-9-9', groupIds: groups(5) },
  ],
}
const claims: ClaimsArray[] = [
  {
    source: 1,
    claims: [
      { id: 'abc', type: 'string', values: ['1234567890', '12345'] },
      { id: 'de', type: 'int64', values: [1n, 2n, 3n] },
    ],
  },
  { source: 2, claims: [{ id: 'f', type: 'boolean', values: [true] }] },
]
const ofClaims = 2 * 500 + (500 + 6 + 80 + 30) + (500 + 4 + 120) + (500 + 2 + 40)

test.each<[string, PacContents | undefined, number]>([
  ['no PAC', undefined, 0],
  ['an empty PAC', {}, 80 * 5],
  [
    'groups of each kind',
    {
      logonInfo: logonInfo({
        groupIds: groups(10),
        extraSids: sids(20),
        userFlags: 0x220,
        resourceGroupDomainSid: 'S-1-5-21-7-7-7',
        resourceGroups: groups(40),
      }),
    },
    80 * (5 + 70),
  ],
  ['a device', { deviceInfo }, 80 * (5 + 2 + 14)],
  ['claims of the user', { clientClaims: claims }, 80 * 5 + ofClaims],
  ['claims of the device', { deviceClaims: claims }, 80 * 5 + ofClaims],
])('a ticket with %s holds what is counted for it', (_what, contents, more) => {
  expect(heldWith(contents)).toBe(plain + more)
})
