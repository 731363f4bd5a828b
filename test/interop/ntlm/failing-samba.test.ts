import { surveyControllers } from '@s4u/ntlm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf, run, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { joinMachine, type NtlmDomain } from './ntlm-domain.js'
import { type NtlmServer, startNtlmServer } from './ntlm-server.js'
import { type SecondController, startSecondController } from './second-controller.js'

const PASSWORD = 'Pa55word-of-NTLM10'

/** A real Samba that is stopped in the middle, killed, and started again. */
await describeRealms('NTLM while real controllers fail', ['CORP', 'file-server'], (info) => {
  const realm = realmOf(info, 'CORP')
  let domain: NtlmDomain
  let second: SecondController

  beforeAll(async () => {
    domain = await joinMachine(realm, 'NTLM10', PASSWORD)
    second = await startSecondController(realm, `${info.block}.47`)
  }, 180_000)
  afterAll(() => second?.[Symbol.asyncDispose]())

  const who = async (server: NtlmServer): Promise<string> =>
    (await run('curl', ['-sS', '--ntlm', '-u', 'alice:pw-alice', server.url])).stdout

  /** Waits until a controller that was started again gives verdicts. */
  const untilWell = async (server: NtlmServer): Promise<void> => {
    const deadline = Date.now() + 60_000
    while (!(await who(server)).includes('"alice"'))
      if (Date.now() > deadline) throw new Error('no verdict in a minute')
  }

  /** The same where no user is let in: it takes connections before it answers. */
  const untilReady = async ({ acceptor }: NtlmServer): Promise<void> => {
    const deadline = Date.now() + 60_000
    for (;;) {
      try {
        return await acceptor.ready()
      } catch (error) {
        if (Date.now() > deadline) throw error
      }
    }
  }

  test('while one is stopped with its connections open another gives verdicts but for the caller whose response it holds, and it is asked again when it goes on', async () => {
    const controllers = [second.address, realm.kdc.host]
    await using server = await startNtlmServer({ ...domain.options, controllers, timeLimit: 3_000 })
    await untilWell(server)
    second.freeze()
    try {
      server.refusals.length = 0
      // The response of the first caller was sent over an open connection: it may be judged yet.
      await who(server)
      expect(server.refusals).toMatchObject([{ name: 'NetlogonUnreachableError', code: 'ETIMEDOUT', status: 503 }])
      for (let times = 0; times < 3; times++) expect(await who(server)).toContain('"alice"')
      expect(server.refusals).toHaveLength(1)
    } finally {
      second.thaw()
    }
    await using alone = await startNtlmServer({ ...domain.options, controllers: second.address })
    expect(await who(alone)).toContain('"alice"')
  }, 120_000)

  test('a stopped controller that is the only one is told in time, and nothing hangs', async () => {
    await using server = await startNtlmServer({ ...domain.options, controllers: second.address, timeLimit: 2_000 })
    second.freeze()
    try {
      await who(server)
      expect(server.refusals).toMatchObject([{ name: 'NetlogonUnreachableError', code: 'ETIMEDOUT', status: 503 }])
    } finally {
      second.thaw()
    }
    await untilWell(server)
  }, 120_000)

  test('after kill -9 another gives the verdict; started again, the controller signs the machine in again', async () => {
    const controllers = [second.address, realm.kdc.host]
    await using both = await startNtlmServer({ ...domain.options, controllers })
    await using alone = await startNtlmServer({ ...domain.options, controllers: second.address })
    for (const server of [both, alone]) await untilWell(server)
    await second.kill()
    both.refusals.length = 0
    expect(await who(both)).toContain('"alice"')
    expect(both.refusals).toEqual([])
    alone.refusals.length = 0
    await who(alone)
    expect(alone.refusals).toMatchObject([{ name: 'NetlogonUnreachableError', status: 503 }])
    await second.start()
    await untilWell(alone)
  }, 120_000)

  test('a domain that blocks NTLM says so, to the survey and to callers', async () => {
    await second.kill()
    await second.start({ 'ntlm auth': 'disabled' })
    const options = { ...domain.options, controllers: second.address }
    await using server = await startNtlmServer(options)
    await untilReady(server)
    await who(server)
    expect(server.refusals).toMatchObject([{ code: 'STATUS_NTLM_BLOCKED', status: 503 }])
    expect(await surveyControllers(options)).toMatchObject([{ form: 'aes', error: { code: 'STATUS_NTLM_BLOCKED' } }])
    await second.kill()
    await second.start()
    await untilWell(server)
    expect(await surveyControllers(options)).toMatchObject([{ form: 'aes', error: undefined }])
  }, 120_000)

  test('a password of the machine account that was changed in the directory is noticed at the next sign-in', async () => {
    const after = `${PASSWORD}-2`
    const passwords = [PASSWORD, after]
    let asked = 0
    const password = (): string => passwords[Math.min(asked++, 1)]
    await using server = await startNtlmServer({ ...domain.options, account: { name: 'NTLM10$', password } })
    expect(await who(server)).toContain('"alice"')
    await sambaTool(realm, 'user', 'setpassword', 'NTLM10$', `--newpassword=${after}`)
    // What stands lives on; another instance takes the channel over with the new one.
    expect(await who(server)).toContain('"alice"')
    await using other = await startNtlmServer({ ...domain.options, account: { name: 'NTLM10$', password: after } })
    await other.acceptor.ready()
    await using late = await startNtlmServer({ ...domain.options, account: { name: 'NTLM10$', password: PASSWORD } })
    await who(late)
    expect(late.refusals).toMatchObject([{ name: 'ConfigurationError', code: 'STATUS_ACCESS_DENIED' }])
    asked = 0
    await using again = await startNtlmServer({ ...domain.options, account: { name: 'NTLM10$', password } })
    expect(await who(again)).toContain('"alice"')
    expect(asked).toBe(2)
  }, 120_000)
})
