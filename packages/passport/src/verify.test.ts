import type { CallerIdentity } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { type Request, type Verify, verifyCaller } from './verify.js'

const alice = { name: 'alice' } as CallerIdentity
const request = {} as Request
const user = { id: 7 }

test('without verify the caller is the user', async () => {
  expect(await verifyCaller(undefined, alice, request)).toEqual({ user: alice, info: undefined })
})

test.each<[what: string, verify: Verify, found: unknown]>([
  ['done at once', (_caller, done) => done(null, user, 'info'), { user, info: 'info' }],
  ['done without an error that is null', (_caller, done) => done(undefined, user), { user }],
  ['done later', (_caller, done) => void setImmediate(done, null, user), { user }],
  ['done(null, false)', (_caller, done) => done(null, false, 'unknown'), { user: undefined, info: 'unknown' }],
  ['done(null, null)', (_caller, done) => done(null, null), { user: undefined }],
  ['a promise of a user', async (_caller) => user, { user }],
  ['a promise of no user', async (_caller) => undefined, { user: undefined }],
  ['an async function that takes done', async (_caller, done) => void setImmediate(done, null, user), { user }],
])('%s is what verify has found', async (_what, verify, found) => {
  expect(await verifyCaller(verify, alice, request)).toEqual({ info: undefined, ...(found as object) })
})

test.each<[what: string, verify: Verify]>([
  ['done with an error', (_caller, done) => done(new Error('no database'))],
  ['a rejected promise', (_caller) => Promise.reject(new Error('no database'))],
  [
    'a rejected promise of a function that takes done',
    async (_caller, _done) => Promise.reject(new Error('no database')),
  ],
  [
    'an error that is thrown',
    (_caller) => {
      throw new Error('no database')
    },
  ],
])('%s is an error of the app', async (_what, verify) => {
  await expect(verifyCaller(verify, alice, request)).rejects.toThrow('no database')
})
