import { randomBytes } from 'node:crypto'
import { createNegotiator, type FailedEvent, type NegotiatorOptions, type Session } from '@s4u/negotiate'
import { createTestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { corporation, Desktop } from '../stories/fixtures/corporation.js'
import { type Answer, oneConnection, serve } from '../stories/fixtures/serve.js'
import { stacks, type Visit } from '../stories/fixtures/stacks.js'

/** Whoever has a session that is not meant for him, for this app, or for this long. */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const keys = [randomBytes(32)]
const session = { kind: 'cookie', keys, secure: false } as const
const cookieOf = ({ headers }: Answer): string =>
  (headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')

describe('who takes the session of one app to another one', () => {
  const build = (options: NegotiatorOptions) =>
    serve(stacks[4].build({ options: { keytab, session, ...options } }).listener)

  test.each<[string, NegotiatorOptions, NegotiatorOptions]>([
    ['which wants a PAC', {}, { requirePac: true }],
    ['which trusts no other realm', {}, { trustedRealms: [] }],
    ['which trusts fewer realms', { trustedRealms: ['A.TEST', 'B.TEST'] }, { trustedRealms: ['A.TEST'] }],
    ['which binds channels', { channelBinding: 'allow' }, { channelBinding: 'require' }],
    ['which looks at addresses', {}, { checkAddresses: true }],
    ['which takes no replays', { replayCache: false }, {}],
    ['which is another service', { service: 'HTTP/web.ad.test' }, { service: 'web' }],
    ['which vouches for nobody', { delegation: { protocolTransition: true } }, {}],
    ['whose cookie has another name', {}, { session: { ...session, name: 'admin' } }],
    ['whose cookie is of another path', {}, { session: { ...session, name: 's4u', path: '/admin' } }],
  ])('%s, is asked for a token', async (_which, lax, strict) => {
    await using first = await build(lax)
    await using twin = await build(lax)
    await using second = await build(strict)
    const cookie = cookieOf(await first.get('/', { authorization: await alice.authorization() }))
    const renamed = cookie.replace(/^[^=]+/, (strict.session as { name?: string } | undefined)?.name ?? 's4u')
    expect((await twin.get('/', { headers: { cookie } })).status).toBe(200)
    expect((await second.get('/', { headers: { cookie: renamed } })).status).toBe(401)
  })

  test('whose keytab has other services with the same key, is asked for a token', async () => {
    const spns = ['HTTP/web.ad.test', 'HTTP/admin.ad.test']
    await using other = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'wonderland' } },
      services: { farm: { spns } },
    })
    const both = other.keytabFor('farm')
    await using first = await build({ keytab: both, service: spns[0] })
    await using second = await build({ keytab: both, service: spns[1] })
    const cookie = cookieOf(await first.get('/', { authorization: await new Desktop(other, 'alice').authorization() }))
    expect((await first.get('/', { headers: { cookie } })).status).toBe(200)
    expect((await second.get('/', { headers: { cookie } })).status).toBe(401)
  })

  test('which lets sessions last less long, is asked for a token sooner', async () => {
    let later = 0
    const now = () => Date.now() + later
    await using first = await build({ now })
    await using second = await build({ now, session: { ...session, maxAge: 60_000 } })
    const cookie = cookieOf(await first.get('/', { authorization: await alice.authorization() }))
    expect((await second.get('/', { headers: { cookie } })).status).toBe(200)
    later = 61_000
    expect((await second.get('/', { headers: { cookie } })).status).toBe(401)
    expect((await first.get('/', { headers: { cookie } })).status).toBe(200)
  })
})

