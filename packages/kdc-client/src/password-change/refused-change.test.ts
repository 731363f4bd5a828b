import { KPASSWD_RESULTS } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { refusalOf } from './refused-change.js'

const refused = (text: string) => ({
  code: KPASSWD_RESULTS.KRB5_KPASSWD_SOFTERROR,
  text: new TextEncoder().encode(text),
})

test('a new password that the server says back is cut out of what is shown', () => {
  expect(refusalOf(refused('new-Secret-2 is too short'), 'new-Secret-2').text).toBe('… is too short')
})

test.each(['e', 'to'])('a new password as short as %s would show as gaps in words: nothing is shown then', (secret) => {
  expect(refusalOf(refused('password is too short'), secret)).toMatchObject({
    code: 'KRB5_KPASSWD_SOFTERROR',
    text: '',
  })
})
