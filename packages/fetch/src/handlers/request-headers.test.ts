import { describe, expect, test } from 'vitest'
import { hasHeader, withHeader } from './request-headers.js'

type Headers = Parameters<typeof hasHeader>[0]

/** The same headers, in each form that undici takes. */
const forms: [string, (pairs: [string, string][]) => Headers][] = [
  ['pairs in a row', (pairs) => pairs.flat()],
  ['pairs', (pairs) => new Map(pairs)],
  ['an object', (pairs) => Object.fromEntries(pairs)],
  ['an object without a prototype', (pairs) => Object.assign(Object.create(null) as object, Object.fromEntries(pairs))],
]

/** As pairs, whatever the form. */
const read = (headers: Headers): string[] => {
  if (Array.isArray(headers)) return headers.map(String)
  return Object.entries(headers as Record<string, string>).flat()
}

describe.each(forms)('headers as %s', (_, make) => {
  test('have a header in any case, and no other of its length', () => {
    for (const name of ['authorization', 'Authorization', 'AUTHORIZATION'])
      expect(
        hasHeader(
          make([
            ['x-a', '1'],
            [name, 'Basic x'],
          ]),
          'authorization',
        ),
      ).toBe(true)
    expect(hasHeader(make([['x-uthorization', 'authorization']]), 'authorization')).toBe(false)
    expect(hasHeader(make([]), 'authorization')).toBe(false)
  })

  test('are given one, in place of all that they had of it', () => {
    expect(
      read(
        withHeader(
          make([
            ['x-a', '1'],
            ['x-b', '2'],
          ]),
          'authorization',
          'N',
        ),
      ),
    ).toEqual(['x-a', '1', 'x-b', '2', 'authorization', 'N'])
    for (const name of ['authorization', 'Authorization'])
      expect(
        read(
          withHeader(
            make([
              [name, 'old'],
              ['x-a', '1'],
            ]),
            'authorization',
            'N',
          ),
        ),
      ).toEqual(['x-a', '1', 'authorization', 'N'])
    expect(read(withHeader(make([]), 'authorization', 'N'))).toEqual(['authorization', 'N'])
  })
})

test('of several values each is kept, and one that is absent is none', () => {
  const headers = { 'X-A': ['1', '2'], gone: undefined, Authorization: 'old' } as unknown as Headers
  expect(withHeader(headers, 'authorization', 'N')).toEqual(['X-A', '1', 'X-A', '2', 'authorization', 'N'])
  expect(hasHeader(headers, 'gone')).toBe(false)
  expect(hasHeader({ gone: null } as unknown as Headers, 'gone')).toBe(false)
  expect(hasHeader([['gone', undefined]] as unknown as Headers, 'gone')).toBe(false)
})

test('an object is not taken apart where it need not be, and is not changed', () => {
  const headers = { 'x-a': ['1', '2'] }
  expect(withHeader(headers, 'authorization', 'N')).toEqual({ 'x-a': ['1', '2'], authorization: 'N' })
  expect(headers).toEqual({ 'x-a': ['1', '2'] })
})

test('none are headers as well', () => {
  for (const none of [undefined, null]) {
    expect(hasHeader(none, 'authorization')).toBe(false)
    expect(withHeader(none, 'authorization', 'N')).toEqual(['authorization', 'N'])
  }
})
