import { EXIT } from '@s4u/cli'
import { createKdcClient } from '@s4u/kdc-client'
import { encode, Ticket } from '@s4u/krb5'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { kinit, realmOf } from '../../realms/clients.js'
import { controllers } from '../../realms/samba/samba-conf.js'
import { describeRealms } from '../../realms/suite.js'
import { s4u } from '../doctor/s4u.js'

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`s4u decode, with the directory of ${key}`, [key], (info) => {
    const { kdc, ldap = kdc, domain, users, services } = realmOf(info, key)
    const { web } = services
    const kdcAddress = `${kdc.host}:${kdc.port}`
    const file = join(info.directory, `decode-${key}.ticket`)
    const opened = ['decode', '-t', web.keytab, file]
    const asked = [
      ...[...opened, '--names', '--directory', `${controllers[key]}.${domain}`, '--kdc', kdcAddress],
      ...['--directory-address', ldap.host, '--krb5-config', info.krb5Config],
    ]

    beforeAll(async () => {
      const { principal, password } = users.alice
      const { ticket } = await createKdcClient({
        kdc: kdcAddress,
        credentials: { principal, password },
      }).ticketFor(web.spn)
      writeFileSync(file, encode(Ticket, ticket))
    })

    test('names groups that mean the same everywhere by itself, and the others by asking', async () => {
      const alone = await s4u(opened)
      expect(alone.out).toContain('(Domain Users)')
      expect(alone.out).not.toContain('Payroll')
      const { code, out, err } = await s4u(asked)
      expect([code, err]).toEqual([EXIT.OK, ''])
      expect(out).toMatch(new RegExp(`S-1-5-21-[\\d-]+ \\(${key}\\\\Payroll\\)`))
      expect(out).toMatch(new RegExp(`S-1-5-21-[\\d-]+-513 \\(${key}\\\\Domain Users\\)`))
    })

    test('asks with the tickets of a cache where one is named', async () => {
      const { ccache } = await kinit(info, key, 'bob')
      const { code, out } = await s4u([...asked, '-c', ccache])
      expect(code).toBe(EXIT.OK)
      expect(out).toContain(`(${key}\\Payroll)`)
    })

    test('shows what it can where the directory cannot be asked, says why, and ends with 1', async () => {
      const { code, out, err } = await s4u([...asked, '--directory-address', '127.0.0.1'])
      expect(code).toBe(EXIT.REFUSED)
      expect(err).toMatch(
        /^The directory could not be asked for names: no controller of \S+ can be asked .*ECONNREFUSED/,
      )
      expect(out).toContain('(Domain Users)')
      const { out: json } = await s4u([...asked, '--directory-address', '127.0.0.1', '--json'])
      expect(JSON.parse(json)).toMatchObject({
        decoded: { name: 'Ticket' },
        names: { error: { name: 'DirectoryUnreachableError' } },
      })
    })
  })
}
