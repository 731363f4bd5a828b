import { encodePac, Pac } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { DOMAIN_SID, keyOf, logonInfo } from '../fixtures/issued-token.js'
import { Identity } from './identity.js'
import type { IdentityClaims } from './identity-claims.js'

const claims: IdentityClaims = {
  principal: 'alice@AD.TEST',
  name: 'alice',
  realm: 'AD.TEST',
  authenticationMethod: 'kerberos',
  impersonationLevel: 'impersonation',
  expiresAt: 0,
}

function withPac(): Identity {
  const contents = {
    clientInfo: { clientId: 0n, name: 'alice' },
    logonInfo: logonInfo({ groupIds: [...logonInfo().groupIds, { relativeId: 1112, attributes: 0x10 }] }),
    clientClaims: [{ source: 1, claims: [{ id: 'Title', type: 'string', values: ['PM'] } as const] }],
    deviceClaims: [{ source: 1, claims: [{ id: 'managed', type: 'boolean', values: [true] } as const] }],
    deviceInfo: {
      userId: 1200,
      primaryGroupId: 515,
      accountDomainId: DOMAIN_SID,
      accountGroupIds: [
        { relativeId: 515, attributes: 7 },
        { relativeId: 516, attributes: 3 },
      ],
      extraSids: [
        { sid: 'S-1-18-1', attributes: 7 },
        { sid: 'S-1-5-21-9-9-9-1302', attributes: 3 },
      ],
      domainGroups: [
        {
          domainId: 'S-1-5-21-9-9-9',
          groupIds: [
            { relativeId: 1300, attributes: 7 },
            { relativeId: 1301, attributes: 0 },
          ],
        },
      ],
    },
  }
  const pac = Pac.decode(encodePac(contents, { server: keyOf(1), kdc: keyOf(99) }))
  return new Identity({ ...claims, pac })
}

test.each([
  ['the user', `D:(A;;FR;;;${DOMAIN_SID}-1104)`, true],
  ['a group', `D:(A;;FR;;;${DOMAIN_SID}-1110)`, true],
  ['a group of others', `D:(A;;FR;;;${DOMAIN_SID}-9999)`, false],
  ['a group that may only deny', `D:(A;;FR;;;${DOMAIN_SID}-1112)`, false],
  ['everybody but such a group', `D:(D;;FR;;;${DOMAIN_SID}-1112)(A;;FR;;;WD)`, false],
  ['domain users', 'D:(A;;FR;;;DU)', true],
  ['everyone of this organization', 'D:(A;;FR;;;S-1-5-15)', true],
  ['whoever a KDC saw a credential of', 'D:(A;;FR;;;S-1-18-1)', true],
  ['a group of this machine', 'D:(A;;FR;;;BU)', true],
  ['a claim', 'D:(XA;;FR;;;WD;(@User.Title == "PM"))', true],
  ['a claim of the device', 'D:(XA;;FR;;;WD;(@Device.managed))', true],
  ['the device', `D:(XA;;FR;;;WD;(Device_Member_of {SID(${DOMAIN_SID}-1200), SID(${DOMAIN_SID}-515)}))`, true],
  ['a group of the device elsewhere', 'D:(XA;;FR;;;WD;(Device_Member_of {SID(S-1-5-21-9-9-9-1300)}))', true],
  ['a disabled group of the device', 'D:(XA;;FR;;;WD;(Device_Member_of {SID(S-1-5-21-9-9-9-1301)}))', false],
  ['a disabled group of its own domain', `D:(XA;;FR;;;WD;(Device_Member_of {SID(${DOMAIN_SID}-516)}))`, false],
  ['a disabled SID beside them', 'D:(XA;;FR;;;WD;(Device_Member_of {SID(S-1-5-21-9-9-9-1302)}))', false],
  ['what the app says', 'D:(XA;;FR;;;WD;(mfa == 1))', true],
])('an identity has what is given to %s', (_who, sddl, granted) => {
  const options = {
    localGroups: ['S-1-5-32-545'],
    localClaims: [{ id: 'mfa', type: 'boolean', values: [true] } as const],
  }
  expect(withPac().accessCheck(sddl, 'FR', options)).toBe(granted ? 0x12_0089 : 0)
})

test('an anonymous identity is the anonymous user', () => {
  const anonymous = new Identity({ ...claims, impersonationLevel: 'anonymous' })
  expect(anonymous.accessCheck('D:(A;;FR;;;AN)', 'FR')).not.toBe(0)
  expect(anonymous.accessCheck('D:(A;;FR;;;AU)', 'FR')).toBe(0)
  expect(anonymous.accessCheck('D:(A;;FR;;;WD)', 'FR')).toBe(0)
  expect(anonymous.accessCheck('D:(A;;FR;;;WD)', 'FR', { everyoneIncludesAnonymous: true })).not.toBe(0)
})

test('an identity without SIDs cannot be checked', () => {
  const identity = new Identity(claims)
  expect(() => identity.accessCheck('D:(A;;FR;;;WD)', 'FR')).toThrow(/no security identifier of alice@AD.TEST/)
})
