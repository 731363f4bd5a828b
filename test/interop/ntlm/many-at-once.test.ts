import { once } from 'node:events'
import { Agent, request as send } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ntlm } from '@s4u/sign-in'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { authenticateTo, negotiateOf } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import { ntHashOf } from '../../../packages/ntlm/src/response/ntlmv2-keys.js'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type FaultingRelay, startFaultingRelay } from './faulting-relay.js'
import { joinMachine } from './ntlm-domain.js'
import { type RealSite, startRealSite } from './real-site.js'

const CALLERS = 1_000
/** A user whose password is right, and one whom the domain does not know. */
const USERS = ['alice', 'mallory', 'bob', 'nobody'] as const
const KNOWN: readonly string[] = ['alice', 'bob']
/** No address may have more than a hundred sign-ins under way. */
const ADDRESSES = 20
/** Of both ends of a connection and of its handshake; octets. */
const MOST_OF_EACH = 100_000

await describeRealms('a thousand handshakes with NTLM at the same time', ['CORP'], (info) => {
  const realm = realmOf(info, 'CORP')
  let relay: FaultingRelay
  let site: RealSite
  let domain: string
  const hashes = new Map<string, Uint8Array>()
  const agents: Agent[] = []

  beforeAll(async () => {
    const { options } = await joinMachine(realm, 'NTLM13', 'Pa55word-of-NTLM13')
    domain = options.domain
    relay = await startFaultingRelay(`${info.block}.50`, realm.kdc.host)
    const source = ntlm({ ...options, controllers: relay.address, requireTls: false })
    // All of one user, and of one address, are under way at the same time.
    const attempts = { pace: 0, perUser: 2 * CALLERS, perAddress: 2 * CALLERS }
    site = await startRealSite(realm, { ntlm: source, signInOptions: { attempts } })
    await site.negotiator.ready()
    for (const user of USERS) hashes.set(user, await ntHashOf(`pw-${user}`))
  }, 240_000)
  afterAll(async () => {
    for (const agent of agents) agent.destroy()
    await site?.[Symbol.asyncDispose]()
    await relay?.[Symbol.asyncDispose]()
  })

  /** One connection, from one of several addresses. */
  function connection(at: number) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    agents.push(agent)
    return async (headers: Readonly<Record<string, string>>) => {
      const where = { host: '127.0.0.1', port: site.port, localAddress: `127.0.0.${2 + (at % ADDRESSES)}` }
      const asked = send({ ...where, agent, headers })
      asked.end()
      const [response] = await once(asked, 'response')
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      const challenge = /NTLM ([A-Za-z0-9+/=]+)/.exec(String(response.headers['www-authenticate'] ?? ''))?.[1] ?? ''
      const [cookie = ''] = String(response.headers['set-cookie'] ?? '').split(';')
      return { status: Number(response.statusCode), challenge, cookie, body: Buffer.concat(chunks).toString() }
    }
  }

  const headerOf = (message: Uint8Array) => ({ authorization: `NTLM ${Buffer.from(message).toString('base64')}` })
  const bodyOf = (user: string): unknown =>
    KNOWN.includes(user) ? expect.stringContaining(`"principal":"${user}@CORP.TEST"`) : expect.anything()

  test('each gets its own answer and its own session, over four connections to the controller', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const callers = Array.from({ length: CALLERS }, (_, at) => ({
      user: USERS[at % USERS.length],
      say: connection(at),
    }))
    collect()
    const before = process.memoryUsage().heapUsed
    const challenges = await Promise.all(callers.map(({ say }) => say(headerOf(negotiateOf()))))
    collect()
    expect((process.memoryUsage().heapUsed - before) / CALLERS).toBeLessThan(MOST_OF_EACH)
    expect(new Set(challenges.map(({ challenge }) => challenge)).size).toBe(CALLERS)

    const answers = await Promise.all(
      callers.map(({ user, say }, at) => {
        const challenge = new Uint8Array(Buffer.from(challenges[at]?.challenge ?? '', 'base64'))
        const ntHash = hashes.get(user) ?? new Uint8Array(16)
        return say(headerOf(authenticateTo(negotiateOf(), challenge, { ntHash, user, domain })))
      }),
    )
    const expected = callers.map(({ user }) => ({ status: KNOWN.includes(user) ? 200 : 401, body: bodyOf(user) }))
    expect(answers.map(({ status, body }) => ({ status, body }))).toEqual(expected)
    expect(relay.mostAtOnce).toBeLessThanOrEqual(5)

    const sessions = answers.filter(({ cookie }) => cookie !== '')
    expect(new Set(sessions.map(({ cookie }) => cookie)).size).toBe(
      callers.filter(({ user }) => KNOWN.includes(user)).length,
    )
    // Over the connections of others: a cookie, and not the connection, says who comes.
    const sample = answers.flatMap(({ cookie }, at) => (cookie !== '' && at % 7 === 0 ? [{ cookie, at }] : []))
    for (const { cookie, at } of sample) {
      const other = callers[CALLERS - 1 - at]?.say ?? connection(at)
      expect((await other({ cookie })).body).toEqual(bodyOf(callers[at]?.user ?? ''))
    }
  }, 240_000)
})
