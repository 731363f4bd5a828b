import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { authenticateTo, negotiateOf } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import { ntHashOf } from '../../../packages/ntlm/src/response/ntlmv2-keys.js'
import { realmOf, run, runAt, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { joinMachine } from './ntlm-domain.js'
import { type NtlmServer, startNtlmServer } from './ntlm-server.js'

/** What real domain controllers say of what real clients send, over the secure channel. */
for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`NTLM judged by ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    let server: NtlmServer
    let domainSid: string

    beforeAll(async () => {
      const { options } = await joinMachine(realm, 'NTLM01', 'Pa55word-of-NTLM01')
      domainSid = options.domainSid
      server = await startNtlmServer(options)
    }, 180_000)
    afterAll(() => server?.[Symbol.asyncDispose]())

    const curl = (user: string, ...args: readonly string[]) =>
      run('curl', ['-sS', '--ntlm', '-u', user, ...args, server.url])

    test('the machine account signs in', async () => {
      await expect(server.acceptor.ready()).resolves.toBeUndefined()
    })

    test.each(['alice', `${realm.domain.split('.')[0].toUpperCase()}\\alice`, `alice@${realm.domain}`])(
      '%s is let in, with the SIDs of the domain',
      async (user) => {
        const { stdout } = await curl(`${user}:pw-alice`)
        const who: unknown = JSON.parse(stdout)
        expect(who).toMatchObject({ user: 'alice', dnsDomain: realm.domain, withheld: [] })
        expect(who).toHaveProperty('sid', expect.stringMatching(new RegExp(`^${domainSid}-\\d+$`)))
        expect(who).toHaveProperty('groups', expect.arrayContaining([`${domainSid}-513`]))
      },
    )

    describe('refused are', () => {
      // The caller is told nothing but 401; the event has the code.
      test.each([
        ['a wrong password', 'alice:wrong', 'STATUS_LOGON_FAILURE'],
        ['a user who is not known', 'mallory:pw', 'STATUS_LOGON_FAILURE'],
        ['a disabled account', 'erin:pw-erin', 'KDC_ERR_CLIENT_REVOKED'],
        ['a disabled account with a wrong password', 'erin:wrong', 'STATUS_LOGON_FAILURE'],
        ['an account that has expired', 'gina:pw-gina', 'KDC_ERR_NAME_EXP'],
        ['an account without logon hours', 'ivy:pw-ivy', 'STATUS_INVALID_LOGON_HOURS'],
        ['a password that must be changed', 'frank:pw-frank', 'KDC_ERR_KEY_EXPIRED'],
        ['a locked account', 'hank:pw-hank', 'KDC_ERR_CLIENT_REVOKED'],
        ['a locked account with a wrong password', 'hank:wrong', 'KDC_ERR_CLIENT_REVOKED'],
        ['a member of Protected Users', 'dave:pw-dave', 'STATUS_ACCOUNT_RESTRICTION'],
      ])('%s', async (_what, user, code) => {
        server.refusals.length = 0
        await curl(user)
        expect(server.refusals).toEqual([expect.objectContaining({ code, status: 401 })])
      })
    })

    // Tools of the newer one take half a minute for an account on a busy machine.
    if (key !== 'CORP') return

    test('an account with a list of workstations is let in from these alone', async () => {
      await sambaTool(realm, 'user', 'create', 'wanda', 'pw-Wanda-22')
      const { database } = await joinMachine(realm, 'NTLM01', 'Pa55word-of-NTLM01')
      const base = realm.domain.replace(/^|\./g, (dot) => (dot === '' ? 'DC=' : ',DC='))
      const change = `dn: CN=wanda,CN=Users,${base}\nchangetype: modify\nadd: userWorkstations\nuserWorkstations: HOST,DESK7\n`
      await runAt(realm, 'ldbmodify', ['-H', database], { input: change })
      server.refusals.length = 0
      await curl('wanda:pw-Wanda-22')
      expect(server.refusals).toMatchObject([{ code: 'STATUS_INVALID_WORKSTATION', status: 401 }])
      // The client of these tests calls itself HOST.
      const connection = {}
      const challenge = server.acceptor.challenge(negotiateOf(), connection)
      const who = { ntHash: await ntHashOf('pw-Wanda-22'), user: 'wanda' }
      const claim = server.acceptor.open(authenticateTo(negotiateOf(), challenge, who), connection)
      expect(await claim.verify()).toMatchObject({ user: 'wanda' })
    }, 180_000)

    test('a changed password of the machine account is read again', async () => {
      const { options } = await joinMachine(realm, 'NTLM02', 'Pa55word-before')
      const password = 'Pa55word-before'
      const account = { name: 'NTLM02$', password }
      await using other = await startNtlmServer({ ...options, account })
      await other.acceptor.ready()
      await sambaTool(realm, 'user', 'setpassword', 'NTLM02$', '--newpassword=Pa55word-after')
      // Connections that are signed in already live on.
      expect((await run('curl', ['-sS', '--ntlm', '-u', 'alice:pw-alice', other.url])).stdout).toContain('"alice"')
      const passwords = [password, 'Pa55word-after']
      const reread = { name: 'NTLM02$', password: () => passwords.shift() ?? '' }
      await using fresh = await startNtlmServer({ ...options, account: reread })
      await fresh.acceptor.ready()
      expect(passwords).toEqual([])
      await using stale = await startNtlmServer({
        ...options,
        account: { name: 'NTLM02$', password: 'Pa55word-before' },
      })
      await expect(stale.acceptor.ready()).rejects.toMatchObject({
        name: 'ConfigurationError',
        code: 'STATUS_ACCESS_DENIED',
        message: expect.stringContaining('does not take the machine account NTLM02$'),
      })
    }, 180_000)

    test('the machine account signs in with its keytab, which another name does not serve', async () => {
      const { options } = await joinMachine(realm, 'NTLM05', 'Pa55word-of-NTLM05')
      const folder = await mkdtemp(join(tmpdir(), 's4u-ntlm-'))
      const keytab = join(folder, 'ntlm05.keytab')
      await sambaTool(realm, 'domain', 'exportkeytab', keytab, '--principal=NTLM05$')
      await using server = await startNtlmServer({ ...options, account: { name: 'NTLM05$', keytab } })
      expect((await run('curl', ['-sS', '--ntlm', '-u', 'alice:pw-alice', server.url])).stdout).toContain('"alice"')
      await using other = await startNtlmServer({ ...options, account: { name: 'NTLM01$', keytab } })
      await expect(other.acceptor.ready()).rejects.toMatchObject({
        name: 'MissingKeyError',
        message: `${keytab} has no key of rc4-hmac for NTLM01$, and a ticket is for names: ${realm.kdc.host} is an address`,
      })
      await rm(folder, { recursive: true })
    }, 180_000)

    test('another instance with the same account takes the channel over, and the first signs in again', async () => {
      const { options } = await joinMachine(realm, 'NTLM03', 'Pa55word-of-NTLM03')
      await using first = await startNtlmServer(options)
      await using second = await startNtlmServer(options)
      for (const one of [first, second, first, second]) {
        await one.acceptor.ready()
        expect((await run('curl', ['-sS', '--ntlm', '-u', 'bob:pw-bob', one.url])).stdout).toContain('"bob"')
      }
    }, 180_000)
  })
}
