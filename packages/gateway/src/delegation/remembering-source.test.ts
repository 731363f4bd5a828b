import { randomBytes } from 'node:crypto'
import type {
  CallerIdentity,
  OpenedSignInSource,
  SignInRequest,
  SignInResult,
  SignInSite,
  SignInSource,
} from '@s4u/negotiate'
import { beforeEach, expect, test } from 'vitest'
import { requestOf } from '../fixtures/requests.js'
import { rememberingSource } from './remembering-source.js'
import { TypedPasswords } from './typed-passwords.js'

let passwords: TypedPasswords
beforeEach(() => {
  passwords = new TypedPasswords({ lifetime: 1_000, secure: true, now: () => 0, random: randomBytes })
})

const request = (cookie?: string) => ({ request: { headers: { cookie } } }) as unknown as SignInRequest

/** A source that signs in whomever the KDC knows, as a form does. */
class Form implements OpenedSignInSource {
  readonly #site: SignInSite
  readonly #subject: object
  readonly #result: object

  constructor(site: SignInSite, subject: object, result: object) {
    this.#site = site
    this.#subject = subject
    this.#result = result
  }

  brings(): boolean {
    return this.#site !== undefined
  }

  async signIn(): Promise<SignInResult> {
    const identity = await this.#site.identityFor(this.#subject as { user: string; password: string })
    return { status: 'signed-in', identity, ...this.#result }
  }

  signedOut() {
    return { statusCode: 303, headers: { Location: '/', 'set-cookie': ['a=1', 'b=2'] }, body: '' }
  }
}

const alice = { principal: 'alice@AD.TEST' } as CallerIdentity

function open(subject: object, result: object = { location: '/', headers: { 'Set-Cookie': 'x=1' } }) {
  const source: SignInSource = { name: 'form', rules: { a: 1 }, open: (site) => new Form(site, subject, result) }
  const site = { identityFor: async () => alice } as unknown as SignInSite
  const wrapped = rememberingSource(source, passwords)
  expect([wrapped.name, wrapped.rules]).toEqual(['form', { a: 1 }])
  return wrapped.open(site)
}

const typedOf = (caller: CallerIdentity, cookie?: string) => {
  const header = passwords.of(requestOf({ caller, headers: { cookie } }))?.authorization()
  return header && Buffer.from(header.slice(6), 'base64').toString()
}

async function cookieFrom(opened: OpenedSignInSource): Promise<string | undefined> {
  const result = await opened.signIn(request())
  if (result.status !== 'signed-in') throw new Error(result.status)
  const lines = [result.headers?.['Set-Cookie'] ?? []].flat()
  expect(lines[0]).toBe('x=1')
  return lines[1]?.split(';')[0]
}

test('after a form the password is kept for the browser, beside the other cookies', async () => {
  const cookie = await cookieFrom(open({ user: 'AD\\alice', password: 'wonderland' }))
  const later = { principal: 'alice@AD.TEST' } as CallerIdentity
  expect(typedOf(later, cookie)).toBe('AD\\alice:wonderland')
  expect(typedOf(later)).toBeUndefined()
})

test('the new password counts where the old one had expired', async () => {
  const cookie = await cookieFrom(open({ user: 'alice', password: 'old', newPassword: 'new' }))
  expect(typedOf({ principal: 'alice@AD.TEST' } as CallerIdentity, cookie)).toBe('alice:new')
})

test('where each request brings the password, it is for that request alone', async () => {
  const opened = open({ user: 'alice', password: 'wonderland' }, {})
  const [asked, later] = [requestOf({ caller: alice }), requestOf({ caller: alice })]
  const brings = { request: asked.request } as unknown as SignInRequest
  expect(await opened.signIn(brings)).toEqual({ status: 'signed-in', identity: alice })
  const typed = (one: typeof asked) => passwords.of(one)?.authorization()
  expect(typed(asked)).toBe(`Basic ${Buffer.from('alice:wonderland').toString('base64')}`)
  expect(typed({ ...asked, caller: { principal: 'bob@AD.TEST' } as CallerIdentity })).toBeUndefined()
  expect(typed(later)).toBeUndefined()
})

test.each([
  ['a one-time password', { user: 'alice', password: 'pin', otp: '123456' }],
  ['a name with a colon, which Basic cannot carry', { user: 'ali:ce', password: 'x' }],
  ['a name with a control', { user: 'alice\0', password: 'x' }],
  ['a password with a line break', { user: 'alice', password: 'x\r\nX-Admin: 1' }],
])('%s is not remembered', async (_, subject) => {
  expect(await cookieFrom(open(subject))).toBeUndefined()
})

test('a sign-out forgets the password, and removes all cookies that it did before', async () => {
  const opened = open({ user: 'alice', password: 'wonderland' })
  const cookie = await cookieFrom(opened)
  expect(opened.signedOut?.(request(cookie), undefined)?.headers).toEqual({
    Location: '/',
    'Set-Cookie': ['a=1', 'b=2', expect.stringContaining('__Host-s4u-typed=; Path=/; Max-Age=0')],
  })
  expect(typedOf({ principal: 'alice@AD.TEST' } as CallerIdentity, cookie)).toBeUndefined()
})

test('members that a source does not have get their defaults', async () => {
  const opened = open({ user: 'alice', password: 'x' })
  expect([opened.requireTls, opened.ambient, opened.brings(request()), opened.offer?.(request())]).toEqual([
    true,
    true,
    true,
    {},
  ])
  opened.screen?.(request())
  await opened.ready?.()
  opened.close?.()
})
