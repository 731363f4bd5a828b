import { Identity } from '@s4u/acceptor'
import { expect, test, vi } from 'vitest'
import { callerWith, claimsWith } from '../fixtures/identities.js'
import type { CallerAccount, CallerDirectory } from './caller-directory.js'
import { Profiles } from './profiles.js'

const ALICE: CallerAccount = {
  dn: 'CN=alice,DC=ad,DC=test',
  sid: undefined,
  name: 'alice',
  principal: 'alice@AD.TEST',
  userPrincipalName: 'alice@ad.test',
  displayName: 'Alice Liddell',
  mail: 'alice@ad.test',
  department: 'Sales',
  servicePrincipalNames: [],
  groupSids: ['S-1-5-21-1-2-3-1104'],
}

function profilesWith(account: CallerAccount | undefined, now = () => 0) {
  const asked = vi.fn<CallerDirectory['account']>(async () => account)
  const directory: CallerDirectory = {
    account: asked,
    namesOf: async (sids) => new Map([...sids].map((sid) => [sid, `AD\\${sid.slice(-4)}`])),
    sidOf: () => expect.unreachable(),
  }
  return { asked, profiles: new Profiles(async () => directory, now) }
}

test('a profile has what the directory says, and the names of the groups', async () => {
  const { asked, profiles } = profilesWith(ALICE)
  const identity = new Identity(claimsWith())
  expect(await profiles.of(identity)).toMatchObject({
    accountName: 'alice',
    displayName: 'Alice Liddell',
    mail: 'alice@ad.test',
    department: 'Sales',
    dn: 'CN=alice,DC=ad,DC=test',
  })
  expect(asked).toHaveBeenCalledWith('alice@AD.TEST')
})

test('is asked for once in five minutes, whoever asks at once', async () => {
  let now = 0
  const { asked, profiles } = profilesWith(ALICE, () => now)
  const identity = new Identity(claimsWith())
  await Promise.all([profiles.of(identity), profiles.of(identity)])
  now = 299_999
  await profiles.of(identity)
  expect(asked).toHaveBeenCalledTimes(1)
  now = 300_000
  await profiles.of(identity)
  expect(asked).toHaveBeenCalledTimes(2)
})

test.each([
  ['has no such account', undefined],
  ['answered with another account', { ...ALICE, principal: 'bob@AD.TEST' }],
  ['answered with another account', { ...ALICE, principal: 'alice@EVIL.TEST' }],
])('is refused where the directory %s', async (what, account) => {
  const { asked, profiles } = profilesWith(account)
  const identity = new Identity(claimsWith())
  await expect(profiles.of(identity)).rejects.toMatchObject({
    name: 'RejectedTokenError',
    message: `profile: the directory ${what} for alice@AD.TEST`,
    status: 502,
  })
  // A failure is not kept.
  await profiles.of(identity).catch(() => {})
  expect(asked).toHaveBeenCalledTimes(2)
})

test('without a directory there is none', async () => {
  await expect(callerWith().profile()).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: 'identity.profile() needs a directory, and this negotiator has none',
  })
})
