import { createKdcClient } from '@s4u/kdc-client'
import { diagnose } from '@s4u/doctor'
import { joinAccount, type JoinOptions, openDirectory } from '@s4u/directory'
import { EXIT } from '@s4u/cli'
import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { controllers } from '../../realms/samba/samba-conf.js'
import { describeRealms } from '../../realms/suite.js'
import { Administrator } from '../diagnosis/administrator.js'
import { s4u } from './s4u.js'

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`s4u join, to ${key}`, [key], (info) => {
    const { name: realm, domain, kdc, ldap = kdc, administrator, services, users } = realmOf(info, key)
    const folder = mkdtempSync(join(info.directory, 'join-'))
    const controller = `${controllers[key]}.${domain}`
    const address = ['--kdc', `${kdc.host}:${kdc.port}`, '--krb5-config', info.krb5Config]
    const where = [...address, '--directory', controller, '--directory-address', ldap.host]
    const asAdministrator = ['--admin', administrator?.principal ?? '', ...where]
    const password = administrator?.password ?? ''
    const healthOf = (keytab: string, more: object = {}) =>
      diagnose({
        keytab,
        kdc: `${kdc.host}:${kdc.port}`,
        krb5Config: info.krb5Config,
        directory: (client) => openDirectory({ client, servers: { host: controller, address: ldap.host } }),
        ...more,
      })
    const failedIn = async (keytab: string, more: object = {}): Promise<readonly string[]> => {
      const { findings } = await healthOf(keytab, more)
      // These hosts are in no name server.
      return findings
        .filter(({ status, check }) => status === 'failed' && check !== 'dns-address')
        .map(({ found }) => found)
    }

    test('makes an account of a service that signs in, and may call another one in users’ names', async () => {
      const keytab = join(folder, 'svc.keytab')
      const words = ['join', 'svc-joined', '--user', '--spn', `HTTP/joined.${domain}`, '-t', keytab]
      const delegation = ['--delegate-to', services.api.spn, '--protocol-transition']
      const { code, out } = await s4u([...words, ...delegation, ...asAdministrator], [password])
      expect(out).toContain(`CN=svc-joined,CN=Users,DC=${domain.replace('.', ',DC=')} was made.`)
      expect(code).toBe(EXIT.OK)
      expect(statSync(keytab).mode & 0o777).toBe(0o600)
      expect(await failedIn(keytab, { as: 'alice', to: [services.api.spn] })).toEqual([])
    })

    test('makes an account of a machine, with its host names', async () => {
      const keytab = join(folder, 'web02.keytab')
      const words = ['join', 'WEB02', '--spn', `HTTP/web02.${domain}`, '-t', keytab, '--json']
      const { code, out } = await s4u([...words, ...asAdministrator], [password])
      expect(JSON.parse(out)).toMatchObject({ account: `WEB02$@${realm}`, created: true })
      expect(code).toBe(EXIT.OK)
      expect(await failedIn(keytab, { service: `HTTP/web02.${domain}` })).toEqual([])
    })

    test('leaves an account alone that is there, and takes it over when told', async () => {
      const keytab = join(folder, 'taken.keytab')
      const words = ['join', 'svc-joined', '--user', '-t', keytab, ...asAdministrator]
      const refused = await s4u(words, [password])
      expect(refused.err).toContain('the account svc-joined is there already')
      expect(refused.err).toContain('--take-over')
      expect(refused.code).toBe(EXIT.REFUSED)
      const taken = await s4u([...words, '--take-over'], [password])
      expect(taken.out).toContain('was taken over.')
      expect(await failedIn(keytab)).toEqual([])
      const before = createKdcClient({
        kdc: `${kdc.host}:${kdc.port}`,
        credentials: { keytab: join(folder, 'svc.keytab'), principal: `svc-joined@${realm}` },
      })
      await expect(before.ticketFor(services.api.spn)).rejects.toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
    })

    test('takes over no account that another name leads to, no controller, and none that somebody else has rights over', async () => {
      const credentials = { principal: administrator?.principal ?? '', password }
      const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials })
      await using directory = openDirectory({ client, servers: { host: controller, address: ldap.host } })
      const refusal = (options: Partial<JoinOptions>) =>
        joinAccount(directory, { kind: 'user', name: 'svc-joined', takeOver: true, ...options }).catch(
          (error: unknown) => error,
        )
      const web = await directory.account('svc-web')
      for (const name of [web?.sid ?? '', web?.dn ?? '', services.web.spn])
        expect(await refusal({ name })).toMatchObject({
          message: expect.stringContaining('another account than the name'),
        })
      const dc = controllers[key].toUpperCase()
      expect(await refusal({ kind: 'computer', name: dc })).toMatchObject({
        message: expect.stringContaining(`${dc}$ is not taken over`),
      })
      // As a user who may make some computers, by MachineAccountQuota on Windows.
      const alice = await directory.account('alice')
      const computers = `CN=Computers,DC=${domain.replace('.', ',DC=')}`
      await new Administrator(info, key).run(
        `samba-tool dsacl set -H /var/lib/samba/private/sam.ldb --objectdn=${computers} --sddl='(A;CI;GA;;;${alice?.sid ?? ''})'`,
      )
      const asAlice = createKdcClient({
        kdc: `${kdc.host}:${kdc.port}`,
        credentials: { principal: users.alice.principal, password: users.alice.password },
      })
      await using alices = openDirectory({ client: asAlice, servers: { host: controller, address: ldap.host } })
      await joinAccount(alices, { kind: 'computer', name: 'TRAP01' })
      const trap = { kind: 'computer', name: 'TRAP01' } as const
      expect(await refusal(trap)).toMatchObject({
        message: expect.stringContaining(`it belongs to ${alice?.sid ?? ''}, who is no administrators’ group`),
        hint: expect.stringContaining('--trusted-owner SID'),
      })
      const taken = joinAccount(directory, { ...trap, takeOver: true, trustedOwners: [alice?.sid ?? ''] })
      expect(await taken).toMatchObject({ created: false })
      expect(await failedIn(join(folder, 'taken.keytab'))).toEqual([])
    })

    test('keeps the password in a file where the keys cannot be written, and none after they are', async () => {
      const keytab = join(folder, 'kept.keytab')
      expect(existsSync(`${join(folder, 'svc.keytab')}.new-password`)).toBe(false)
      const words = ['join', 'svc-kept', '--user', '-t', keytab, '--directory', controller]
      const dead = [
        '--directory-address',
        ldap.host,
        '--krb5-config',
        info.krb5Config,
        '--kdc',
        `${kdc.host}:${kdc.port}`,
      ]
      const missing = ['join', 'svc-kept', '--user', '-t', join(folder, 'no', 'such.keytab'), ...asAdministrator]
      expect((await s4u(missing, [password])).err).toContain('such.keytab.new-password cannot be written')
      const credentials = { principal: administrator?.principal ?? '', password }
      const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials })
      await using directory = openDirectory({ client, servers: { host: controller, address: ldap.host } })
      expect(await directory.account('svc-kept')).toBeUndefined()
      writeFileSync(`${keytab}.new-password`, 'of an earlier run\n')
      const again = await s4u([...words, ...dead, '--admin', credentials.principal], [password])
      expect(again.err.replaceAll(/\s+/g, ' ')).toContain('an earlier run has not ended')
      expect(await directory.account('svc-kept')).toBeUndefined()
    })

    test('gives no account a name that another one has', async () => {
      const words = ['join', 'svc-second', '--user', '--spn', services.web.spn, '-t', join(folder, 'second.keytab')]
      const { code, err } = await s4u([...words, ...asAdministrator], [password])
      expect(err.replaceAll(/\s+/g, ' ')).toContain(`svc-web has the service principal name ${services.web.spn}`)
      expect(code).toBe(EXIT.REFUSED)
    })

    test('of somebody who may not is refused by the directory, and writes nothing', async () => {
      const words = [
        'join',
        'svc-third',
        '--user',
        '-t',
        join(folder, 'third.keytab'),
        '--admin',
        users.alice.principal,
      ]
      const { code, err } = await s4u([...words, ...where], [users.alice.password])
      expect(err).toContain('insufficientAccessRights')
      expect(code).toBe(EXIT.REFUSED)
      expect(() => statSync(join(folder, 'third.keytab'))).toThrow('ENOENT')
    })
  })
}
