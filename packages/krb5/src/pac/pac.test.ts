import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Key } from '../crypto/key.js'
import { MalformedTokenError, RejectedTokenError, S4uError } from '../errors/errors.js'
import { decodeLogonInfo, encodeLogonInfo } from './buffers/logon-info.js'
import { openCredentialInfo } from './buffers/credential-info.js'
import { decodeUpnDnsInfo, encodeUpnDnsInfo } from './buffers/upn-dns-info.js'
import { FILETIME_NEVER, filetimeOfMilliseconds } from './encoding/filetime.js'
import { Pac } from './pac.js'

interface KeyVector {
  etype: number
  key: string
}

interface PacVector {
  name: string
  source: string
  pac: string
  serverKey?: KeyVector
  kdcKey?: KeyVector
  encTicketPart?: string
  authtime?: number
  clientName?: string
  credentialKey?: KeyVector
  expected: Record<string, Record<string, unknown> | string>
}

const vectorFile = new URL('../../../../test/vectors/pac/pacs.json', import.meta.url)
const { vectors }: { vectors: PacVector[] } = JSON.parse(readFileSync(vectorFile, 'utf8'))
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const keyOf = (vector: KeyVector) => new Key(vector.etype, hex(vector.key))
const named = (name: string) => vectors.find((vector) => vector.name === name)!
const otherKeyThan = ({ etype, key }: KeyVector) => {
  const octets = hex(key)
  octets[0] ^= 1
  return new Key(etype, octets)
}
const withKey = vectors.filter((vector) => vector.serverKey !== undefined)
const withKdcKey = vectors.filter((vector) => vector.kdcKey !== undefined)
const withTicket = vectors.filter((vector) => vector.encTicketPart !== undefined)
const windows2022 = named('windows-2022-service-ticket')

/**
 * BigInts as decimal strings, groups as pairs and SIDs as strings: the form that the vectors have.
 */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_name, part) => (typeof part === 'bigint' ? String(part) : pairs(part))))
}

function pairs(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || !('attributes' in part)) return part
  if ('relativeId' in part) return [part.relativeId, part.attributes]
  return 'sid' in part ? [part.sid, part.attributes] : part
}

describe.each(vectors)('the PAC $name', (vector) => {
  const pac = Pac.decode(hex(vector.pac))

  test('is decoded to what the NDR library of Samba reads', () => {
    const { logonInfo, ...others } = vector.expected
    if (logonInfo !== undefined) {
      const { resourceGroupDomainSid, ...rest } = logonInfo as Record<string, unknown>
      expect(plain(pac.logonInfo)).toMatchObject(rest)
      expect(pac.logonInfo?.resourceGroupDomainSid).toBe(resourceGroupDomainSid ?? undefined)
    }
    const { clientInfo, upnDnsInfo, attributes, requestor, delegationInfo, credentialInfo } = pac
    const decoded = plain({ clientInfo, upnDnsInfo, attributes, requestor, delegationInfo, credentialInfo })
    expect(decoded).toMatchObject(others)
  })
})

/**
 * Returns the vectors whose PAC has a buffer of this type. At least one must have it: otherwise a
 * test would check nothing and pass.
 */
const withBuffer = (type: number) =>
  vectors.filter((vector) => Pac.decode(hex(vector.pac)).buffers.some((buffer) => buffer.type === type))

describe('the buffers of the vectors', () => {
  test('are of each type that is tested below', () => {
    expect([withBuffer(1).length, withBuffer(12).length]).toEqual([20, 18])
    expect([withKey.length, withKdcKey.length, withTicket.length]).toEqual([10, 6, 5])
  })

  test.each(withBuffer(1))('have a LOGON_INFO that is encoded as it came: $name', ({ name, pac: bytes }) => {
    const { logonInfo, buffers } = Pac.decode(hex(bytes))
    const again = encodeLogonInfo(logonInfo!)
    expect(decodeLogonInfo(again)).toEqual(logonInfo)
    const { data } = buffers.find(({ type }) => type === 1)!
    if (name.startsWith('windows-2022-claims')) expect(Buffer.from(again)).toEqual(Buffer.from(data))
  })

  test.each(withBuffer(12))('have a UPN_DNS_INFO that can be encoded again: $name', ({ pac: bytes }) => {
    const { upnDnsInfo } = Pac.decode(hex(bytes))
    expect(upnDnsInfo).toBeDefined()
    expect(decodeUpnDnsInfo(encodeUpnDnsInfo(upnDnsInfo!))).toEqual(upnDnsInfo)
  })
})

