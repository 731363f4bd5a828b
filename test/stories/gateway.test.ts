import { describe, expect, test } from 'vitest'
import { gatewaySite } from './gateway-site.js'

describe('a gateway with Negotiate outside and Kerberos inside', () => {
  test('asks an unknown caller to sign in, and nothing goes inside', async () => {
    await using site = await gatewaySite()
    const answer = await site.ask('/orders')
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Negotiate'])
    expect(site.seen).toEqual([])
  })

  test('lets the inner server answer the caller, in the name of the caller', async () => {
    await using site = await gatewaySite()
    expect(await site.ask('/orders?page=2', { as: 'alice' })).toMatchObject({
      status: 200,
      body: 'alice@AD.TEST /orders?page=2',
    })
    expect(await site.ask('/', { as: 'bob' })).toMatchObject({ status: 200, body: 'bob@AD.TEST /' })
  })
})
