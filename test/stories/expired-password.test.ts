import { createNegotiator, type KdcOptions } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'

const OLD = 'old-Secret-1'
const NEW = 'new-Secret-2'

/**
 * Alice, whose password must be changed; bob, whose is good; and a service at whose form they sign
 * in.
 */
async function form(options: KdcOptions = {}) {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: {
      alice: { password: OLD, mustChangePassword: true, upn: 'alice.liddell@corp.example' },
      bob: { password: OLD },
    },
    services: { web: { spns: ['HTTP/web.ad.test'] } },
    passwordPolicy: { minimumLength: 8 },
  })
  const changes: string[] = []
  const kpasswd: typeof realm.kpasswd = (request, given) => {
    changes.push('changed')
    return realm.kpasswd(request, given)
  }
  const keytab = realm.keytabFor('web')
  const negotiator = createNegotiator({ keytab, kdc: { kdc: realm.transport, kpasswd, ...options } })
  return { realm, negotiator, changes }
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'none',
    (error: Error & { code?: unknown }) => error.code,
  )
const exchangesOf = (realm: TestRealm, service: string) =>
  realm.exchanges.filter((exchange) => exchange.service === service)

describe('a password that must be changed', () => {
  test('is refused by itself, with what to do about it', async () => {
    const { negotiator, changes } = await form()
    const error = await negotiator.identityFor({ user: 'alice', password: OLD }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'KDC_ERR_KEY_EXPIRED',
      status: 401,
      hint: expect.stringContaining('identityFor with a newPassword'),
    })
    expect(changes).toEqual([])
  })

  test.each(['alice', 'AD\\alice', 'alice@AD.TEST', 'alice.liddell@corp.example'])(
    'is changed to the new one beside it, with which %s is signed in',
    async (user) => {
      const { negotiator, changes } = await form()
      const alice = await negotiator.identityFor({ user, password: OLD, newPassword: NEW })
      expect(alice).toMatchObject({ principal: 'alice@AD.TEST', authenticationMethod: 'basic' })
      expect(changes).toHaveLength(1)
      expect((await negotiator.identityFor({ user, password: NEW })).principal).toBe('alice@AD.TEST')
      expect(await codeOf(negotiator.identityFor({ user, password: OLD }))).toBe('KDC_ERR_PREAUTH_FAILED')
    },
  )

  test('goes to the KDC in armor for the change too', async () => {
    const { negotiator, realm } = await form({ fast: 'require' })
    await negotiator.identityFor({ user: 'alice', password: OLD, newPassword: NEW })
    expect(exchangesOf(realm, 'kadmin/changepw').map(({ armored, outcome }) => [armored, outcome])).toContainEqual([
      true,
      'issued',
    ])
    expect(exchangesOf(realm, 'kadmin/changepw').every(({ armored }) => armored)).toBe(true)
  })

  test('is not changed by who does not know it', async () => {
    const { negotiator, changes } = await form()
    const guess = negotiator.identityFor({ user: 'alice', password: 'guessed', newPassword: NEW })
    expect(await codeOf(guess)).toBe('KDC_ERR_PREAUTH_FAILED')
    expect(changes).toEqual([])
  })

  test('stays as it is when the new one does not please the directory, and the user can be told why', async () => {
    const { negotiator } = await form()
    const subject = { user: 'alice', password: OLD }
    const error = await negotiator.identityFor({ ...subject, newPassword: 'short' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      name: 'PasswordChangeRefusedError',
      status: 400,
      text: 'The password must have at least 8 characters.',
    })
    expect((await negotiator.identityFor({ ...subject, newPassword: NEW })).principal).toBe('alice@AD.TEST')
  })

  test('has been changed when the sign-in after it fails, and the error says so', async () => {
    const { negotiator, realm } = await form({
      kpasswd: async (request) => {
        const answer = await realm.kpasswd(request)
        realm.change('alice', { disabled: true })
        return answer
      },
    })
    const error = await negotiator
      .identityFor({ user: 'alice', password: OLD, newPassword: NEW })
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'KDC_ERR_CLIENT_REVOKED',
      status: 401,
      hint: expect.stringMatching(
        /^The password of alice has been changed already: the new one is the right one now\. /,
      ),
    })
  })
})

describe('a service whose keys have changed while the password was', () => {
  test('is told that its keytab is too old, and that the password has been changed', async () => {
    const { negotiator, realm } = await form({
      kpasswd: async (request) => {
        const answer = await realm.kpasswd(request)
        await realm.changePassword('web')
        return answer
      },
    })
    const subject = { user: 'alice', password: OLD, newPassword: NEW }
    const error = await negotiator.identityFor(subject).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      name: 'MissingKeyError',
      code: 'KRB_AP_ERR_BADKEYVER',
      hint: expect.stringMatching(
        /^The password of alice has been changed already: the new one is the right one now\. /,
      ),
    })
  })
})

describe('a password that is good', () => {
  test('stays as it is, whatever stands beside it', async () => {
    const { negotiator, changes } = await form()
    const bob = await negotiator.identityFor({ user: 'bob', password: OLD, newPassword: NEW })
    expect([bob.principal, changes]).toEqual(['bob@AD.TEST', []])
    expect((await negotiator.identityFor({ user: 'bob', password: OLD })).principal).toBe('bob@AD.TEST')
  })
})

test.each([null, 12345678, ['x']])('a new password that is no text is refused (%j)', async (newPassword) => {
  const { negotiator, changes } = await form()
  // @ts-expect-error a form may bring anything
  const signIn = negotiator.identityFor({ user: 'alice', password: OLD, newPassword })
  await expect(signIn).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: 'identityFor: user, password and otp must be texts',
  })
  expect(changes).toEqual([])
})
