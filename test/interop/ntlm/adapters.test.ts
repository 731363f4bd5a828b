import { ntlm } from '@s4u/sign-in'
import { beforeAll, describe, expect, test } from 'vitest'
import { realmOf, run } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { serve } from '../../stories/fixtures/serve.js'
import { stacks } from '../../stories/fixtures/stacks.js'
import { joinMachine, type NtlmDomain } from './ntlm-domain.js'

await describeRealms('the option ntlm, judged by a real controller', ['CORP', 'mit-clients'], (info) => {
  const realm = realmOf(info, 'CORP')
  let domain: NtlmDomain

  beforeAll(async () => {
    domain = await joinMachine(realm, 'NTLM15', 'Pa55word-of-NTLM15')
  }, 180_000)

  describe.each(stacks)('of $name', (stack) => {
    test('lets a caller in who has no ticket, whom a cookie keeps; a wrong password does not', async () => {
      const codes: string[] = []
      const options = {
        keytab: realm.services.web.keytab,
        kdc: `${realm.kdc.host}:${realm.kdc.port}`,
        delegation: { principal: 'svc-web', protocolTransition: true },
        session: { kind: 'cookie', keys: ['k'.repeat(32)], secure: false },
        signInOptions: { attempts: { pace: 0 } },
        ntlm: ntlm({ ...domain.options, hosts: ['127.0.0.1'], requireTls: false }),
        onFailed: ({ code }: { readonly code: string }) => void codes.push(code),
      } as const
      await using site = await serve(stack.build({ options }).listener)
      const curl = (...args: readonly string[]) => run('curl', ['-sS', '-i', ...args, `${site.url}/`])
      const { stdout } = await curl('--ntlm', '-u', 'CORP\\alice:pw-alice')
      expect(stdout).toContain('"principal":"alice@CORP.TEST"')
      const cookie = /set-cookie: ([^;\r\n]+)/i.exec(stdout)?.[1] ?? 'no cookie'
      expect((await curl('-H', `Cookie: ${cookie}`)).stdout).toContain('"principal":"alice@CORP.TEST"')
      expect(codes).toEqual([])
      expect((await curl('--ntlm', '-u', `CORP\\nobody${stacks.indexOf(stack)}:guess`)).stdout).toMatch(
        /^HTTP\/1\.1 401 [^]*^HTTP\/1\.1 401 /m,
      )
      expect(codes).toEqual(['STATUS_LOGON_FAILURE'])
    }, 60_000)
  })
})
