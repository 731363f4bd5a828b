import { createHash, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { Authority } from '../../../../../test/stories/fixtures/authority.js'
import { readClientCertificate } from '../x509/client-certificate.js'
import { securityIdentitiesOf } from './security-identities.js'

const authority = new Authority('DC=test,DC=ad,CN=Issuing CA')
const issued = authority.issue({
  ...{ subject: 'DC=test,DC=ad,OU=People,CN=alice', emails: ['alice@mail.test'], serial: '2b00ac11' },
})
const read = readClientCertificate(issued.der)

test('the values that fit no other certificate are in the directory’s order, with the serial number backwards', () => {
  const key = new X509Certificate(issued.der).publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
  const sha1 = (octets: Uint8Array): string => createHash('sha1').update(octets).digest('hex')
  expect(securityIdentitiesOf(read, [])).toEqual([
    'X509:<I>DC=test,DC=ad,CN=Issuing CA<SR>11ac002b',
    `X509:<SKI>${sha1(key)}`,
    `X509:<SHA1-PUKEY>${sha1(issued.der)}`,
    `X509:<SHA1-PUKEY>${sha1(key)}`,
  ])
})

test.each([
  ['issuerAndSubject', 'X509:<I>DC=test,DC=ad,CN=Issuing CA<S>DC=test,DC=ad,OU=People,CN=alice'],
  ['subject', 'X509:<S>DC=test,DC=ad,OU=People,CN=alice'],
  ['rfc822', 'X509:<RFC822>alice@mail.test'],
] as const)('the weak value %s comes only when it is named', (weak, value) => {
  expect(securityIdentitiesOf(read, [])).not.toContain(value)
  expect(securityIdentitiesOf(read, [weak]).slice(4)).toEqual([value])
})

test('a name cannot write a value of another kind', () => {
  const evil = authority.issue({ subject: 'CN=x<SR>11ac002b,O=a"b', serial: '01' })
  expect(securityIdentitiesOf(readClientCertificate(evil.der), ['subject']).at(-1)).toBe(
    'X509:<S>CN="x<SR>11ac002b",O="a""b"',
  )
})
