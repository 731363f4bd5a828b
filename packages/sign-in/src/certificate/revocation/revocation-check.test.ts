import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Authority, type Issued, type ListWish, type OcspWish } from '../../../../../test/stories/fixtures/authority.js'
import { der, ia5, integer, octets, sequence, tagged } from '../../../../../test/stories/fixtures/der.js'
import { readDer } from '../x509/read-der.js'
import { RevocationCheck } from './revocation-check.js'
import { type RevocationOptions, revocationRules } from './revocation-options.js'

const OCSP = 'http://ocsp.test/'
const CRL = 'http://crl.test/ca.crl'
const MINUTE = 60_000
const NONCE = Buffer.alloc(32, 7)

const authority = new Authority('CN=CA')
const withOcsp = authority.issue({ subject: 'CN=alice', ocsp: OCSP })
const withCrl = authority.issue({ subject: 'CN=bob', crl: CRL })
const withBoth = authority.issue({ subject: 'CN=carol', ocsp: OCSP, crl: CRL })

/** A network with answers by address; what has none cannot be reached. */
function network(
  answers: Record<string, () => Uint8Array | Response | Promise<Response>>,
  options: RevocationOptions = {},
) {
  const asked: string[] = []
  const bodies: Uint8Array[] = []
  let now = Date.now()
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    asked.push(url)
    if (init.body instanceof Uint8Array) bodies.push(init.body)
    const answer = await answers[url]?.()
    if (answer === undefined) throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
    return answer instanceof Response ? answer : new Response(new Uint8Array(answer))
  }
  const check = new RevocationCheck(
    revocationRules({ fetch, ...options }),
    () => now,
    () => NONCE,
  )
  return {
    ...{ asked, bodies },
    later: (milliseconds: number) => (now += milliseconds),
    require: (issued: Issued, by = authority) => check.require([issued.der, by.certificate.der]),
  }
}

const good = (issued: Issued, wish?: OcspWish) => () => authority.ocsp(issued, wish)
const list = (wish?: ListWish) => () => authority.list(wish)

