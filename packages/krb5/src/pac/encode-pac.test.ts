import { describe, expect, test } from 'vitest'
import { Key } from '../crypto/key.js'
import { RejectedTokenError } from '../errors/errors.js'
import type { PacContents } from './encode-pac.js'
import { encodePac } from './encode-pac.js'
import { FILETIME_NEVER, filetimeOfMilliseconds, millisecondsOfFiletime } from './encoding/filetime.js'
import type { LogonInfo } from './buffers/logon-info.js'
import { Pac } from './pac.js'

const domain = 'S-1-5-21-1-2-3'
const authtime = filetimeOfMilliseconds(1_700_000_000_000)
const logonInfo: LogonInfo = {
  logonTime: authtime,
  logoffTime: FILETIME_NEVER,
  kickOffTime: FILETIME_NEVER,
  passwordLastSet: authtime,
  passwordCanChange: authtime,
  passwordMustChange: FILETIME_NEVER,
  effectiveName: 'zoë',
  fullName: 'Zoë 😀',
  logonScript: '',
  profilePath: 'x',
  homeDirectory: '\\\\files\\zoë',
  homeDirectoryDrive: 'H:',
  logonCount: 3,
  badPasswordCount: 0,
  userId: 1104,
  primaryGroupId: 513,
  groupIds: [
    { relativeId: 513, attributes: 7 },
    { relativeId: 1200, attributes: 7 },
    { relativeId: 1201, attributes: 0x10 },
  ],
  userFlags: 0x220,
  logonServer: 'DC1',
  logonDomainName: 'CORP',
  logonDomainId: domain,
  userAccountControl: 0x10,
  subAuthStatus: 0,
  lastSuccessfulInteractiveLogon: 0n,
  lastFailedInteractiveLogon: 0n,
  failedInteractiveLogonCount: 0,
  extraSids: [
    { sid: 'S-1-18-1', attributes: 7 },
    { sid: 'S-1-5-21-9-9-9-1', attributes: 0x10 },
  ],
  resourceGroupDomainSid: 'S-1-5-21-4-5-6',
  resourceGroups: [{ relativeId: 3000, attributes: 0x2000_0007 }],
}

const contents: PacContents = {
  logonInfo,
  credentialInfo: { version: 0, encryptionType: 18, serializedData: Uint8Array.of(1, 2, 3) },
  clientInfo: { clientId: authtime, name: 'zoë' },
  delegationInfo: {
    s4u2proxyTarget: 'HTTP/api.corp.test',
    transitedServices: ['svc-web@CORP.TEST', 'HTTP/b@CORP.TEST'],
  },
  upnDnsInfo: {
    upn: 'zoë@corp.test',
    dnsDomainName: 'CORP.TEST',
    flags: 3,
    extended: { samAccountName: 'zoë', sid: `${domain}-1104` },
  },
  clientClaims: [{ source: 1, claims: [{ id: 'ad://ext/a', type: 'string', values: ['x'] }] }],
  deviceInfo: {
    userId: 1105,
    primaryGroupId: 515,
    accountDomainId: domain,
    accountGroupIds: [{ relativeId: 515, attributes: 7 }],
    extraSids: [{ sid: 'S-1-18-1', attributes: 7 }],
    domainGroups: [
      { domainId: 'S-1-5-32', groupIds: [{ relativeId: 544, attributes: 7 }] },
      { domainId: 'S-1-5-21-7-8-9', groupIds: [] },
    ],
  },
  deviceClaims: [],
  attributes: { flagsLength: 2, flags: 1 },
  requestor: `${domain}-1104`,
  other: [{ type: 99, data: Uint8Array.of(9) }],
}

/** Every encryption type whose checksum can sign a PAC. */
const etypes = [17, 18, 19, 20, 23, 25, 26]
const encTicketPart = new TextEncoder().encode('an EncTicketPart')

describe.each(etypes)('a PAC signed with keys of type %d', (etype) => {
  const server = Key.random(etype)
  const kdc = Key.random(etype)
  const pac = Pac.decode(encodePac(contents, { server, kdc, encTicketPart }))

  test('holds what was put into it', () => {
    const { logonInfo, clientInfo, delegationInfo, upnDnsInfo, clientClaims, deviceInfo } = pac
    const { deviceClaims, attributes, requestor, credentialInfo } = pac
    expect({ logonInfo, clientInfo, delegationInfo, upnDnsInfo, clientClaims, deviceInfo }).toEqual({
      logonInfo: contents.logonInfo,
      clientInfo: contents.clientInfo,
      delegationInfo: contents.delegationInfo,
      upnDnsInfo: contents.upnDnsInfo,
      clientClaims: contents.clientClaims,
      deviceInfo: contents.deviceInfo,
    })
    expect({ deviceClaims, attributes, requestor, credentialInfo }).toEqual({
      deviceClaims: [],
      attributes: contents.attributes,
      requestor: contents.requestor,
      credentialInfo: contents.credentialInfo,
    })
    expect(pac.buffers.find(({ type }) => type === 99)?.data).toEqual(Uint8Array.of(9))
  })

  test('verifies in all four signatures, and in none with the other key', () => {
    pac.verifyServerChecksum(server)
    pac.verifyKdcChecksum(kdc)
    pac.verifyFullChecksum(kdc)
    pac.verifyTicketChecksum(kdc, encTicketPart)
    expect(() => pac.verifyServerChecksum(kdc)).toThrow(RejectedTokenError)
    expect(() => pac.verifyKdcChecksum(server)).toThrow(RejectedTokenError)
    expect(() => pac.verifyFullChecksum(server)).toThrow(RejectedTokenError)
    expect(() => pac.verifyTicketChecksum(server, encTicketPart)).toThrow(RejectedTokenError)
  })
})

