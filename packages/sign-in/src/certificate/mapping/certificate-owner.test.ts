import { DirectoryEntry } from '@s4u/directory'
import { afterEach, describe, expect, test } from 'vitest'
import { Authority, type CertificateWish } from '../../../../../test/stories/fixtures/authority.js'
import { readClientCertificate } from '../x509/client-certificate.js'
import { type CertificateMapping, ownerOf } from './certificate-owner.js'
import type { MappingDirectory } from './directory-owner.js'
import { requireOwner } from './require-owner.js'
import type { WeakMapping } from './security-identities.js'

const SID = 'S-1-5-21-1-2-3-1104'
const authority = new Authority('CN=CA')
const issue = (wish: Partial<CertificateWish>) =>
  readClientCertificate(authority.issue({ subject: 'CN=x', ...wish }).der)

function owner(
  wish: Partial<CertificateWish>,
  mapping: CertificateMapping,
  weak: WeakMapping[] = [],
  directory?: MappingDirectory,
) {
  return ownerOf(issue(wish), { mapping, weakMappings: weak, directory })
}

describe('by its user principal name', () => {
  test('a certificate with the SID beside it is that user’s', async () => {
    expect(await owner({ upns: ['alice@ad.test'], sid: SID }, 'upn')).toEqual({ user: { upn: 'alice@ad.test' } })
  })

  test('a certificate without a SID is that user’s only where the app says so', async () => {
    await expect(owner({ upns: ['alice@ad.test'] }, 'upn')).rejects.toMatchObject({
      code: 'KDC_ERR_CERTIFICATE_MISMATCH',
      hint: expect.stringContaining("weakMappings: ['upn']"),
    })
    expect(await owner({ upns: ['alice@ad.test'] }, 'upn', ['upn'])).toEqual({ user: { upn: 'alice@ad.test' } })
  })

  test.each([
    ['no name', [], 'it has no user principal name'],
    ['two names', ['alice@ad.test', 'bob@ad.test'], 'it has several user principal names'],
    ['a name with two @', ['alice@ad.test@AD.TEST'], 'is not of the form name@domain'],
    ['a name with a slash', ['HTTP/web@ad.test'], 'is not of the form name@domain'],
    ['a name with a backslash', ['AD\\alice@ad.test'], 'is not of the form name@domain'],
    ['a name with a control', ['alice\0@ad.test'], 'is not of the form name@domain'],
    ['a name without domain', ['alice'], 'is not of the form name@domain'],
  ])('a certificate with %s is nobody’s', async (_what, upns, because) => {
    await expect(owner({ upns, sid: SID }, 'upn')).rejects.toMatchObject({
      code: 'KDC_ERR_CLIENT_NAME_MISMATCH',
      message: expect.stringContaining(because),
    })
  })
})

describe('by a function', () => {
  test('a certificate is that of the user whom it names', async () => {
    expect(await owner({ emails: ['a@b'] }, async ({ emails: [email] }) => `${email}@AD.TEST`)).toEqual({
      user: 'a@b@AD.TEST',
    })
  })

  test('a certificate is nobody’s where it returns undefined', async () => {
    await expect(owner({}, () => undefined)).rejects.toMatchObject({ code: 'KDC_ERR_CLIENT_NAME_MISMATCH' })
  })

  test.each([[''], [null], [{}]])('%j is no answer', async (answer) => {
    await expect(owner({}, (() => answer) as never)).rejects.toThrow('must return a name or undefined')
  })
})

test('the KDC is asked with the certificate itself', async () => {
  const read = issue({})
  expect(await ownerOf(read, { mapping: 'directory', weakMappings: [], directory: undefined })).toEqual({
    user: { certificate: read.certificate.der },
  })
})

