import type { ChallengeEvent, FailedEvent } from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'
import { CautiousClient } from './fixtures/cautious-client.js'
import { corporation, Desktop } from './fixtures/corporation.js'
import { oneConnection, serve } from './fixtures/serve.js'
import { stacks } from './fixtures/stacks.js'

/**
 * Clients that need more than one request to say who they are. What ties their requests together is
 * the connection.
 */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const bob = new Desktop(realm, 'bob')

describe.each(stacks)('$name', (stack) => {
  test('lets a client in that confirms its list of mechanisms, in three legs', async () => {
    const challenges: ChallengeEvent[] = []
    const options = { keytab, onChallenge: (event: ChallengeEvent) => void challenges.push(event) }
    await using site = await serve(stack.build({ options }).listener)
    const answer = await new CautiousClient({ site, agent: oneConnection(), desktop: alice }).signIn()
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ principal: 'alice@AD.TEST' })
    expect(challenges.map(({ reason }) => reason)).toEqual(['continue', 'continue'])
  })

  test('refuses a leg on another connection', async () => {
    await using watched = await watch(stack)
    const { site, codes } = watched
    const first = new CautiousClient({ site, agent: oneConnection(), desktop: alice })
    const other = new CautiousClient({ site, agent: oneConnection(), desktop: alice })
    const { answer, mechTypes } = await first.begin()
    expect((await other.finish(answer, mechTypes)).status).toBe(401)
    expect(codes).toEqual(['GSS_S_NO_CONTEXT'])
  })

  test.each([
    ['via', '1.1 proxy'],
    ['x-forwarded-for', '10.0.0.1'],
    ['x-real-ip', '10.0.0.1'],
    ['forwarded', 'for=10.0.0.1'],
  ])('refuses several legs through a proxy that sends %s', async (name, value) => {
    const headers = { [name]: value }
    await using watched = await watch(stack)
    const { site, codes } = watched
    const client = new CautiousClient({ site, agent: oneConnection(), desktop: alice, headers })
    expect((await client.signIn()).status).toBe(401)
    expect(codes).toEqual(['GSS_S_UNAVAILABLE'])
    expect((await site.get('/', { headers, authorization: await alice.authorization() })).status).toBe(200)
  })

  test('never mixes two users on one connection: neither goes on, and both may begin again', async () => {
    await using watched = await watch(stack)
    const { site, codes } = watched
    const agent = oneConnection()
    const clients = [alice, bob].map((desktop) => new CautiousClient({ site, agent, desktop }))
    const begun = await clients[0].begin()
    expect((await clients[1].signIn()).status).toBe(401)
    expect((await clients[0].finish(begun.answer, begun.mechTypes)).status).toBe(401)
    expect(codes).toEqual(['GSS_S_UNAVAILABLE', 'GSS_S_NO_CONTEXT'])
    expect(JSON.parse((await clients[1].signIn()).body)).toMatchObject({ principal: 'bob@AD.TEST' })
    expect(JSON.parse((await clients[0].signIn()).body)).toMatchObject({ principal: 'alice@AD.TEST' })
  })
})

test('a client that thinks too long between two legs begins again', async () => {
  let later = 0
  await using watched = await watch(stacks[0], { now: () => Date.now() + later })
  const { site, codes } = watched
  const client = new CautiousClient({ site, agent: oneConnection(), desktop: alice })
  const { answer, mechTypes } = await client.begin()
  later = 61_000
  expect((await client.finish(answer, mechTypes)).status).toBe(401)
  expect(codes).toEqual(['GSS_S_NO_CONTEXT'])
})

async function watch(stack: (typeof stacks)[number], more: { now?: () => number } = {}) {
  const codes: string[] = []
  const onFailed = ({ code }: FailedEvent): void => void codes.push(code)
  const site = await serve(stack.build({ options: { keytab, onFailed, ...more } }).listener)
  return { site, codes, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() }
}
