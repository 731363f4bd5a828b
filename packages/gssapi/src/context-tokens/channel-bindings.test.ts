import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { channelBindingsHash, isUnbound, tlsExporter, tlsServerEndPoint } from './channel-bindings.js'
import { flip, fromHex, join, text } from '../fixtures/octets.js'

/** Made by OpenSSL 3.0: EC key, signed ecdsa-with-SHA384. */
const certificate = fromHex(`
  3082018130820127a003020102021429c9b9c549eb1df1427c4fefb9c76b2523e9bbc3300a06082a8648ce3d04030330163114301206035504030c0b7765622e
  61642e74657374301e170d3236313132313034303835375a170d3336313131383034303835375a30163114301206035504030c0b7765622e61642e7465737430
  59301306072a8648ce3d020106082a8648ce3d03010703420004a2a871ece7946ae66543bbc9ae764a1da348c6a32f6cb8b23d96a9223a99b223be65452e34de
  ebfea9d8b5af67d1180035ed3ddd88941b48de80e0c7b961de87a3533051301d0603551d0e04160414b2eb05201801a49d74fc6dc8dc51b33230614c10301f06
  03551d23041830168014b2eb05201801a49d74fc6dc8dc51b33230614c10300f0603551d130101ff040530030101ff300a06082a8648ce3d0403030348003045
  022100d87f72f0f720ffb96c4870b71bef2a551f0f029df844114e98829b8d4eac31bb02205aab112743be9c7da0b718a2620ebb727553aba5834e9661b48dbb
  025f4b904c`)