describe('an encoded PAC', () => {
  const server = Key.random(18)
  const kdc = Key.random(20)

  test('has neither ticket nor full checksum without a ticket, as in a TGT', () => {
    const pac = Pac.decode(encodePac({}, { server, kdc }))
    expect(pac.buffers.map(({ type }) => type)).toEqual([6, 7])
    pac.verifyServerChecksum(server)
    pac.verifyKdcChecksum(kdc)
  })

  test('of a read-only domain controller verifies with its number zeroed', () => {
    const pac = Pac.decode(encodePac(contents, { server, kdc, encTicketPart, rodcIdentifier: 0x1234 }))
    expect(pac.kdcChecksum?.rodcIdentifier).toBe(0x1234)
    pac.verifyServerChecksum(server)
    pac.verifyKdcChecksum(kdc)
    pac.verifyFullChecksum(kdc)
    pac.verifyTicketChecksum(kdc, encTicketPart)
  })
})

describe('the groups of a user', () => {
  const pacWith = (changes: Partial<LogonInfo>) =>
    Pac.decode(encodePac({ logonInfo: { ...logonInfo, ...changes } }, { server: Key.random(18), kdc: Key.random(18) }))
  const sidsWith = (changes: Partial<LogonInfo>) => pacWith(changes).sids()
  const own = [`${domain}-1104`, `${domain}-513`, `${domain}-1200`]

  test('leave out those that may only deny', () => {
    expect(sidsWith({})).toEqual([...own, 'S-1-18-1', 'S-1-5-21-4-5-6-3000'])
  })

  test('name those that may only deny apart, of every list that counts', () => {
    const [mayGrant, denyOnly] = [7, 0x10]
    const lists = {
      groupIds: [
        { relativeId: 1200, attributes: denyOnly },
        { relativeId: 1201, attributes: mayGrant },
      ],
      extraSids: [{ sid: 'S-1-5-21-7-8-9-2000', attributes: denyOnly }],
      resourceGroups: [{ relativeId: 3001, attributes: denyOnly }],
    }
    const extra = ['S-1-5-21-7-8-9-2000', 'S-1-5-21-4-5-6-3001']
    expect(pacWith(lists).denyOnlySids()).toEqual([`${domain}-1200`, ...extra])
    expect(pacWith({ ...lists, userFlags: 0 }).denyOnlySids()).toEqual([`${domain}-1200`])
    expect(Pac.decode(new Uint8Array(8)).denyOnlySids()).toEqual([])
  })

  test('have the primary group among them unless it may only deny', () => {
    const primary = { relativeId: 513, attributes: 0x10 }
    expect(sidsWith({ groupIds: [] })).toContain(`${domain}-513`)
    expect(sidsWith({ groupIds: [primary] })).not.toContain(`${domain}-513`)
    expect(pacWith({ groupIds: [primary] }).denyOnlySids()).toContain(`${domain}-513`)
  })

  test('leave out extra SIDs without their flag', () => {
    expect(sidsWith({ userFlags: 0x200 })).toEqual([...own, 'S-1-5-21-4-5-6-3000'])
  })

  test('leave out resource groups without their flag', () => {
    expect(sidsWith({ userFlags: 0x20 })).toEqual([...own, 'S-1-18-1'])
  })

  test('begin with the first extra SID if UserId is 0', () => {
    expect(sidsWith({ userId: 0 })[0]).toBe('S-1-18-1')
    expect(sidsWith({ userId: 0, userFlags: 0 })[0]).toBe(`${domain}-513`)
  })
})

describe('a FILETIME', () => {
  test('is milliseconds since 1970, or never', () => {
    expect(millisecondsOfFiletime(116_444_736_000_000_000n)).toBe(0)
    expect(millisecondsOfFiletime(authtime)).toBe(1_700_000_000_000)
    expect(millisecondsOfFiletime(FILETIME_NEVER)).toBe(Infinity)
    expect(filetimeOfMilliseconds(Infinity)).toBe(FILETIME_NEVER)
  })
})
