import type { NegotiatorOptions } from '@s4u/negotiate'
import { ntlm } from '@s4u/sign-in'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf, run } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { joinMachine, type NtlmDomain } from './ntlm-domain.js'
import { startRealSite } from './real-site.js'

/** A service with a real controller, a real KDC, and curl without a ticket. */
await describeRealms('sign-in with NTLM', ['CORP'], (info) => {
  const realm = realmOf(info, 'CORP')
  let domain: NtlmDomain
  const started: AsyncDisposable[] = []

  beforeAll(async () => {
    domain = await joinMachine(realm, 'NTLM04', 'Pa55word-of-NTLM04')
  }, 180_000)
  afterAll(async () => {
    for (const one of started) await one[Symbol.asyncDispose]()
  })

  async function start(options: Partial<NegotiatorOptions> = {}) {
    const site = await startRealSite(realm, {
      signIn: [ntlm({ ...domain.options, requireTls: false })],
      ...options,
    })
    started.push(site)
    return site
  }

  const curl = (...args: readonly string[]) => run('curl', ['-sS', '-i', ...args])
  const asAlice = ['--ntlm', '-u', 'CORP\\alice:pw-alice']

  test('a caller without a ticket is let in, can be acted for, and stays known by a cookie', async () => {
    const { url } = await start()
    const { stdout } = await curl(...asAlice, url)
    expect(stdout).toContain('"principal":"alice@CORP.TEST","how":"ntlm"')
    expect(stdout).toContain('"backendSees":["alice"]')
    const cookie = /set-cookie: ([^;\r\n]+)/i.exec(stdout)?.[1] ?? 'no cookie'
    const again = await curl('-H', `Cookie: ${cookie}`, url)
    expect(again.stdout).toContain('"principal":"alice@CORP.TEST","how":"ntlm"')
  }, 60_000)

  test('it is offered after Negotiate, each on a line of its own', async () => {
    const { url } = await start()
    const { stdout } = await curl(url)
    expect(stdout.match(/^www-authenticate: .*$/gim)?.map((line) => line.trim())).toEqual([
      'WWW-Authenticate: Negotiate',
      'WWW-Authenticate: NTLM',
    ])
  })

  test('without ntlm() it is neither offered nor accepted', async () => {
    const { url } = await start({ signIn: [] })
    const { stdout } = await curl(...asAlice, url)
    expect(stdout).not.toMatch(/NTLM/)
    expect(stdout).toContain('401 Unauthorized')
  })

  describe('refused are', () => {
    test('a wrong password, which is counted before the controller can count too many', async () => {
      const { url, refused } = await start({
        signInOptions: { attempts: { pace: 0, perUser: 2, userWindow: 60_000 } },
      })
      for (let times = 0; times < 3; times++) await curl('--ntlm', '-u', 'CORP\\bob:wrong', url)
      expect(refused).toMatchObject([
        { code: 'STATUS_LOGON_FAILURE' },
        { code: 'STATUS_LOGON_FAILURE' },
        { code: 'S4U_TOO_MANY_ATTEMPTS' },
      ])
    }, 60_000)

    test('whoever the directory bars, each with the same answer; the event tells why', async () => {
      const { url, refused } = await start()
      const each = {
        'alice:wrong': 'STATUS_LOGON_FAILURE',
        'mallory:pw-mallory': 'STATUS_LOGON_FAILURE',
        'erin:pw-erin': 'KDC_ERR_CLIENT_REVOKED',
        'hank:pw-hank': 'KDC_ERR_CLIENT_REVOKED',
        'gina:pw-gina': 'KDC_ERR_NAME_EXP',
        'frank:pw-frank': 'KDC_ERR_KEY_EXPIRED',
        'ivy:pw-ivy': 'STATUS_INVALID_LOGON_HOURS',
        'dave:pw-dave': 'STATUS_ACCOUNT_RESTRICTION',
      }
      const answers = new Set<string>()
      for (const user of Object.keys(each)) {
        const { stdout } = await curl('--ntlm', '-u', `CORP\\${user}`, url)
        answers.add(stdout.replaceAll(/^date:.*$|NTLM TlRM\S+$/gim, ''))
      }
      expect([...answers]).toEqual([expect.stringMatching(/401 Unauthorized[^]*401 Unauthorized/)])
      expect(refused).toMatchObject(Object.values(each).map((code) => ({ code, status: 401 })))
    }, 60_000)

    test('what comes through a proxy, which gets no offer either', async () => {
      const { url, refused } = await start()
      const { stdout } = await curl(...asAlice, '-H', 'Via: 1.1 proxy', url)
      expect(stdout).not.toContain('"principal"')
      expect(stdout).not.toMatch(/www-authenticate: NTLM/i)
      expect(refused).toMatchObject([{ code: 'GSS_S_UNAVAILABLE', status: 403 }])
    })

    test('NTLM in clear, unless it is permitted', async () => {
      const { url, refused } = await start({ signIn: [ntlm(domain.options)] })
      const { stdout } = await curl(...asAlice, url)
      expect(stdout).not.toContain('"principal"')
      expect(refused).toMatchObject([{ code: 'S4U_TLS_REQUIRED' }])
    })

    test('a response to no challenge of this connection', async () => {
      const { url, refused } = await start()
      const type3 = 'NTLM TlRMTVNTUAADAAAAAAAAAFgAAAAAAAAAWAAAAAAAAABYAAAAAAAAAFgAAAAAAAAAWAAAAAAAAABYAAAABYKI4g=='
      await curl('-H', `Authorization: ${type3}`, url)
      expect(refused).toMatchObject([{ code: 'KRB_AP_ERR_REPEAT' }])
    })
  })

  test('an app that may not vouch for users is told so when it starts', async () => {
    await expect(start({ delegation: { principal: 'svc-web' } })).rejects.toMatchObject({
      code: 'KDC_ERR_POLICY',
      message: 'ntlm: this app does not permit itself to vouch for users at the KDC',
    })
  })
})