test.each(withKdcKey)('the signature of the KDC verifies with its key: $name', ({ pac: bytes, kdcKey }) => {
  const pac = Pac.decode(hex(bytes))
  pac.verifyKdcChecksum(keyOf(kdcKey!))
  expect(() => pac.verifyKdcChecksum(otherKeyThan(kdcKey!))).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
})

test.each(withTicket)('the signatures over PAC and ticket verify: $name', ({ pac: bytes, kdcKey, encTicketPart }) => {
  const pac = Pac.decode(hex(bytes))
  pac.verifyFullChecksum(keyOf(kdcKey!))
  pac.verifyTicketChecksum(keyOf(kdcKey!), hex(encTicketPart!))
  expect(() => pac.verifyFullChecksum(otherKeyThan(kdcKey!))).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
  expect(() => pac.verifyTicketChecksum(otherKeyThan(kdcKey!), hex(encTicketPart!))).toThrow(
    rejectedWith('KRB_AP_ERR_MODIFIED'),
  )
})

describe.each(withKey)('the signatures of $name', (vector) => {
  const pac = Pac.decode(hex(vector.pac))
  const server = keyOf(vector.serverKey!)

  test('verify with the key of the server', () => {
    pac.verifyServerChecksum(server)
    expect(() => pac.verifyServerChecksum(otherKeyThan(vector.serverKey!))).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
  })

  test('do not verify over a PAC in which any octet was changed', () => {
    const bytes = hex(vector.pac)
    for (let i = 8 + 16 * bytes[0]; i < bytes.length; i += 3) {
      const changed = bytes.slice()
      changed[i] ^= 1
      const forged = Pac.decode(changed)
      const kdc = forged.buffers.find(({ type }) => type === 7)!
      const inKdcSignature = i >= kdc.data.byteOffset + 4 && i < kdc.data.byteOffset + kdc.data.length
      if (!inKdcSignature) expect(() => forged.verifyServerChecksum(server), `octet ${i}`).toThrow(S4uError)
    }
  })
})

test.each(vectors.filter(({ clientName }) => clientName !== undefined))(
  'the PAC belongs to the client of its ticket: $name',
  ({ pac: bytes, clientName }) => expect(Pac.decode(hex(bytes)).clientInfo?.name).toBe(clientName),
)

test.each(vectors.filter(({ authtime }) => authtime !== undefined))(
  'the PAC belongs to the time of its ticket: $name',
  ({ pac: bytes, authtime }) =>
    expect(Pac.decode(hex(bytes)).clientInfo?.clientId).toBe(filetimeOfMilliseconds(authtime! * 1000)),
)

