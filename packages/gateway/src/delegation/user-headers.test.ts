import { type CallerIdentity, RejectedTokenError } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { headerText, userHeadersWith } from './user-headers.js'

const callerWhose = (profile: () => Promise<unknown>) =>
  ({ principal: 'alice@AD.TEST', groups: ['S-1-5-21-1', 'S-1-5-21-2'], profile }) as unknown as CallerIdentity
const SIDS = { 'x-s4u-user': 'alice@AD.TEST', 'x-s4u-groups': 'S-1-5-21-1,S-1-5-21-2' }

test('both headers are always there', async () => {
  for (const hasDirectory of [true, false])
    expect(await userHeadersWith(hasDirectory)(undefined)).toEqual({ 'x-s4u-user': '', 'x-s4u-groups': '' })
  expect(await userHeadersWith(false)(callerWhose(() => expect.unreachable()))).toEqual(SIDS)
})

test('the names of the groups stand behind their SIDs where there is a directory', async () => {
  const caller = callerWhose(async () => ({ groupNames: ['AD\\Sales', 'AD\\Dom, Admins'] }))
  expect(await userHeadersWith(true)(caller)).toEqual({
    ...SIDS,
    'x-s4u-groups': `${SIDS['x-s4u-groups']},AD\\Sales,AD\\Dom%2C%20Admins`,
  })
})

test('a user whom the directory does not have has SIDs alone; where it does not answer, nothing goes inside', async () => {
  const failing = (code: 'noSuchObject' | 'KRB_ERR_GENERIC') =>
    userHeadersWith(true)(callerWhose(() => Promise.reject(new RejectedTokenError('no', { code, status: 503 }))))
  expect(await failing('noSuchObject')).toEqual(SIDS)
  await expect(failing('KRB_ERR_GENERIC')).rejects.toMatchObject({ code: 'KRB_ERR_GENERIC', status: 503 })
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
