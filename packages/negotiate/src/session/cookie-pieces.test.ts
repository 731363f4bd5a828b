import { expect, test } from 'vitest'
import { cookiesFor, isShown, lengthInHeader, lengthShown, MAX_VALUE, removalOf, valueOf } from './cookie-pieces.js'

const ATTRIBUTES = '; Path=/; HttpOnly'
const sent = (cookies: readonly string[]): string =>
  cookies.map((cookie) => cookie.slice(0, -ATTRIBUTES.length)).join('; ')
/** No two of its pieces are alike, or begin so: of 3,800 characters none is a multiple of 7. */
const text = (length: number): string => Array.from({ length }, (_, index) => 'abcdefg'[index % 7]).join('')

test.each([1, 3_800, 3_801, 10_000, 15_200])(
  'a value of %i characters comes back whole, in cookies that browsers keep',
  (length) => {
    const cookies = cookiesFor('s', text(length), ATTRIBUTES)!
    expect(cookies).toHaveLength(Math.ceil(length / 3_800))
    for (const cookie of cookies) expect(cookie.length).toBeLessThan(4_096)
    expect(valueOf('s', `x=1; ${sent([...cookies].reverse())}; y=2`)).toBe(text(length))
  },
)

test('a value that no four cookies hold has none', () => {
  expect(cookiesFor('s', text(15_201), ATTRIBUTES)).toBeUndefined()
})

test('leftovers of a longer value do no harm', () => {
  const long = cookiesFor('s', text(8_000), ATTRIBUTES)!
  const short = cookiesFor('s', 'new', ATTRIBUTES)!
  expect(valueOf('s', sent([...short, ...long.slice(1)]))).toBe('new')
})

test.each(['', 's', 's=', 's=abc', 's=0.abc', 's=5.abc', 's=2.abc', 's.1=abc', 'ss=1.abc', 'S=1.abc'])(
  'nothing is read out of %j',
  (header) => expect(valueOf('s', header)).toBeUndefined(),
)

test('exactly the cookies that came are taken away', () => {
  expect(removalOf('s', 's=2.a; s.1=b; other=c', ATTRIBUTES)).toEqual([
    's=; Max-Age=0; Path=/; HttpOnly',
    's.1=; Max-Age=0; Path=/; HttpOnly',
  ])
  expect(removalOf('s', 'other=c', ATTRIBUTES)).toEqual([])
})

test('pieces in another order are another value', () => {
  const [first, second, third] = cookiesFor('s', text(10_000), ATTRIBUTES)!
  const exchanged = [first, second.replace('s.1=', 's.2='), third.replace('s.2=', 's.1=')]
  expect(valueOf('s', sent(exchanged))).not.toBe(text(10_000))
  expect(valueOf('s', sent([third, first, second]))).toBe(text(10_000))
})

test.each([
  ['sx; s=1.abc', 'abc'],
  ['=x; s=1.abc', 'abc'],
  ['x;s = 1.abc ; y=2', 'abc'],
  ['s=1.a=b', 'a=b'],
  ['s=1.', ''],
  ['s=1.abc; s=1.other', 'abc'],
  ['s=2.a; s.1=b; s.2=c', 'ab'],
])('out of %j is read %j', (header, value) => {
  expect(valueOf('s', header)).toBe(value)
  expect(isShown('s', header)).toBe(true)
})

test.each(['s=z1.abc', 's=11.abc', 's=1.a\nb', 's=5.a; s.1=b; s.2=c; s.3=d; s.4=e', 's=3.a; s.1=b'])(
  'nothing is read out of %j, which shows one',
  (header) => {
    expect(valueOf('s', header)).toBeUndefined()
    expect(isShown('s', header)).toBe(true)
  },
)

test('a value of four pieces is the longest', () => {
  expect(MAX_VALUE).toBe(15_200)
  expect(valueOf('s', 's=4.a; s.1=b; s.2=c; s.3=d')).toBe('abcd')
  expect(removalOf('s', 's=x; s.1=x; s.2=x; s.3=x; s.4=x', '')).toEqual(
    ['s', 's.1', 's.2', 's.3'].map((name) => `${name}=; Max-Age=0`),
  )
  expect(cookiesFor('s', 'abc', ATTRIBUTES)).toEqual(['s=1.abc; Path=/; HttpOnly'])
})

test('only the first cookie shows one', () => {
  expect(isShown('s', 's.1=abc; ss=1.a; x=s')).toBe(false)
})

test('the room that one takes in a header is told, and what is there of one', () => {
  expect(lengthInHeader('s', text(3_800))).toBe(3_800 + 6)
  expect(lengthInHeader('name', text(3_801))).toBe(3_801 + 2 * 9)
  expect(lengthShown('s', 's=2.ab; s.1=cd; other=xyz; s.4=x')).toBe(5 + 3)
  expect(lengthShown('name', 'other=xyz')).toBe(0)
})
