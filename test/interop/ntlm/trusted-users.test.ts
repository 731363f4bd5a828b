import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf, run, runAt } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type FileServer, startFileServer } from '../smb/file-server.js'
import { joinMachine, type NtlmDomain } from './ntlm-domain.js'
import { type NtlmServer, startNtlmServer } from './ntlm-server.js'

/** Our controller asks that of a trusted forest, which Samba does by winbindd. */
await describeRealms('NTLM of users of a trusted forest', ['CORP', 'PARTNER', 'file-server'], (info) => {
  const corp = realmOf(info, 'CORP')
  const partner = realmOf(info, 'PARTNER')
  let domain: NtlmDomain
  let partnerSid: string
  let winbindd: ChildProcess
  let files: FileServer

  beforeAll(async () => {
    const { smbConf = '', environment } = corp.machine
    domain = await joinMachine(corp, 'NTLM08', 'Pa55word-of-NTLM08')
    const database = join(dirname(partner.machine.smbConf ?? ''), 'private/sam.ldb')
    const base = ['-b', 'DC=partner,DC=test', '-s', 'base', 'objectSid']
    const { stdout } = await runAt(partner, 'ldbsearch', ['-H', database, ...base])
    partnerSid = /objectSid: (S-[\d-]+)/.exec(stdout)?.[1] ?? ''
    // A controller is reached by SMB, which those of the harness do not speak by themselves.
    files = await startFileServer(partner, 'PARTNER', partner.kdc.host, { shares: {} })
    // In place of DNS, which knows neither.
    for (const name of ['PARTNER', 'PARTNER.TEST'])
      await runAt(corp, 'net', ['-s', smbConf, 'cache', 'add', `SAF/DOMAIN/${name}`, partner.kdc.host, '1h'])
    const sockets = join(dirname(smbConf), 'winbindd-of-trusts')
    mkdirSync(sockets, { recursive: true })
    const options = ['server role check:inhibit=yes', `winbindd socket directory=${sockets}`]
    const args = ['winbindd', '-F', '--no-process-group', '-s', smbConf, '--debug-stdout']
    winbindd = spawn('setpriv', ['--pdeathsig', 'KILL', ...args, ...options.map((one) => `--option=${one}`)], {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, ...environment },
    })
    await using server = await startNtlmServer({ ...domain.options, trustedDomains: { PARTNER: partnerSid } })
    const deadline = Date.now() + 60_000
    while (!(await who(server, 'PARTNER\\oscar:pw-oscar')).includes('oscar'))
      if (Date.now() > deadline) throw new Error('winbindd asks no trusted domain')
  }, 240_000)
  afterAll(async () => {
    if (winbindd?.pid !== undefined && winbindd.exitCode === null) process.kill(-winbindd.pid, 'SIGKILL')
    await files?.[Symbol.asyncDispose]()
  })

  const who = async (server: NtlmServer, user: string): Promise<string> =>
    (await run('curl', ['-sS', '--ntlm', '-u', user, server.url])).stdout

  test.each(['PARTNER\\oscar', 'oscar@partner.test'])(
    '%s is let in where his domain is named, with his own domain and SIDs of that domain alone',
    async (user) => {
      await using server = await startNtlmServer({ ...domain.options, trustedDomains: { PARTNER: partnerSid } })
      const said: unknown = JSON.parse(await who(server, `${user}:pw-oscar`))
      expect(said).toMatchObject({ user: 'oscar', domain: 'PARTNER', dnsDomain: 'partner.test' })
      expect(said).toHaveProperty('sid', expect.stringMatching(new RegExp(`^${partnerSid}-\\d+$`)))
      expect(said).toHaveProperty('groups', expect.arrayContaining([`${partnerSid}-513`]))
      const { groups = [] } = said as { readonly groups?: readonly string[] }
      expect(groups.filter((sid) => !sid.startsWith(`${partnerSid}-`))).toEqual([])
    },
    60_000,
  )

  describe('refused are', () => {
    test.each([
      ['his wrong password', {}, 'oscar:wrong', 'STATUS_LOGON_FAILURE', 401],
      ['a user whom that domain does not know', {}, 'mallory:pw', 'STATUS_LOGON_FAILURE', 401],
      ['a domain that is not named', { trustedDomains: {} }, 'oscar:pw-oscar', 'SEC_E_LOGON_DENIED', 403],
      [
        'a domain whose SID is another one than was named',
        { trustedDomains: { PARTNER: 'S-1-5-21-1-2-3' } },
        ...(['oscar:pw-oscar', 'KDC_ERR_POLICY', 403] as const),
      ],
    ] as const)('%s', async (_what, options, user, code, status) => {
      const trustedDomains = { PARTNER: partnerSid }
      await using server = await startNtlmServer({ ...domain.options, trustedDomains, ...options })
      await who(server, `PARTNER\\${user}`)
      expect(server.refusals).toMatchObject([{ code, status }])
    })
  })
})
