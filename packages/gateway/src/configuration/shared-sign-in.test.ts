import { expect, test } from 'vitest'
import { checkedSettings } from './checked-settings.js'
import { Secret } from './options/secret.js'
import { sharedSignInKey } from './shared-sign-in.js'

function keyWith(secret: string): string {
  const { sites } = checkedSettings({
    listeners: { address: ':80', plain: true },
    sites: {
      hosts: 'a.test',
      to: 'http://b.test',
      signIn: { passcode: { radius: { servers: 'radius.test', secret } } },
    },
  })
  return sharedSignInKey(sites[0].signIn, sites[0])
}

test('sites share their users where their ways to sign in are the same, also in their secrets', () => {
  expect(keyWith('one secret of it')).toBe(keyWith('one secret of it'))
  expect(keyWith('one secret of it')).not.toBe(keyWith('other secret of it'))
  expect(JSON.stringify(new Secret('one secret of it'))).toBe('"[secret]"')
})
