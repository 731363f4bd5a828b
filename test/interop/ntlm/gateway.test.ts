import { createAcceptor } from '@s4u/acceptor'
import { createGateway } from '@s4u/gateway'
import { parseAuthorization } from '@s4u/gssapi'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realmOf, run } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { selfSigned } from '../../stories/fixtures/certificate.js'
import { joinMachine } from './ntlm-domain.js'

const PUBLIC = 'orders.example.com'

/** A whole gateway, a real controller that judges, and an inner server that wants Kerberos. */
await describeRealms('a gateway that takes NTLM', ['CORP', 'mit-clients'], (info) => {
  const realm = realmOf(info, 'CORP')

  test('asks a real controller, and the inner server sees the caller by a ticket', async () => {
    const { options } = await joinMachine(realm, 'NTLM16', 'Pa55word-of-NTLM16')
    const { domain, dnsDomain, domainSid, controllers } = options
    const { web, api } = realm.services
    const acceptor = createAcceptor({ keytab: api.keytab })
    const inner = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
      const parsed = parseAuthorization(request.headers.authorization)
      const outcome = parsed.status === 'token' ? await acceptor.accept(parsed.token) : undefined
      response.end(outcome?.status === 'accepted' ? `inside: ${outcome.identity.principal}` : 'inside: nobody')
    })
    await new Promise<void>((resolve) => void inner.listen(0, '127.0.0.1', resolve))
    const gateway = createGateway({
      kerberos: {
        negotiator: { keytab: web.keytab, kdc: `${realm.kdc.host}:${realm.kdc.port}` },
        ...{ principal: 'svc-web', protocolTransition: true, targets: api.spn },
      },
      operation: { alerts: 'off', accessLog: 'off' },
      listeners: { address: '127.0.0.1:0', tls: { certificates: certificateIn(info.directory) } },
      signIn: [
        'negotiate',
        {
          ntlm: {
            ...{ domain, dnsDomain, domainSid, controllers: [String(controllers)] },
            ...{ timeLimit: '60s', account: { name: 'NTLM16$', password: 'Pa55word-of-NTLM16' } },
          },
        },
      ],
      sites: {
        ...{ hosts: PUBLIC, to: `http://127.0.0.1:${(inner.address() as AddressInfo).port}` },
        delegation: { service: api.spn, proof: 'off' },
      },
    })
    try {
      await gateway.listen()
      const { port } = gateway.addresses[0]
      const reach = ['-k', '--http1.1', '--resolve', `${PUBLIC}:${port}:127.0.0.1`]
      const curl = (...args: readonly string[]) =>
        run('curl', ['-sS', '-i', ...reach, ...args, `https://${PUBLIC}:${port}/`])
      const { stdout } = await curl('--ntlm', '-u', 'CORP\\alice:pw-alice')
      expect(stdout).toContain('inside: alice@CORP.TEST')
      const cookie = /set-cookie: ([^;\r\n]+)/i.exec(stdout)?.[1] ?? 'no cookie'
      expect((await curl('-H', `Cookie: ${cookie}`)).stdout).toContain('inside: alice@CORP.TEST')
      const refused = await curl('--ntlm', '-u', 'CORP\\alice:guess')
      expect(refused.stdout).not.toContain('inside')
    } finally {
      await gateway.stop()
      inner.closeAllConnections()
      inner.close()
    }
  }, 60_000)
})

function certificateIn(folder: string): { readonly certificate: string; readonly key: string } {
  const { cert, key } = selfSigned(PUBLIC)
  const paths = { certificate: join(folder, 'ntlm-gateway.crt'), key: join(folder, 'ntlm-gateway.key') }
  writeFileSync(paths.certificate, cert)
  writeFileSync(paths.key, key, { mode: 0o600 })
  return paths
}