describe('the signatures of a PAC', () => {
  const pac = Pac.decode(hex(windows2022.pac))
  const server = keyOf(windows2022.serverKey!)
  const kdc = keyOf(windows2022.kdcKey!)

  test('are refused under another key of the same type', () => {
    expect(() => pac.verifyServerChecksum(kdc)).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
    expect(() => pac.verifyKdcChecksum(server)).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
    expect(() => pac.verifyFullChecksum(server)).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
  })

  test('bind the PAC to its ticket', () => {
    const otherTicket = hex(windows2022.encTicketPart!)
    otherTicket[12] ^= 1
    expect(() => pac.verifyTicketChecksum(kdc, otherTicket)).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
  })

  test.each([
    ['CRC32, which has no key', 1],
    ['RSA-MD5, which has no key', 7],
    ['SHA-1, which has no key', 14],
    ['HMAC-MD5, which fits any key', -138],
    ['the type of another AES key', 15],
    ['an unknown type', 4711],
  ])('are refused when they say they are %s', (_what, type) => {
    const bytes = hex(windows2022.pac)
    const signature = Pac.decode(bytes).buffers.find((buffer) => buffer.type === 6)!
    new DataView(signature.data.buffer, signature.data.byteOffset).setInt32(0, type, true)
    const refused = () => Pac.decode(bytes).verifyServerChecksum(server)
    // With a type whose signatures have another length, the buffer is not even well formed.
    expect(refused).toThrow(type === -138 ? MalformedTokenError : rejectedWith('KRB_AP_ERR_INAPP_CKSUM'))
  })

  test('are missed when they are not there', () => {
    const without = Pac.decode(hex(named('windows-2008-s4u2self-regular').pac))
    expect(() => without.verifyTicketChecksum(kdc, new Uint8Array(1))).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
    expect(() => without.verifyFullChecksum(kdc)).toThrow(rejectedWith('KRB_AP_ERR_MODIFIED'))
    expect(() => Pac.decode(new Uint8Array(8)).verifyServerChecksum(server)).toThrow(
      rejectedWith('KRB_AP_ERR_MODIFIED'),
    )
  })
})

describe('the groups of a PAC', () => {
  test('are the user, its domain groups, extra SIDs and resource groups, each once', () => {
    const domain = 'S-1-5-21-133451344-1126667713-3548050118'
    const groups = ['500', '513', '512', '520', '518', '519'].map((rid) => `${domain}-${rid}`)
    expect(Pac.decode(hex(windows2022.pac)).sids()).toEqual([...groups, 'S-1-18-1', `${domain}-572`])
  })

  test('are none without LOGON_INFO', () => {
    expect(Pac.decode(new Uint8Array(8)).sids()).toEqual([])
    expect(Pac.decode(new Uint8Array(8)).userSid).toBeUndefined()
  })
})

describe('a PAC', () => {
  test('says "never" as a value of its own', () => {
    expect(Pac.decode(hex(windows2022.pac)).logonInfo?.kickOffTime).toBe(FILETIME_NEVER)
  })

  test('is decoded once, when asked', () => {
    const pac = Pac.decode(hex(windows2022.pac))
    expect(pac.logonInfo).toBe(pac.logonInfo)
    expect(pac.sids()).toBe(pac.sids())
  })

  test('tells the path of what is wrong with a buffer, and lets the other buffers be read', () => {
    const bytes = hex(named('samba-torture-data3').pac)
    const view = new DataView(bytes.buffer)
    const elevenGroups = Buffer.from('0b0000006d04000007000000', 'hex')
    const at = Buffer.from(bytes).indexOf(elevenGroups)
    view.setUint32(at, 12, true)
    const pac = Pac.decode(bytes)
    expect(() => pac.logonInfo).toThrow(expect.objectContaining({ path: 'PAC.LOGON_INFO.GroupIds' }))
    expect(pac.clientInfo?.name).toBe('dmz')
  })

  test('holds credentials that open with the reply key only, and print as nothing', () => {
    const vector = named('windows-pkinit-as')
    const info = Pac.decode(hex(vector.pac)).credentialInfo!
    const [ntlm, ...others] = openCredentialInfo(info, keyOf(vector.credentialKey!))
    expect(others).toEqual([])
    expect(ntlm.packageName).toBe('NTLM')
    expect(ntlm.exposeSecretBytes()).toHaveLength(40)
    expect(JSON.stringify(ntlm)).toBe('{"packageName":"NTLM"}')
    expect(() => openCredentialInfo(info, new Key(18, new Uint8Array(32)))).toThrow(RejectedTokenError)
    expect(() => openCredentialInfo(info, new Key(17, new Uint8Array(16)))).toThrow(RejectedTokenError)
  })
})

function rejectedWith(code: string): unknown {
  return expect.objectContaining({ name: 'RejectedTokenError', code })
}
