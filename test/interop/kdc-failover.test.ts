import { createKdcClient, KdcUnreachableError } from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/** An address on which a KDC hangs: it takes everything and says nothing. */
async function hanging(host: string, port: number): Promise<() => void> {
  const udp = createSocket('udp4')
  udp.bind(port, host)
  const tcp = createServer((socket) => socket.on('error', () => {})).listen(port, host)
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')])
  return () => {
    udp.close()
    tcp.close()
  }
}

for (const [key, other] of [
  ['CORP', '127.201.7.1'],
  ['EAST', '127.201.7.2'],
] as const) {
  await describeRealms(`the KDC of ${key} under a name with several addresses`, [key], (info) => {
    const realm = realmOf(info, key)
    const { host, port } = realm.kdc
    const clientAt = (...addresses: readonly string[]) =>
      createKdcClient({
        kdc: `kdc.somewhere.test:${port}`,
        dns: { resolveSrv: async () => [], resolveUri: async () => [], lookup: async () => addresses },
        credentials: { keytab: realm.services.web.keytab },
      })

    test('is reached when the first of them hangs', async () => {
      const close = await hanging(other, port)
      try {
        const began = performance.now()
        const ticket = await clientAt(other, host).ticketFor(realm.services.api.spn)
        expect(formatPrincipal(ticket.client)).toBe(realm.services.web.principal)
        expect(performance.now() - began).toBeLessThan(6_000)
      } finally {
        close()
      }
    })

    test('is reached at once when the first of them refuses, and is told when all do', async () => {
      const began = performance.now()
      await clientAt(other, host).ticketFor(realm.services.api.spn)
      const error: unknown = await clientAt(other)
        .ticketFor(realm.services.api.spn)
        .catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(KdcUnreachableError)
      expect(String(error)).toContain(`tcp/kdc.somewhere.test:${port}: ECONNREFUSED`)
      expect(performance.now() - began).toBeLessThan(6_000)
    })
  })
}