describe('tls-server-end-point', () => {
  test('is the hash of the certificate, by the hash function of its signature', () => {
    const hash = fromHex(
      'cb19077db3ee3c4cf89b0dd06ee4273e58d7ba04167c4f41eb8f7ede47df7d90b35ab01da1b3144f6160c5b278832d06',
    )
    expect(tlsServerEndPoint(certificate)).toEqual(join(text('tls-server-end-point:'), hash))
  })

  test.each([
    ['md5WithRSAEncryption', '06092a864886f70d010104 0500', 'sha256'],
    ['sha1WithRSAEncryption', '06092a864886f70d010105 0500', 'sha256'],
    ['sha256WithRSAEncryption', '06092a864886f70d01010b 0500', 'sha256'],
    ['sha256WithRSAEncryption and parameters of its own', '06092a864886f70d01010b 3004a0020500', 'sha256'],
    ['sha384WithRSAEncryption', '06092a864886f70d01010c 0500', 'sha384'],
    ['dsa-with-sha1', '06072a8648ce380403', 'sha256'],
    ['dsa-with-sha256', '0609608648016503040302', 'sha256'],
    ['sha512WithRSAEncryption', '06092a864886f70d01010d 0500', 'sha512'],
    ['ecdsa-with-SHA1', '06072a8648ce3d0401', 'sha256'],
    ['ecdsa-with-SHA256', '06082a8648ce3d040302', 'sha256'],
    ['ecdsa-with-SHA512', '06082a8648ce3d040304', 'sha512'],
    ['sha224WithRSAEncryption', '06092a864886f70d01010e 0500', 'sha224'],
    ['sha512-224WithRSAEncryption', '06092a864886f70d01010f 0500', 'sha512-224'],
    ['sha512-256WithRSAEncryption', '06092a864886f70d010110 0500', 'sha512-256'],
    ['ecdsa-with-SHA224', '06082a8648ce3d040301', 'sha224'],
    ['dsa-with-sha224', '0609608648016503040301', 'sha224'],
    ['dsa-with-sha384', '0609608648016503040303', 'sha384'],
    ['dsa-with-sha512', '0609608648016503040304', 'sha512'],
    ['dsa-with-sha3-224', '0609608648016503040305', 'sha3-224'],
    ['dsa-with-sha3-256', '0609608648016503040306', 'sha3-256'],
    ['dsa-with-sha3-384', '0609608648016503040307', 'sha3-384'],
    ['dsa-with-sha3-512', '0609608648016503040308', 'sha3-512'],
    ['ecdsa-with-sha3-224', '0609608648016503040309', 'sha3-224'],
    ['ecdsa-with-sha3-256', '060960864801650304030a', 'sha3-256'],
    ['ecdsa-with-sha3-384', '060960864801650304030b', 'sha3-384'],
    ['ecdsa-with-sha3-512', '060960864801650304030c', 'sha3-512'],
    ['RSA with SHA3-224', '060960864801650304030d 0500', 'sha3-224'],
    ['RSA with SHA3-256', '060960864801650304030e 0500', 'sha3-256'],
    ['RSA with SHA3-384', '060960864801650304030f 0500', 'sha3-384'],
    ['RSA with SHA3-512', '0609608648016503040310 0500', 'sha3-512'],
    ['RSASSA-PSS with SHA-224', '06092a864886f70d01010a 3011a00f300d06096086480165030402040500', 'sha224'],
    ['RSASSA-PSS with SHA-512/224', '06092a864886f70d01010a 3011a00f300d06096086480165030402050500', 'sha512-224'],
    ['RSASSA-PSS with SHA-512/256', '06092a864886f70d01010a 3011a00f300d06096086480165030402060500', 'sha512-256'],
    ['RSASSA-PSS with SHA3-224', '06092a864886f70d01010a 3011a00f300d06096086480165030402070500', 'sha3-224'],
    ['RSASSA-PSS with SHA3-256', '06092a864886f70d01010a 3011a00f300d06096086480165030402080500', 'sha3-256'],
    ['RSASSA-PSS with SHA3-384', '06092a864886f70d01010a 3011a00f300d06096086480165030402090500', 'sha3-384'],
    ['RSASSA-PSS with SHA3-512', '06092a864886f70d01010a 3011a00f300d060960864801650304020a0500', 'sha3-512'],
    ['RSASSA-PSS with SHA-384', '06092a864886f70d01010a 3011a00f300d06096086480165030402020500', 'sha384'],
    ['RSASSA-PSS with SHA-256', '06092a864886f70d01010a 3011a00f300d06096086480165030402010500', 'sha256'],
    ['RSASSA-PSS with SHA-512', '06092a864886f70d01010a 3011a00f300d06096086480165030402030500', 'sha512'],
    ['RSASSA-PSS with SHA-1', '06092a864886f70d01010a 300da00b300906052b0e03021a0500', 'sha256'],
    [
      'RSASSA-PSS with a length of its salt',
      '06092a864886f70d01010a 3016a00f300d06096086480165030402020500 a203020130',
      'sha384',
    ],
    ['RSASSA-PSS with a length of its salt alone', '06092a864886f70d01010a 3005a203020114', 'sha256'],
    ['RSASSA-PSS without parameters', '06092a864886f70d01010a', 'sha256'],
    ['RSASSA-PSS with NULL for parameters', '06092a864886f70d01010a 0500', 'sha256'],
    ['RSASSA-PSS with SHA-1 by default', '06092a864886f70d01010a 3000', 'sha256'],
  ])('of a certificate signed with %s', (_, algorithm, hash) => {
    const signed = certificateSignedWith(algorithm)
    const expected = createHash(hash).update(signed).digest()
    expect(tlsServerEndPoint(signed)).toEqual(join(text('tls-server-end-point:'), expected))
  })

  test.each([
    ['ec', 'sha224'],
    ['ec', 'sha3-224'],
    ['ec', 'sha3-256'],
    ['ec', 'sha3-384'],
    ['ec', 'sha3-512'],
    ['rsa', 'sha224'],
    ['rsa', 'sha3-256'],
    ['rsa', 'sha3-512'],
    ['rsa', 'sha512-256'],
  ])('is made of what OpenSSL signs with a key of type %s and %s', (type, hash) => {
    const key = type === 'ec' ? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['-newkey', 'rsa:2048']
    const args = ['req', '-x509', ...key, '-nodes', '-keyout', '/dev/null', `-${hash}`, '-subj', '/CN=web.ad.test']
    const made = execFileSync('openssl', [...args, '-outform', 'DER'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const expected = createHash(hash).update(made).digest()
    expect(tlsServerEndPoint(made)).toEqual(join(text('tls-server-end-point:'), expected))
  })

  test('is not defined for Ed25519', () => {
    expect(() => tlsServerEndPoint(certificateSignedWith('06032b6570'))).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        code: 'GSS_S_BAD_BINDINGS',
        message: 'tls-server-end-point is not known for certificates signed with 1.3.101.112',
        hint: 'Use a certificate signed with RSA or ECDSA and SHA-2, or bind with tls-exporter.',
      }),
    )
  })

  test('is not defined for RSASSA-PSS with a hash that is not known', () => {
    const shake256 = '06092a864886f70d01010a 300fa00d300b0609608648016503040212'
    expect(() => tlsServerEndPoint(certificateSignedWith(shake256))).toThrow(/signed with 1\.2\.840\.113549\.1\.1\.10$/)
  })

  test('is not made of a certificate with something else in the parameters of RSASSA-PSS', () => {
    const left = '06092a864886f70d01010a 3013a011300d06096086480165030402020500 0500'
    expect(() => tlsServerEndPoint(certificateSignedWith(left))).toThrow(
      'Certificate: expected the end of the element, found 2 more octets',
    )
  })

  test.each([
    ['nothing', new Uint8Array(0)],
    ['text', text('-----BEGIN CERTIFICATE-----')],
    ['a certificate that is cut off', certificate.subarray(0, 200)],
    ['a certificate with octets after it', join(certificate, text('x'))],
  ])('is not made of %s', (_, bytes) => {
    expect(() => tlsServerEndPoint(bytes)).toThrow(/^Certificate/)
  })
})

