import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf, run, runAt, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type FaultingRelay, type Lie, startFaultingRelay } from './faulting-relay.js'
import { joinMachine, type NtlmDomain } from './ntlm-domain.js'
import { startNtlmServer } from './ntlm-server.js'

/** What a real directory has counted when the answers of its controllers are lost or forged. */
await describeRealms('wrong passwords that a controller has counted', ['CORP'], (info) => {
  const realm = realmOf(info, 'CORP')
  let domain: NtlmDomain
  let relays: readonly FaultingRelay[]

  beforeAll(async () => {
    domain = await joinMachine(realm, 'NTLM12', 'Pa55word-of-NTLM12')
    await sambaTool(realm, 'user', 'create', 'rita', 'pw-Rita-22')
    relays = await Promise.all([48, 49].map((last) => startFaultingRelay(`${info.block}.${last}`, realm.kdc.host)))
  }, 240_000)
  afterAll(async () => {
    for (const relay of relays ?? []) await relay[Symbol.asyncDispose]()
    await sambaTool(realm, 'user', 'delete', 'rita')
  })

  async function counted(): Promise<number> {
    const { stdout } = await runAt(realm, 'ldbsearch', ['-H', domain.database, '(sAMAccountName=rita)', 'badPwdCount'])
    return Number(/badPwdCount: (\d+)/.exec(stdout)?.[1] ?? 0)
  }

  test.each<[Lie, number, object]>([
    ['none', 1, { code: 'STATUS_LOGON_FAILURE', status: 401 }],
    ['a fault', 1, { code: 'RPC_FAULT', status: 503 }],
    ['silence', 1, { code: 'ETIMEDOUT', status: 503 }],
    ['the end', 1, { code: 'ECONNRESET', status: 503 }],
    // Nothing protects a fault; whoever forges it has no more than this.
    ['a fault that says that nothing was done', 2, { code: 'RPC_FAULT', status: 503 }],
  ])(
    'with two controllers and the lie "%s": one guess is counted %i time(s)',
    async (lie, times, error) => {
      const controllers = relays.map(({ address }) => address)
      await using server = await startNtlmServer({ ...domain.options, controllers, timeLimit: 4_000 })
      await server.acceptor.ready()
      for (const relay of relays) relay.lie = lie
      // A right password begins the count again.
      const curl = (password: string) => run('curl', ['-sS', '--ntlm', '-u', `rita:${password}`, server.url])
      const before = await counted()
      await curl('guess')
      expect(server.refusals).toMatchObject([error])
      expect((await counted()) - before).toBe(times)
      for (const relay of relays) relay.lie = 'none'
      expect((await curl('pw-Rita-22')).stdout).toContain('"rita"')
      expect(await counted()).toBe(0)
    },
    60_000,
  )
})
