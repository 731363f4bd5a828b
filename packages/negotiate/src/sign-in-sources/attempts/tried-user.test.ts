import { KdcError, type KdcAnswer } from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { TriedUsers, triedUserOf, withoutUnknownName } from './tried-user.js'

const of = (account: string): KdcAnswer => ({
  step: 'AS',
  account: `${account}@AD.TEST`,
  target: 'krbtgt/AD.TEST',
  errorCode: 6,
})
const unknown = new KdcError(
  { ...of('hunter2'), errorText: 'there is no hunter2' },
  { code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN' },
)
const wrong = (account: string): KdcError =>
  new KdcError({ ...of(account), errorCode: 24 }, { code: 'KDC_ERR_PREAUTH_FAILED' })

const shown = (users: TriedUsers, user: string | undefined, refusal: Error = new Error('no')): string | undefined => {
  users.note(refusal, user)
  return triedUserOf(refusal)
}

test('a name that the KDC knows is shown, as every name that a stranger chooses', () => {
  const users = new TriedUsers()
  expect(shown(users, 'alice', wrong('alice'))).toBe('alice')
  expect(shown(users, ' ALICE ')).toBe('ALICE')
  expect(shown(users, '<img src=x>"\n\u{202e}', wrong('<img src=x>"\n\u{202e}'))).toBe(
    '\\u{3c}img src=x\\u{3e}\\u{22}\\u{a}\\u{202e}',
  )
})

test('of a text that is no account a digest is shown, the same for the same text: it may be a password', () => {
  const users = new TriedUsers()
  const first = shown(users, 'hunter2', withoutUnknownName(unknown) as Error)
  expect(first).toMatch(/^unknown [0-9a-f]{8}$/)
  expect(shown(users, 'Hunter2')).toBe(first)
  expect(shown(users, 'hunter3')).not.toBe(first)
  expect(shown(users, 'hunter2', wrong('svc-web'))).toBe(first)
  users.exists('alice')
  expect(shown(users, 'alice@hunter2')).toMatch(/^unknown [0-9a-f]{8}$/)
  expect(shown(users, 'x'.repeat(1_000), wrong('x'.repeat(1_000)))).toMatch(/^unknown [0-9a-f]{8}$/)
})

test('a name is known once somebody has signed in with it, and ten thousand are remembered', () => {
  const users = new TriedUsers()
  users.exists('alice')
  expect(shown(users, 'alice')).toBe('alice')
  for (let index = 0; index < 10_000; index++) users.exists(`user${index}`)
  expect(shown(users, 'alice')).toMatch(/^unknown /)
  expect(shown(users, 'user9999')).toBe('user9999')
})

test('where no name is known, none is shown', () => {
  expect([shown(new TriedUsers(), undefined), shown(new TriedUsers(), '')]).toEqual([undefined, undefined])
})

test('a refusal of the KDC loses the name that nobody has, and any other stays as it is', () => {
  expect(withoutUnknownName(unknown)).toMatchObject({
    ...{ name: 'RejectedTokenError', code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN', status: 401 },
    message: 'nobody has the name that was typed',
  })
  const other = wrong('alice')
  expect(withoutUnknownName(other)).toBe(other)
})