test('tls-exporter takes 32 octets', () => {
  expect(tlsExporter(new Uint8Array(32))).toEqual(join(text('tls-exporter:'), new Uint8Array(32)))
  expect(() => tlsExporter(new Uint8Array(31))).toThrow('tls-exporter takes 32 octets, not 31')
  expect(() => tlsExporter(new Uint8Array(33))).toThrow('tls-exporter takes 32 octets, not 33')
})

describe('the hash of channel bindings', () => {
  const applicationData = text('tls-unique:x')

  test('covers five integers and the data', () => {
    const structure = join(new Uint8Array(16), fromHex('0c000000'), applicationData)
    expect(channelBindingsHash(applicationData)).toEqual(new Uint8Array(createHash('md5').update(structure).digest()))
  })

  test('covers the addresses too', () => {
    const structure = join(fromHex('02000000 04000000 7f000001 02000000 04000000 7f000002 0c000000'), applicationData)
    const initiatorAddress = { type: 2, address: fromHex('7f000001') }
    const acceptorAddress = { type: 2, address: fromHex('7f000002') }
    const hash = channelBindingsHash({ initiatorAddress, acceptorAddress, applicationData })
    expect(hash).toEqual(new Uint8Array(createHash('md5').update(structure).digest()))
  })

  test('of no channel is zeros', () => {
    expect(isUnbound(new Uint8Array(16))).toBe(true)
    expect(isUnbound(channelBindingsHash(applicationData))).toBe(false)
    for (let index = 0; index < 16; index++) expect(isUnbound(flip(new Uint8Array(16), index))).toBe(false)
  })
})

/** A SEQUENCE of an empty body, the algorithm and an empty signature: enough to be looked at. */
function certificateSignedWith(algorithm: string): Uint8Array {
  const identifier = fromHex(algorithm)
  const inner = join(fromHex('3000'), Uint8Array.of(0x30, identifier.length), identifier, fromHex('030100'))
  return join(Uint8Array.of(0x30, inner.length), inner)
}
