import { describe, expect, test } from 'vitest'
import { Key } from '../crypto/key.js'
import { PacBufferType } from './buffers/buffer-type.js'
import type { DeviceInfo } from './buffers/device-info.js'
import { encodePac } from './encode-pac.js'
import { FILETIME_NEVER } from './encoding/filetime.js'
import type { LogonInfo } from './buffers/logon-info.js'
import { decodeLogonInfo } from './buffers/logon-info.js'
import { Pac } from './pac.js'

const DOMAIN = 'S-1-5-21-1-2-3'
const OTHER = 'S-1-5-21-9-9-9'
const server = Key.random(18)
const never = { logoffTime: FILETIME_NEVER, kickOffTime: FILETIME_NEVER, passwordMustChange: FILETIME_NEVER }
const texts = { fullName: '', logonScript: '', profilePath: '', homeDirectory: '', homeDirectoryDrive: '' }
const numbers = { logonCount: 0, badPasswordCount: 0, subAuthStatus: 0, failedInteractiveLogonCount: 0 }
const logonInfo: LogonInfo = {
  ...{ ...never, ...texts, ...numbers, logonTime: 0n, passwordLastSet: 0n, passwordCanChange: 0n },
  ...{ effectiveName: 'alice', userId: 1104, primaryGroupId: 513, userFlags: 0x220, logonServer: 'DC1' },
  ...{ logonDomainName: 'AD', logonDomainId: DOMAIN, userAccountControl: 0x10 },
  ...{ lastSuccessfulInteractiveLogon: 0n, lastFailedInteractiveLogon: 0n },
  groupIds: [
    { relativeId: 513, attributes: 7 },
    { relativeId: 1200, attributes: 0x10 },
  ],
  extraSids: [{ sid: `${OTHER}-512`, attributes: 7 }],
  resourceGroupDomainSid: OTHER,
  resourceGroups: [{ relativeId: 1300, attributes: 7 }],
}
const deviceInfo: DeviceInfo = {
  ...{ userId: 1500, primaryGroupId: 515, accountDomainId: DOMAIN, accountGroupIds: [], domainGroups: [] },
  extraSids: [{ sid: `${OTHER}-515`, attributes: 7 }],
}
const upnDnsInfo = { upn: 'alice@ad.test', dnsDomainName: 'AD.TEST', flags: 0, extended: undefined }
const pac = Pac.decode(
  encodePac(
    { logonInfo, deviceInfo, upnDnsInfo, clientInfo: { clientId: 0n, name: 'alice' } },
    { server, kdc: Key.random(18) },
  ),
)
const whole = { logonInfo: pac.logonInfo, deviceInfo: pac.deviceInfo, without: [], denyOnlySids: [] }

describe('an excerpt of a PAC', () => {
  test('of everything says the same', () => {
    const excerpt = pac.excerpt(whole)
    expect(excerpt.buffers).toEqual(pac.buffers)
    expect(excerpt.sids()).toEqual(pac.sids())
    expect(excerpt.denyOnlySids()).toEqual([`${DOMAIN}-1200`])
  })

  test('shows neither by its getters nor in its buffers what was left out', () => {
    const less = { ...logonInfo, extraSids: [], resourceGroups: [], resourceGroupDomainSid: undefined }
    const excerpt = pac.excerpt({
      ...whole,
      logonInfo: less,
      deviceInfo: undefined,
      without: [PacBufferType.UPN_DNS_INFO],
    })
    expect(excerpt.sids()).toEqual([`${DOMAIN}-1104`, `${DOMAIN}-513`])
    expect(excerpt).toMatchObject({ upnDnsInfo: undefined, deviceInfo: undefined, logonInfo: less })
    const types = excerpt.buffers.map(({ type }) => type)
    expect(types).not.toContain(PacBufferType.UPN_DNS_INFO)
    expect(types).not.toContain(PacBufferType.DEVICE_INFO)
    const [first] = excerpt.buffers
    expect(decodeLogonInfo(first.data)).toEqual(less)
    // The PAC itself has not changed.
    expect(pac.sids()).toContain(`${OTHER}-512`)
    expect(pac.upnDnsInfo?.upn).toBe('alice@ad.test')
  })

  test('has no user without LOGON_INFO, and what is changed of a device', () => {
    const device = { ...deviceInfo, extraSids: [] }
    const excerpt = pac.excerpt({ ...whole, logonInfo: undefined, deviceInfo: device })
    expect(excerpt).toMatchObject({ logonInfo: undefined, userSid: undefined, deviceInfo: device })
    expect(excerpt.sids()).toEqual([])
  })

  test('has further SIDs that grant nothing, each once', () => {
    const excerpt = pac.excerpt({ ...whole, denyOnlySids: [`${OTHER}-1`, `${DOMAIN}-1200`, `${OTHER}-1`] })
    expect(excerpt.denyOnlySids()).toEqual([`${DOMAIN}-1200`, `${OTHER}-1`])
    expect(excerpt.sids()).toEqual(pac.sids())
  })

  test('keeps the octets that the signatures are over', () => {
    const excerpt = pac.excerpt({ ...whole, logonInfo: undefined, deviceInfo: undefined })
    expect(excerpt.bytes).toBe(pac.bytes)
    excerpt.verifyServerChecksum(server)
    expect(() => excerpt.verifyServerChecksum(Key.random(18))).toThrow('SERVER_CHECKSUM')
  })
})
