import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { type Answer, serve } from './fixtures/serve.js'
import { stacks, type Visit } from './fixtures/stacks.js'

/** Handlers that throw: what goes out with a 500 is about its own caller and nobody else. */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const desktops = [new Desktop(realm, 'alice'), new Desktop(realm, 'bob')]
const session = { kind: 'cookie', keys: [randomBytes(32)] } as const

const cookiesOf = ({ headers }: Answer): readonly string[] => headers['set-cookie'] ?? []

describe.each(stacks)('$name, where requests fail with one and the same error', (stack) => {
  /** Everybody gets the same rejected promise, as from a cache that also keeps failures. */
  const open = (fault: unknown) => {
    const failure = Promise.reject(fault)
    failure.catch(() => {})
    const handle = async ({ identity, url }: Visit): Promise<unknown> => {
      if (url !== '/fails') return identity
      return failure
    }
    return serve(stack.build({ options: { keytab, session }, handle }).listener)
  }

  const expectOwn = async (site: Awaited<ReturnType<typeof open>>, answers: readonly Answer[]): Promise<void> => {
    for (const [index, answer] of answers.entries()) {
      expect(answer.status).toBe(500)
      expect(cookiesOf(answer)).toHaveLength(1)
      const headers = { cookie: cookiesOf(answer)[0].split(';')[0] }
      expect(JSON.parse((await site.get('/', { headers })).body).name).toBe(index % 2 === 0 ? 'alice' : 'bob')
    }
    const proofs = answers.map(({ headers }) => headers['www-authenticate'])
    for (const proof of proofs) expect(proof).toMatch(/^Negotiate [\w+/]+=*$/)
    expect(new Set(proofs).size).toBe(proofs.length)
  }

  test('each caller is sent its own session and proof, one after the other', async () => {
    const error = Object.assign(new Error('the backend is away'), { headers: { 'X-Backend': 'away' } })
    await using site = await open(error)
    const answers: Answer[] = []
    for (const desktop of [...desktops, ...desktops])
      answers.push(await site.get('/fails', { authorization: await desktop.authorization() }))
    await expectOwn(site, answers)
    expect(error.headers).toEqual({ 'X-Backend': 'away' })
  })

  test('each caller is sent its own session and proof, at once', async () => {
    const error = new Error('the backend is away')
    await using site = await open(error)
    const tokens = await Promise.all([...desktops, ...desktops].map(async (desktop) => desktop.authorization()))
    const answers = await Promise.all(tokens.map(async (authorization) => site.get('/fails', { authorization })))
    await expectOwn(site, answers)
    expect(error).not.toHaveProperty('headers')
  })

  test('who comes with a session is sent nothing of whom has signed in just now', async () => {
    await using site = await open(new Error('the backend is away'))
    const bob = await site.get('/', { authorization: await desktops[1].authorization() })
    const headers = { cookie: cookiesOf(bob)[0].split(';')[0] }
    expect(cookiesOf(await site.get('/fails', { authorization: await desktops[0].authorization() }))).toHaveLength(1)
    const answer = await site.get('/fails', { headers })
    expect(answer.status).toBe(500)
    expect(cookiesOf(answer)).toEqual([])
    expect(answer.headers['www-authenticate']).toBeUndefined()
  })
})
