import type { KdcClientOptions } from '@s4u/kdc-client'
import { createNegotiator } from '@s4u/negotiate'
import { createTestRealm } from '@s4u/test-kdc'
import { describe, expect, test, vi } from 'vitest'

const VALUE = '755224'

async function site(kdc: Pick<KdcClientOptions, 'fast'> = {}) {
  const accepts = vi.fn((value: string) => value === VALUE || value === `pw-otto${VALUE}`)
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { otto: { password: 'pw-otto', otp: { accepts } }, alice: { password: 'pw-alice' } },
    services: {
      web: { spns: ['HTTP/web.ad.test'], allowedToDelegateTo: ['HTTP/api.ad.test'] },
      api: { spns: ['HTTP/api.ad.test'] },
    },
  })
  const service = createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: { kdc: realm.transport, ...kdc },
    delegation: { principal: 'web' },
    now: () => realm.now,
  })
  return { realm, service, accepts }
}

describe('a user with a token', () => {
  test('signs in with what it shows, and the service acts as her where the directory lists it', async () => {
    const { service, accepts } = await site()
    const otto = await service.identityFor({ user: 'otto', otp: VALUE })
    expect(otto).toMatchObject({ principal: 'otto@AD.TEST', authenticationMethod: 'otp' })
    using acting = otto.impersonate()
    expect((await acting.ticketFor('HTTP/api.ad.test')).client.name.nameString).toEqual(['otto'])
    expect(accepts.mock.calls.map(([value]) => value)).toEqual([VALUE])
  })

  test('signs in with the password beside it, and by another method’s name', async () => {
    const { service, accepts } = await site()
    const otto = await service.identityFor({ user: 'otto', password: 'pw-otto', otp: VALUE }, { method: 'badge' })
    expect(otto).toMatchObject({ principal: 'otto@AD.TEST', authenticationMethod: 'badge' })
    expect(accepts.mock.calls.map(([value]) => value)).toEqual([`pw-otto${VALUE}`])
  })

  test('does not sign in with another value, nor without armor', async () => {
    const { service } = await site()
    await expect(service.identityFor({ user: 'otto', otp: '000000' })).rejects.toMatchObject({
      name: 'KdcError',
      code: 'KDC_ERR_PREAUTH_FAILED',
      status: 401,
    })
    const { service: without, accepts } = await site({ fast: 'off' })
    await expect(without.identityFor({ user: 'otto', otp: VALUE })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'KRB5_ERR_FAST_REQUIRED',
    })
    expect(accepts).not.toHaveBeenCalled()
  })
})

test('a user without a token does not sign in with a password that is given beside a one-time password', async () => {
  const { service } = await site()
  const asked = service.identityFor({ user: 'alice', password: 'pw-alice', otp: VALUE })
  await expect(asked).rejects.toMatchObject({ name: 'KdcError', code: 'KDC_ERR_PADATA_TYPE_NOSUPP' })
})

test.each<[what: string, subject: object]>([
  ['a number', { user: 'otto', otp: 755_224 }],
  ['nothing', { user: 'otto', otp: null }],
  ['nothing beside a password', { user: 'otto', password: 'pw-otto', otp: undefined }],
  ['a value of nobody', { otp: VALUE }],
  ['a value with a password that is none', { user: 'otto', password: null, otp: VALUE }],
])('%s is refused as no one-time password of a user', async (_what, subject) => {
  const { service, accepts } = await site()
  await expect(service.identityFor(subject as { user: string; otp: string })).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: 'identityFor: user, password and otp must be texts',
  })
  expect(accepts).not.toHaveBeenCalled()
})
