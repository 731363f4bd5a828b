import { describe, expect, test } from 'vitest'
import { Authority, type CertificateWish } from '../../../../../test/stories/fixtures/authority.js'
import { ia5, sequence, tagged } from '../../../../../test/stories/fixtures/der.js'
import { readAuthorities } from './authorities.js'
import { verifyChain } from './verify-chain.js'

const DAY = 86_400_000
const root = new Authority('CN=Root')
const issuing = new Authority('CN=Issuing', { issuer: root })
const other = new Authority('CN=Other')
const alice = issuing.issue({ subject: 'CN=alice' })

const verify = (leaf: { der: Uint8Array }, others: { der: Uint8Array }[], trusted: Authority[], now = Date.now()) =>
  verifyChain(
    { leaf: leaf.der, others: others.map(({ der }) => der) },
    trusted.map(({ certificate }) => certificate.der),
    now,
  )

const lengths = async (...given: Parameters<typeof verify>) => (await verify(...given)).length

describe('a certificate is believed', () => {
  test('that leads to a trusted root', async () => {
    expect(await verify(alice, [issuing.certificate], [root])).toEqual([
      alice.der,
      issuing.certificate.der,
      root.certificate.der,
    ])
  })

  test('that a trusted authority has issued, which is no root', async () => {
    expect(await lengths(alice, [], [issuing])).toBe(2)
    expect(await lengths(alice, [issuing.certificate, root.certificate], [issuing])).toBe(2)
  })

  test('that an authority has issued which may have none below it', async () => {
    const last = new Authority('CN=Last', { issuer: root, pathLength: 0 })
    expect(await lengths(last.issue({ subject: 'CN=a' }), [last.certificate], [root])).toBe(3)
  })
})

describe('a certificate is refused', () => {
  const twin = new Authority('CN=Issuing')
  const old = new Authority('CN=Old', { issuer: root, notAfter: Date.now() - 1_000, notBefore: Date.now() - DAY })
  const last = new Authority('CN=Last', { issuer: root, pathLength: 0 })
  const below = new Authority('CN=Below', { issuer: last })
  const user = root.issue({ subject: 'CN=user' })
  const byUser = new Authority('CN=user')
  const weak = new Authority('CN=Weak', { issuer: root, keyUsage: 0x80 })
  const nameLimit = { oid: '2.5.29.30', critical: true, value: sequence(tagged(0, sequence(ia5(0x81, 'ad.test')))) }
  const limited = new Authority('CN=Limited', { issuer: root, more: [nameLimit] })
  const odd = new Authority('CN=Odd', { issuer: root, more: [{ oid: '1.2.3.4', critical: true, value: sequence() }] })
  const issue = (by: Authority, wish: Partial<CertificateWish> = {}) => by.issue({ subject: 'CN=a', ...wish })

  test.each([
    ['of another authority', () => verify(other.issue({ subject: 'CN=alice' }), [other.certificate], [root])],
    ['of another authority of the same name', () => verify(issue(twin), [], [issuing])],
    ['whose issuer is missing', () => verify(alice, [], [root])],
    ['of an authority that has ended', () => verify(issue(old), [old.certificate], [root])],
    [
      'with more authorities than one permits',
      () => verify(issue(below), [below.certificate, last.certificate], [root]),
    ],
    ['that a person has issued', () => verify(issue(byUser), [user], [root])],
    ['of an authority that may issue none', () => verify(issue(weak), [weak.certificate], [root])],
    [
      'with a name that its authority may not give',
      () => verify(issue(limited, { emails: ['a@evil.test'] }), [limited.certificate], [root]),
    ],
    [
      'of an authority with a critical extension that is not known',
      () => verify(issue(odd), [odd.certificate], [root]),
    ],
    ['that is trusted by nobody', () => verify(alice, [issuing.certificate], [])],
    ['before its time', () => verify(alice, [issuing.certificate], [root], Date.now() - 2 * DAY)],
    ['after its time', () => verify(alice, [issuing.certificate], [root], Date.now() + 2 * DAY)],
  ])('%s', async (_what, act) => {
    await expect(act()).rejects.toMatchObject({ code: 'KDC_ERR_CANT_VERIFY_CERTIFICATE', status: 401 })
  })

  test('that was changed after it was signed', async () => {
    const changed = Uint8Array.from(alice.der)
    changed[changed.length - 1] ^= 1
    await expect(verify({ der: changed }, [issuing.certificate], [root])).rejects.toMatchObject({ status: 401 })
  })

  test('that comes with many others', async () => {
    await expect(verify(alice, Array(9).fill(issuing.certificate), [root])).rejects.toMatchObject({
      code: 'KDC_ERR_INVALID_CERTIFICATE',
    })
  })

  test('with one of its own chain that is none', async () => {
    await expect(verify(alice, [{ der: Uint8Array.of(1) }], [root])).rejects.toMatchObject({
      code: 'KDC_ERR_INVALID_CERTIFICATE',
    })
  })
})

describe('authorities', () => {
  test('are read from PEM, of one or several, from its octets, and from DER', () => {
    const both = root.certificate.pem + issuing.certificate.pem
    expect(readAuthorities(both)).toEqual([root.certificate.der, issuing.certificate.der])
    expect(readAuthorities([Buffer.from(both), other.certificate.der])).toHaveLength(3)
  })

  test.each([
    ['nothing', []],
    ['a name of a file', 'ca.pem'],
    ['a certificate of a person', alice.pem],
    ['a key', alice.key],
    ['a number', 7],
  ])('%s is refused', (_what, ca) => {
    expect(() => readAuthorities(ca as string)).toThrow('ca must have certificates of authorities')
  })
})