describe('a responder', () => {
  test('is asked for the certificate, by name and key of its authority, with a nonce', async () => {
    const { require, bodies } = network({ [OCSP]: good(withOcsp, { nonce: NONCE }) })
    await require(withOcsp)
    const body = Buffer.from(bodies[0])
    expect(body.includes(Buffer.from(withOcsp.serial, 'hex'))).toBe(true)
    expect(body.includes(NONCE)).toBe(true)
    expect(() => readDer('OCSPRequest', body, (reader) => reader.skip())).not.toThrow()
  })

  test('that says good lets the certificate in', async () => {
    await expect(network({ [OCSP]: good(withOcsp) }).require(withOcsp)).resolves.toBeUndefined()
  })

  test('may be somebody whom the authority has named for that', async () => {
    const delegate = authority.issue({ subject: 'CN=ocsp', extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'] })
    const wish = { signer: delegate.privateKey, certificates: [delegate.der] }
    await expect(network({ [OCSP]: good(withOcsp, wish) }).require(withOcsp)).resolves.toBeUndefined()
  })

  test('that says revoked shuts it out, whatever the list says', async () => {
    const { require } = network({ [OCSP]: good(withBoth, { status: 'revoked' }), [CRL]: list() })
    await expect(require(withBoth)).rejects.toMatchObject({
      code: 'KDC_ERR_REVOKED_CERTIFICATE',
      message: `the certificate with the serial number ${withBoth.serial} was revoked`,
      status: 401,
    })
  })

  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const server = authority.issue({ subject: 'CN=server' })
  const ended = authority.issue({
    subject: 'CN=old',
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'],
    notAfter: Date.now() - MINUTE,
  })
  const other = new Authority('CN=Other')
  const foreign = other.issue({ subject: 'CN=ocsp', extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'] })
  const noAnswer = new Uint8Array(sequence(der(0x0a, Buffer.of(6))))

  test.each<[string, () => Uint8Array | Response, string]>([
    ['is down', () => new Response('', { status: 503 }), 'it answered 503'],
    ['does not know the certificate', good(withOcsp, { status: 'unknown' }), 'does not know the certificate'],
    ['is somebody else', good(withOcsp, { signer: stranger }), 'not signed by the authority'],
    [
      'is the owner of another certificate',
      good(withOcsp, { signer: server.privateKey, certificates: [server.der] }),
      'not signed by',
    ],
    [
      'is named by another authority',
      good(withOcsp, { signer: foreign.privateKey, certificates: [foreign.der] }),
      'not signed by',
    ],
    ['has ended', good(withOcsp, { signer: ended.privateKey, certificates: [ended.der] }), 'not signed by'],
    ['answers another request', good(withOcsp, { nonce: Buffer.alloc(32, 8) }), 'that to another request'],
    ['answers about another certificate', good(withOcsp, { serial: '0815' }), 'not about this certificate'],
    ['repeats what has ended', good(withOcsp, { thisUpdate: 0, nextUpdate: Date.now() - 10 * MINUTE }), 'too old'],
    ['speaks of the future', good(withOcsp, { thisUpdate: Date.now() + 10 * MINUTE }), 'of the future'],
    ['says neither when nor to whom', good(withOcsp, { nextUpdate: null }), 'neither a nonce nor an end'],
    ['does not answer this client', () => noAnswer, 'found unauthorized'],
    ['answers with a page', () => new Response('<html>'), 'OCSPResponse'],
    ['never stops', () => new Response(new Uint8Array(70_000)), 'more than 65536 octets'],
    ['redirects', () => Response.redirect('http://evil.test/', 302), 'it answered 302'],
  ])('that %s counts for nothing', async (_what, answer, because) => {
    await expect(network({ [OCSP]: answer }).require(withOcsp)).rejects.toMatchObject({
      code: 'KDC_ERR_REVOCATION_STATUS_UNAVAILABLE',
      status: 503,
      message: expect.stringContaining(because),
    })
  })

  test('without a nonce counts for nothing where the app says so', async () => {
    const answers = { [OCSP]: good(withOcsp) }
    await expect(network(answers, { requireNonce: true }).require(withOcsp)).rejects.toThrow('has no nonce')
  })

  test('that cannot be reached is told, with the reason', async () => {
    await expect(network({}).require(withOcsp)).rejects.toThrow('fetch failed: connect ECONNREFUSED')
  })

  test('that is slow is waited for as long as the app says', async () => {
    const answers = { [OCSP]: () => new Promise<Response>(() => {}) }
    const fetch = (_url: string, { signal }: RequestInit) =>
      new Promise<Response>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    await expect(network(answers, { fetch, timeLimit: 20 }).require(withOcsp)).rejects.toThrow('timeout')
  })
})

describe('a list', () => {
  const partition = (url: string) => [
    { oid: '2.5.29.28', critical: true, value: sequence(tagged(0, tagged(0, ia5(0x86, url)))) },
  ]

  test('without the certificate lets it in, also after a responder that is down', async () => {
    await expect(network({ [CRL]: list({ revoked: ['0815'] }) }).require(withCrl)).resolves.toBeUndefined()
    await expect(network({ [CRL]: list() }).require(withBoth)).resolves.toBeUndefined()
  })

  test('with the certificate shuts it out', async () => {
    const { require } = network({ [CRL]: list({ revoked: ['0815', withCrl.serial] }) })
    await expect(require(withCrl)).rejects.toMatchObject({ code: 'KDC_ERR_REVOKED_CERTIFICATE' })
  })

  test('that is one of several counts where the certificate names it', async () => {
    await expect(network({ [CRL]: list({ extensions: partition(CRL) }) }).require(withCrl)).resolves.toBeUndefined()
  })

  test.each<[string, ListWish | Uint8Array, string]>([
    ['of another authority', { issuer: 'CN=Other' }, 'that of another authority'],
    [
      'that somebody else has signed',
      { signer: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
      'not signed by the authority',
    ],
    ['that has ended', { thisUpdate: 0, nextUpdate: Date.now() - 1_000 }, 'the list ended'],
    ['of the future', { thisUpdate: Date.now() + 10 * MINUTE }, 'of the future'],
    ['without an end', { nextUpdate: null }, 'expected'],
    [
      'of changes only',
      { extensions: [{ oid: '2.5.29.27', critical: true, value: integer('01') }] },
      'a complete list',
    ],
    ['that is another one of several', { extensions: partition('http://crl.test/2.crl') }, 'one of several'],
    [
      'for authorities only',
      { extensions: [{ oid: '2.5.29.28', critical: true, value: sequence(der(0x82, Buffer.of(255))) }] },
      'other kinds',
    ],
    [
      'for some reasons only',
      { extensions: [{ oid: '2.5.29.28', critical: true, value: sequence(der(0x83, Buffer.of(0, 1))) }] },
      'for some',
    ],
    [
      'of several authorities',
      { extensions: [{ oid: '2.5.29.28', critical: true, value: sequence(der(0x84, Buffer.of(255))) }] },
      'one of several',
    ],
    [
      'with a critical extension that is not known',
      { extensions: [{ oid: '1.2.3', critical: true, value: sequence() }] },
      '1.2.3',
    ],
    [
      'with such an entry',
      { revoked: ['01'], entryExtensions: [{ oid: '2.5.29.29', critical: true, value: octets() }] },
      '2.5.29.29',
    ],
    ['that is a page', new TextEncoder().encode('<html>'), 'CertificateList'],
  ])('%s counts for nothing', async (_what, wish, because) => {
    const answer = () => (wish instanceof Uint8Array ? wish : authority.list(wish))
    await expect(network({ [CRL]: answer }).require(withCrl)).rejects.toMatchObject({
      code: 'KDC_ERR_REVOCATION_STATUS_UNAVAILABLE',
      message: expect.stringContaining(because),
    })
  })

  test('of an authority that may not sign lists counts for nothing', async () => {
    const without = new Authority('CN=No lists', { keyUsage: 0x04 })
    const issued = without.issue({ subject: 'CN=a', crl: CRL })
    await expect(network({ [CRL]: () => without.list() }).require(issued, without)).rejects.toThrow(
      'may not sign lists',
    )
  })

  test('of a file, as PEM, is read where the app names it', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 's4u-crl-')), 'ca.crl')
    const base64 = Buffer.from(authority.list({ revoked: [withOcsp.serial] })).toString('base64')
    writeFileSync(file, `-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`)
    const { require, asked } = network({}, { ocsp: false, crl: pathToFileURL(file).href })
    await expect(require(withOcsp)).rejects.toMatchObject({ code: 'KDC_ERR_REVOKED_CERTIFICATE' })
    await expect(require(withCrl)).resolves.toBeUndefined()
    expect(asked).toEqual([])
  })

  test('of 100,000 entries is read once from end to end, which takes no time that grows with its square', async () => {
    const revoked = Array.from({ length: 100_000 }, (_, index) => (index + 2 ** 24).toString(16).padStart(8, '0'))
    const octetsOfList = authority.list({ revoked: [...revoked, withCrl.serial] })
    const { require } = network({ [CRL]: () => octetsOfList })
    const begun = performance.now()
    await expect(require(withCrl)).rejects.toMatchObject({ code: 'KDC_ERR_REVOKED_CERTIFICATE' })
    // It takes less than a second where nothing else runs; for each entry anew it would be minutes.
    expect(performance.now() - begun).toBeLessThan(15_000)
  })
})

describe('what was answered', () => {
  test('serves for as long as the app says, for one certificate', async () => {
    const { require, asked, later } = network({ [OCSP]: good(withOcsp) }, { maxAge: 10 * MINUTE })
    await require(withOcsp)
    later(9 * MINUTE)
    await require(withOcsp)
    expect(asked).toHaveLength(1)
    later(2 * MINUTE)
    await require(withOcsp)
    expect(asked).toHaveLength(2)
  })

  test('serves no longer than the authority says', async () => {
    const { require, asked, later } = network({ [OCSP]: good(withOcsp, { nextUpdate: Date.now() + MINUTE }) })
    await require(withOcsp)
    later(2 * MINUTE)
    await require(withOcsp)
    expect(asked).toHaveLength(2)
  })

  test('is asked for once where many ask at the same time, and one list serves for all', async () => {
    const { require, asked } = network({ [CRL]: list() })
    const others = Array.from({ length: 5 }, () => authority.issue({ subject: 'CN=x', crl: CRL }))
    await Promise.all([withCrl, withCrl, ...others].map((issued) => require(issued)))
    expect(asked).toEqual([CRL])
  })

  test('a failure serves for some seconds', async () => {
    const { require, asked, later } = network({})
    await expect(require(withOcsp)).rejects.toMatchObject({ status: 503 })
    await expect(require(withOcsp)).rejects.toMatchObject({ status: 503 })
    expect(asked).toHaveLength(1)
    later(11_000)
    await expect(require(withOcsp)).rejects.toMatchObject({ status: 503 })
    expect(asked).toHaveLength(2)
  })

  test('an older list does not take the place of a newer one', async () => {
    const lists = [
      { revoked: [withCrl.serial], thisUpdate: Date.now() - MINUTE },
      { thisUpdate: Date.now() - 60 * MINUTE },
    ]
    const { require, later } = network({ [CRL]: () => authority.list(lists.shift()) })
    await expect(require(withCrl)).rejects.toMatchObject({ code: 'KDC_ERR_REVOKED_CERTIFICATE' })
    later(11 * MINUTE)
    await expect(require(withCrl)).rejects.toMatchObject({ code: 'KDC_ERR_REVOKED_CERTIFICATE' })
  })
})

test('every certificate of a chain is looked at, but the trusted one', async () => {
  const issuing = new Authority('CN=Issuing', { issuer: authority, crl: CRL })
  const issued = issuing.issue({ subject: 'CN=a', ocsp: OCSP })
  const rules = revocationRules({
    fetch: async (url) =>
      new Response(
        new Uint8Array(url === CRL ? authority.list({ revoked: [issuing.certificate.serial] }) : issuing.ocsp(issued)),
      ),
  })
  const check = new RevocationCheck(rules, Date.now, () => NONCE)
  const chain = [issued.der, issuing.certificate.der, authority.certificate.der] as const
  await expect(check.require(chain)).rejects.toThrow(`serial number ${issuing.certificate.serial} was revoked`)
})

test.each([
  ['names nothing', authority.issue({ subject: 'CN=x' })],
  [
    'names an address that nobody asks',
    authority.issue({ subject: 'CN=x', crl: 'ftp://crl.test/ca.crl', ocsp: 'file:///etc/passwd' }),
  ],
])('a certificate that %s is refused', async (_what, issued) => {
  const { require, asked } = network({})
  await expect(require(issued)).rejects.toMatchObject({
    code: 'KDC_ERR_REVOCATION_STATUS_UNAVAILABLE',
    message: expect.stringContaining('it names no responder and no list that can be asked'),
    hint: expect.stringContaining("revocation: 'off'"),
  })
  expect(asked).toEqual([])
})

describe('options', () => {
  test.each<[string, RevocationOptions, string]>([
    ['nothing to ask', { ocsp: false, crl: false }, 'both are false'],
    ['a responder that is a file', { ocsp: 'file:///x' }, 'is not an address'],
    ['a list that is a path', { crl: '/etc/ca.crl' }, 'is not an address'],
    ['no list', { crl: [] }, 'is an empty list'],
    ['no time', { timeLimit: 0 }, 'revocation.timeLimit must be a number of milliseconds'],
    ['a text for a time', { maxAge: '5' as never }, 'revocation.maxAge must be a number of milliseconds'],
  ])('with %s are refused', (_what, options, message) => {
    expect(() => revocationRules(options)).toThrow(message)
  })
})
