import { Identity } from '@s4u/acceptor'
import { authorizationFor, currentIdentity, fetch } from '@s4u/fetch'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { callerWith } from '../fixtures/identities.js'

test('is an identity, frozen, and prints no secret', () => {
  const alice = callerWith()
  expect(alice).toBeInstanceOf(Identity)
  expect(Object.isFrozen(alice)).toBe(true)
  expect(inspect(alice, { depth: 10, showHidden: true })).toBe('CallerIdentity(alice@AD.TEST, kerberos, delegation)')
  expect(JSON.stringify(alice)).not.toContain('cipher')
})

test('can be acted as without a switch of anything ambient', () => {
  using alice = callerWith().impersonate()
  expect(alice.principal).toBe('alice@AD.TEST')
  expect(currentIdentity()).toBeUndefined()
})

test('is ambient within a callback and what it starts, and nowhere else', async () => {
  const seen: unknown[] = []
  const look = (): void => void seen.push(currentIdentity()?.principal)
  const value = await callerWith().impersonate(async (alice) => {
    look()
    await new Promise((resolve) => setTimeout(resolve, 1))
    look()
    return alice.principal
  })
  look()
  expect(value).toBe('alice@AD.TEST')
  expect(seen).toEqual(['alice@AD.TEST', 'alice@AD.TEST', undefined])
})

test('is the one whom requests of the callback are made as, and headers for other clients', async () => {
  await callerWith().impersonate(async (alice) => {
    for (const request of [fetch, authorizationFor])
      await expect(request('http://api.ad.test/')).rejects.toThrow('no KDC here')
    alice[Symbol.dispose]()
    for (const request of [fetch, authorizationFor])
      await expect(request('http://api.ad.test/')).rejects.toThrow('has ended')
  })
})