describe('by altSecurityIdentities', () => {
  const asked: string[] = []
  let written: readonly string[] | undefined
  afterEach(() => (written = undefined))
  /** As an account has them that the directory finds, unless the test says other ones. */
  const valuesIn = (filter: string): string[] =>
    [...filter.matchAll(/altSecurityIdentities=([^)]*)/g)].map(([, value]) =>
      value.replaceAll(/\\([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    )
  const directoryWith = (...dns: string[]): MappingDirectory => ({
    search: (options) => ({
      all: () => {
        asked.push(options.filter ?? '')
        const values = written ?? valuesIn(options.filter ?? '')
        const attribute = ['altSecurityIdentities', values.map((value) => new TextEncoder().encode(value))] as const
        return Promise.resolve(dns.map((dn) => new DirectoryEntry(dn, [attribute])))
      },
      [Symbol.asyncIterator]: () => {
        throw new Error('not used')
      },
    }),
    account: (dn) => Promise.resolve(dn === 'gone' ? undefined : ({ principal: 'alice@AD.TEST', sid: SID } as never)),
  })

  test('a certificate is that of the one account that has it', async () => {
    asked.length = 0
    expect(await owner({ serial: '2b00ac11' }, 'altSecurityIdentities', [], directoryWith('CN=alice'))).toEqual({
      user: 'alice@AD.TEST',
      sid: SID,
    })
    expect(asked).toEqual([
      expect.stringMatching(/^\(&\(objectClass=user\)\(\|\(altSecurityIdentities=X509:<I>CN=CA<SR>11ac002b\)/),
    ])
  })

  test.each([
    ['no account', [], 'is in the altSecurityIdentities of no account'],
    ['an account that has gone', ['gone'], 'is in the altSecurityIdentities of no account'],
    ['two accounts', ['CN=alice', 'CN=bob'], 'is that of several accounts: CN=alice; CN=bob'],
  ])('a certificate of %s is nobody’s', async (_what, dns, because) => {
    await expect(owner({}, 'altSecurityIdentities', [], directoryWith(...dns))).rejects.toMatchObject({
      code: 'KDC_ERR_CLIENT_NAME_MISMATCH',
      message: expect.stringContaining(because),
    })
  })

  test.each([
    ['another space', 'X509:<S>CN=alice  liddell'],
    ['another letter', 'X509:<S>CN=alice liddéll'],
    ['another form of a letter', 'X509:<S>CN=alice ｌiddell'],
    ['something behind it', 'X509:<S>CN=alice liddell,O=Other'],
  ])('what a directory takes for equal, and has %s, is another name', async (_what, value) => {
    written = ['X509:<I>CN=CA<SR>99', value]
    const asking = owner(
      { subject: 'CN=alice liddell' },
      'altSecurityIdentities',
      ['subject'],
      directoryWith('CN=alice'),
    )
    await expect(asking).rejects.toMatchObject({
      code: 'KDC_ERR_CLIENT_NAME_MISMATCH',
      message: expect.stringContaining('is in the altSecurityIdentities of CN=alice only in other letters'),
    })
  })

  test('capitals do not matter', async () => {
    written = ['x509:<s>cn=ALICE liddell']
    const asking = owner(
      { subject: 'CN=alice liddell' },
      'altSecurityIdentities',
      ['subject'],
      directoryWith('CN=alice'),
    )
    await expect(asking).resolves.toMatchObject({ user: 'alice@AD.TEST' })
  })

  test('a name in a certificate cannot widen the question', async () => {
    asked.length = 0
    await owner({ subject: 'CN=*)(objectClass=*' }, 'altSecurityIdentities', ['subject'], directoryWith('CN=alice'))
    expect(asked[0]).toContain(String.raw`(altSecurityIdentities=X509:<S>CN=\2a\29\28objectClass="`.slice(0, 40))
    expect(asked[0]).not.toContain('objectClass=*')
  })
})

describe('the account that the KDC names', () => {
  const alice = { principal: 'alice@AD.TEST', sid: SID }
  const of = (sid: string | undefined) => ({ sid, fingerprint: 'f0' })

  test('is the one of the certificate and of the directory', () => {
    expect(() => requireOwner(alice, of(SID), { sid: SID })).not.toThrow()
    expect(() => requireOwner(alice, of(undefined), {})).not.toThrow()
  })

  test.each([
    ['another than that in the certificate', alice, of('S-1-5-21-1-2-3-1105'), {}],
    ['another than that in the directory', alice, of(undefined), { sid: 'S-1-5-21-1-2-3-1105' }],
    ['without a SID', { principal: 'alice@MIT.TEST', sid: undefined }, of(SID), {}],
  ])('is refused when it is %s', (_what, identity, read, found) => {
    expect(() => requireOwner(identity, read, found)).toThrow(
      expect.objectContaining({ code: 'KDC_ERR_CERTIFICATE_MISMATCH' }),
    )
  })
})
