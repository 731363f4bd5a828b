import { Readable } from 'node:stream'
import { S4uError } from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { type ReadFormOptions, readFormFields } from './form-fields.js'
import { localTarget } from './local-target.js'
import { sealedTexts } from './sealed-texts.js'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const sent = (body: string | readonly Uint8Array[], headers: Record<string, string> = FORM) =>
  Object.assign(Readable.from(typeof body === 'string' ? [Buffer.from(body, 'latin1')] : body), { headers })
const read = async (request: ReturnType<typeof sent>, parsed?: unknown, options?: ReadFormOptions) => {
  try {
    return Object.fromEntries(await readFormFields(request, parsed, options))
  } catch (error) {
    if (!S4uError.is(error)) throw error
    expect(error.code).toBe('S4U_BAD_FORM')
    return [error.status, error.message]
  }
}

test.each<[string, unknown]>([
  ['user=alice&password=a%2Bb%26c%3Dd', { user: 'alice', password: 'a+b&c=d' }],
  ['password=two+words', { password: 'two words' }],
  ['password=%E2%82%AC', { password: '€' }],
  ['password=100%', { password: '100%' }],
  ['a', { a: '' }],
  ['=b', { '': 'b' }],
  ['', {}],
  ['a=1&a=2', [400, 'body: expected each field once, found a field twice']],
  ['password=%E4', [400, 'body: expected UTF-8, found other octets']],
  ['password=\xe4', [400, 'body: expected UTF-8, found other octets']],
  [Array(70).fill('a=1').join('&'), [400, 'body: expected at most 64 fields, found more']],
])('the body %j is %j', async (body, expected) => {
  expect(await read(sent(body))).toEqual(expected)
})

test.each<[Record<string, string>, unknown]>([
  [{}, 415],
  [{ 'content-type': 'multipart/form-data; boundary=x' }, 415],
  [{ 'content-type': 'application/json' }, 415],
  [{ 'content-type': 'application/x-www-form-urlencoded; charset=iso-8859-1' }, 415],
  [{ ...FORM, 'content-encoding': 'gzip' }, 415],
  [{ ...FORM, 'content-length': '999999999' }, 413],
])('with the headers %j it is refused with %i', async (headers, status) => {
  expect(await read(sent('a=1', headers))).toMatchObject([status, expect.any(String)])
})

test('the character set may be said', async () => {
  const headers = { 'content-type': 'Application/X-WWW-Form-Urlencoded; Charset="UTF-8"' }
  expect(await read(sent('a=1', headers))).toEqual({ a: '1' })
})

test('a body that is too long, drips or breaks off is refused, and its stream is left for the answer', async () => {
  const long = Object.assign(new Readable({ read() {} }), { headers: FORM })
  long.push(Buffer.alloc(20, 97))
  expect(await read(long, undefined, { limit: 15 })).toEqual([413, 'body: expected at most 15 octets, found more'])
  expect(long.destroyed).toBe(false)
  const slow = Object.assign(new Readable({ read() {} }), { headers: FORM })
  slow.push('a=')
  expect(await read(slow, undefined, { timeLimit: 20 })).toEqual([
    408,
    'body: expected a body at once, found one that drips',
  ])
  const broken = Object.assign(new Readable({ read() {} }), { headers: FORM })
  setTimeout(() => broken.destroy(), 5)
  expect(await read(broken)).toEqual([400, 'body: expected a whole body, found a connection that ended'])
})

test.each<[unknown, unknown]>([
  [{ user: 'alice' }, { user: 'alice' }],
  [{ user: ['a', 'b'] }, [400, 'body: expected each field once, with a text, found a field twice, or nested']],
  [{ user: { $gt: '' } }, [400, 'body: expected each field once, with a text, found a field twice, or nested']],
  [Buffer.from('user=alice'), { user: 'alice' }],
  ['user=alice', { user: 'alice' }],
  ['x'.repeat(20_000), [413, 'body: expected at most 16384 octets, found more']],
])('what a parser in front has read as %j is %j', async (parsed, expected) => {
  const request = sent('')
  request.destroy()
  expect(await read(request, parsed)).toEqual(expected)
})

test('a body that somebody has read and not handed on is told', async () => {
  const request = sent('a=1')
  for await (const _ of request);
  expect(await read(request)).toEqual([400, 'body: expected a body that can be read, found one that was read before'])
})

test.each([
  ['/', '/'],
  ['/orders?page=2&x=%2F', '/orders?page=2&x=%2F'],
  ['//evil.test', undefined],
  ['/\\evil.test', undefined],
  ['/a\\b', undefined],
  ['/\t/evil.test', undefined],
  ['/a\nb', undefined],
  ['https://evil.test', undefined],
  ['javascript:alert(1)', undefined],
  ['orders', undefined],
  ['', undefined],
  ['/ä', undefined],
  [`/${'x'.repeat(5_000)}`, undefined],
  [undefined, undefined],
  [null, undefined],
])('the target %j leads to %j', (target, expected) => expect(localTarget(target)).toBe(expected))

test('a sealed text opens here, for a time, and under its label alone', () => {
  let now = 1_000
  const random = (length: number): Uint8Array => new Uint8Array(length)
  const deps = { secrets: ['s'.repeat(32)], now: () => now, random }
  const texts = sealedTexts('state', deps)
  const sealed = texts.seal('hello €', 500)
  expect(texts.open(sealed)).toBe('hello €')
  expect(sealedTexts('other', deps).open(sealed)).toBeUndefined()
  expect(sealedTexts('state', { ...deps, secrets: ['t'.repeat(32)] }).open(sealed)).toBeUndefined()
  for (const changed of ['', 'x', `${sealed}=`, `${sealed.slice(0, -2)}AA`, sealed.slice(1)])
    expect(texts.open(changed)).toBeUndefined()
  now = 1_500
  expect(texts.open(sealed)).toBeUndefined()
})
