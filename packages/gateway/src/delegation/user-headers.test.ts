import type { CallerIdentity } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { headerText, userHeaders } from './user-headers.js'

test('both headers are always there', () => {
  expect(userHeaders(undefined)).toEqual({ 'x-s4u-user': '', 'x-s4u-groups': '' })
  const caller = { principal: 'alice@AD.TEST', groups: ['S-1-5-21-1', 'S-1-5-21-2'] } as unknown as CallerIdentity
  expect(userHeaders(caller)).toEqual({ 'x-s4u-user': 'alice@AD.TEST', 'x-s4u-groups': 'S-1-5-21-1,S-1-5-21-2' })
})

test.each([
  ['zoë@AD.TEST', 'zo%C3%AB@AD.TEST'],
  ['a,b', 'a%2Cb'],
  ['100%', '100%25'],
  ['x\r\nX-Admin: 1', 'x%0D%0AX-Admin:%201'],
  ['𝒮', '%F0%9D%92%AE'],
  ['!"#$&\'()*+-./~|', '!"#$&\'()*+-./~|'],
])('%j is written as %j', (text, header) => {
  expect(headerText(text)).toBe(header)
  expect(decodeURIComponent(header)).toBe(text)
})