describe.each(stacks)('$name: who has stolen a session', (stack) => {
  const open = async (kind: 'cookie' | 'connection') => {
    const ended = new Set<string>()
    const codes: (string | number | undefined)[] = []
    const shown: Session[] = []
    const isRevoked = (one: Session): boolean => {
      shown.push(one)
      return ended.has(one.id)
    }
    const handle = ({ identity, negotiator, given, url }: Visit): unknown => {
      const mine = negotiator.sessionOf(given)
      if (url === '/logout' && mine !== undefined) ended.add(mine.id)
      return { principal: identity?.principal, session: mine }
    }
    const options: NegotiatorOptions = {
      keytab,
      session: kind === 'cookie' ? { ...session, isRevoked } : { kind, isRevoked },
      onFailed: ({ code, statusCode }: FailedEvent) => void codes.push(code, statusCode),
    }
    const site = await serve(stack.build({ options, handle }).listener)
    return { ended, codes, shown, site, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() }
  }

  test('has nothing when its owner has signed out, and its owner’s other sessions go on', async () => {
    await using app = await open('cookie')
    const [stolen, other] = await Promise.all(
      [1, 2].map(async () => cookieOf(await app.site.get('/', { authorization: await alice.authorization() }))),
    )
    expect((await app.site.get('/logout', { headers: { cookie: stolen } })).status).toBe(200)
    const answer = await app.site.get('/', { headers: { cookie: stolen } })
    expect(answer.status).toBe(401)
    expect(answer.headers['set-cookie']).toEqual([expect.stringMatching(/Max-Age=0/)])
    expect(app.codes).toEqual(['S4U_SESSION_REVOKED', undefined])
    expect((await app.site.get('/', { headers: { cookie: other } })).status).toBe(200)
    expect(app.shown[0]).toMatchObject({
      kind: 'cookie',
      principal: 'alice@AD.TEST',
      sid: expect.stringMatching(/^S-1-5-21-/),
      authenticationMethod: 'kerberos',
    })
  })

  test('has nothing on the connection either', async () => {
    await using app = await open('connection')
    const agent = oneConnection()
    await app.site.get('/', { agent, authorization: await alice.authorization() })
    expect(JSON.parse((await app.site.get('/', { agent })).body).session.kind).toBe('connection')
    await app.site.get('/logout', { agent })
    expect((await app.site.get('/', { agent })).status).toBe(401)
    expect((await app.site.get('/', { agent })).status).toBe(401)
    expect(app.codes).toEqual(['S4U_SESSION_REVOKED', undefined])
  })
})

describe.each(stacks)('$name: a cache in between', (stack) => {
  const headersOf = async (options: NegotiatorOptions, ...steps: readonly string[]) => {
    await using site = await serve(stack.build({ options: { keytab, mode: 'optional', ...options } }).listener)
    const agent = oneConnection()
    let cookie = ''
    let answer: Answer | undefined
    for (const step of steps) {
      const authorization = step === 'token' ? await alice.authorization() : undefined
      answer = await site.get('/', { agent, headers: { cookie }, ...(authorization && { authorization }) })
      cookie ||= cookieOf(answer)
    }
    agent.destroy()
    const { vary, 'cache-control': cacheControl } = answer!.headers
    return [cacheControl, vary]
  }

  test('keeps no page of a user who is known by a cookie or a connection, and mixes up none', async () => {
    const cookies = { session }
    const connection = { session: 'connection' } as const
    expect(await headersOf(cookies, 'token')).toEqual(['private, no-store', 'Authorization, Cookie'])
    expect(await headersOf(cookies, 'token', 'session')).toEqual(['private, no-store', 'Authorization, Cookie'])
    expect(await headersOf(cookies, 'nothing')).toEqual([undefined, 'Authorization, Cookie'])
    expect(await headersOf(connection, 'token')).toEqual(['private, no-store', '*'])
    expect(await headersOf(connection, 'token', 'connection')).toEqual(['private, no-store', '*'])
    expect(await headersOf(connection, 'nothing')).toEqual([undefined, '*'])
  })

  test('is told nothing where there are no sessions: it keeps nothing of a request with a token by itself', async () => {
    expect(await headersOf({}, 'token')).toEqual([undefined, undefined])
    expect(await headersOf({}, 'nothing')).toEqual([undefined, undefined])
  })
})

test('an app whose look-up of revoked sessions is down lets sessions wait, and tokens in', async () => {
  const codes: string[] = []
  const negotiator = createNegotiator({
    keytab,
    session: { ...session, isRevoked: () => Promise.reject(new Error('ECONNREFUSED')) },
    onFailed: ({ code }) => void codes.push(code),
  })
  const cookie = String(negotiator.startSession(await signedIn(negotiator))['Set-Cookie']).split(';')[0]
  const outcome = await negotiator.authenticate({ headers: { cookie } })
  expect(outcome).toMatchObject({ status: 'challenge', statusCode: 401 })
  expect(outcome.headers['Set-Cookie']).toBeUndefined()
  expect(codes).toEqual(['S4U_SESSION_REVOCATION_UNKNOWN'])
})

async function signedIn(negotiator: ReturnType<typeof createNegotiator>) {
  const outcome = await negotiator.authenticate({ headers: { authorization: await alice.authorization() } })
  if (outcome.status !== 'authenticated') throw new Error(outcome.status)
  return outcome.identity
}
