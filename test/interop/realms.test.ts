import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Resolver } from 'node:dns/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { kinit, realmOf, run, runOk } from '../realms/clients.js'
import type { RealmKey, RealmsInfo } from '../realms/realms.js'
import { describeRealms } from '../realms/suite.js'

/** The error numbers of RFC 4120 section 7.5.9, as MIT's programs say them. */
const refusals = {
  13: /KDC can't fulfill requested option/,
  18: /Client's credentials have been revoked/,
  23: /Password has expired|must change|Cannot read password/i,
}

for (const key of ['CORP', 'NEWCORP'] as const)
  await describeRealms(`the Samba realm ${key}`, [key], (info) => {
    const corp = realmOf(info, key)
    const { web, kcd, vault, api } = corp.services
    const at = (spn: string): string => `${spn}@${corp.name}`

    test('signs a user in and gives tickets for a service and a computer', async () => {
      const alice = await kinit(info, key, 'alice')
      const { stdout } = await runOk('kvno', [at(web.spn), at(corp.services.web01.spn), at(vault.spn)], alice)
      expect(stdout).toContain(`${at(web.spn)}: kvno = 3`)
    })

    test('names the controller in its DNS, at the address of this run', async () => {
      const resolver = new Resolver()
      resolver.setServers([corp.kdc.host])
      const [{ name }] = await resolver.resolveSrv(`_kerberos._tcp.${corp.domain}`)
      expect(await resolver.resolve4(name)).toEqual([corp.kdc.host])
    })

    test.each(['zoë', 'carol', 'dave', 'nopre', 'rc4only', 'grouper'])('signs %s in', async (name) => {
      await kinit(info, key, name)
    })

    test('signs bob in by his UPN', async () => {
      const { enterpriseName = '' } = corp.users.bob
      await kinit(info, key, 'bob', { flags: ['-E'], principal: `${enterpriseName}@${corp.name}` })
    })

    test.each(['erin', 'hank', 'gina', 'ivy'])('refuses %s', async (name) => {
      await expect(kinit(info, key, name)).rejects.toThrow(refusals[18])
    })

    test('tells frank to change the password', async () => {
      await expect(kinit(info, key, 'frank')).rejects.toThrow(refusals[23])
    })

    // A policy lets nobody else in than those whom it names, the service itself included.
    const open = Object.keys(corp.services).filter((name) => !['strict', 'safe'].includes(name))
    test.each(open)('has a keytab by which %s signs in and opens its tickets', async (name) => {
      const service = await kinit(info, key, name)
      await runOk('kvno', ['-k', corp.services[name].keytab, at(corp.services[name].spn)], service)
    })

    test('lets web act for a user to api, and to nothing else', async () => {
      const service = await kinit(info, key, 'web')
      await runOk('kvno', ['-U', `alice@${corp.domain}`, '-P', at(api.spn)], service)
      const refused = await run('kvno', ['-U', `alice@${corp.domain}`, '-P', at(vault.spn)], service)
      expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(refusals[13]) })
    })

    test('lets web not act for a sensitive user, and kcd for nobody who has not shown a ticket', async () => {
      const sensitive = await run(
        'kvno',
        ['-U', `carol@${corp.domain}`, '-P', at(api.spn)],
        await kinit(info, key, 'web'),
      )
      expect(sensitive.stderr).toMatch(refusals[13])
      const transition = await run(
        'kvno',
        ['-U', `alice@${corp.domain}`, '-P', at(api.spn)],
        await kinit(info, key, 'kcd'),
      )
      expect(transition.stderr).toMatch(refusals[13])
      expect(kcd.delegatesTo).toEqual([api.spn])
    })
  })

for (const key of ['EAST', 'NEWEAST'] as const)
  await describeRealms(`the MIT realm ${key}`, [key], (info) => {
    const east = realmOf(info, key)
    const { web, vault, api } = east.services
    const at = (spn: string): string => `${spn}@${east.name}`

    test('signs a user in and gives a ticket for a service', async () => {
      const alice = await kinit(info, key, 'alice')
      const { stdout } = await runOk('kvno', [at(web.spn)], alice)
      expect(stdout).toContain(`${at(web.spn)}: kvno = 1`)
    })

    test('refuses a locked user', async () => {
      await expect(kinit(info, key, 'locked')).rejects.toThrow(refusals[18])
    })

    const ticketed = Object.keys(east.services).filter((name) => name !== 'nosvr')
    test.each(ticketed)('has a keytab by which %s signs in and opens its tickets', async (name) => {
      const service = await kinit(info, key, name)
      await runOk('kvno', ['-k', east.services[name].keytab, at(east.services[name].spn)], service)
    })

    test('lets web act for a user to api, and to nothing else', async () => {
      const service = await kinit(info, key, 'web')
      await runOk('kvno', ['-U', 'alice@corp.example', '-P', at(api.spn)], service)
      const refused = await run('kvno', ['-I', east.users.alice.principal, '-P', at(vault.spn)], service)
      expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(refusals[13]) })
    })

    test('lets web not act for a sensitive user', async () => {
      const refused = await run(
        'kvno',
        ['-I', east.users.sensitive.principal, '-P', at(api.spn)],
        await kinit(info, key, 'web'),
      )
      expect(refused.stderr).toMatch(refusals[13])
    })
  })

await describeRealms('the second KDC of the MIT realm', ['EAST'], (info) => {
  const east = realmOf(info, 'EAST')

  test('gives UDP answers that are always too big', async () => {
    const { host = '', port = 0 } = east.cappedKdc ?? {}
    const config = join(info.directory, 'krb5-capped.conf')
    const text = readFileSync(info.krb5Config, 'utf8')
    writeFileSync(config, text.replace(`kdc = ${east.kdc.host}:${east.kdc.port}`, `kdc = ${host}:${port}`))
    const trace = join(info.directory, 'log', 'capped-trace')
    const environment = { ...info.environment, KRB5_CONFIG: config, KRB5_TRACE: trace }
    await kinit({ ...info, environment }, 'EAST', 'alice')
    expect(readFileSync(trace, 'utf8')).toMatch(/too big for UDP[^]*Initiating TCP connection/)
  })
})

const forests = [
  ['CORP', 'PARTNER'],
  ['NEWCORP', 'NEWPARTNER'],
] as const
for (const [key, partner] of forests)
  await describeRealms(`the trust between the Samba forests ${key} and ${partner}`, [key, partner], (info) => {
    const apiOf = (realm: RealmKey): string => `${realmOf(info, realm).services.api.spn}@${realm}.TEST`

    test('leads a user of either to the services of the other', async () => {
      await runOk('kvno', [apiOf(partner)], await kinit(info, key, 'alice'))
      await runOk('kvno', [apiOf(key)], await kinit(info, partner, 'oscar'))
    })
  })

await describeRealms('the trust between the MIT realms', ['EAST', 'WEST'], (info) => {
  test('leads a user of either to the services of the other', async () => {
    await runOk('kvno', ['HTTP/api.west.test@WEST.TEST'], await kinit(info, 'EAST', 'alice'))
    await runOk('kvno', ['HTTP/api.east.test@EAST.TEST'], await kinit(info, 'WEST', 'alice'))
  })

  test('lets a service ask for a ticket to itself for a user of the other', async () => {
    const service = await kinit(info, 'EAST', 'web')
    await runOk('kvno', ['-I', 'alice@WEST.TEST', 'HTTP/web.east.test@EAST.TEST'], service)
  })
})

await describeRealms('the MIT realm without a directory', ['PLAIN'], (info) => {
  test('gives tickets, also for a user who has not shown one, but none to go on with', async () => {
    await runOk('kvno', ['HTTP/web.plain.test@PLAIN.TEST'], await kinit(info, 'PLAIN', 'alice'))
    const service = await kinit(info, 'PLAIN', 'web')
    await runOk('kvno', ['-I', 'alice@PLAIN.TEST', 'HTTP/web.plain.test@PLAIN.TEST'], service)
    const onward = await run('kvno', ['-I', 'alice@PLAIN.TEST', '-P', 'HTTP/api.plain.test@PLAIN.TEST'], service)
    expect(onward.stderr).toMatch(refusals[13])
  })
})

await describeRealms('the Heimdal realms', ['NORTH', 'SOUTH', 'EAST'], (info) => {
  const north = realmOf(info, 'NORTH')
  const kgetcred = async (args: string[], environment: Record<string, string>): Promise<unknown> => {
    const { kgetcred: program = '', libraries = '' } = north.clients ?? {}
    return runOk(program, args, { environment: { ...environment, LD_LIBRARY_PATH: libraries } })
  }

  test.each(Object.keys(north.services))('have a keytab by which %s signs in and opens its tickets', async (name) => {
    const service = await kinit(info, 'NORTH', name)
    const { keytab, principal } = north.services[name]
    await runOk('kvno', ['-k', keytab, principal], service)
  })

  test('lead users to the services of each other and of MIT', async () => {
    const alice = await kinit(info, 'NORTH', 'alice')
    await runOk('kvno', ['HTTP/api.south.test@SOUTH.TEST', 'HTTP/api.east.test@EAST.TEST'], alice)
    await runOk('kvno', ['HTTP/api.north.test@NORTH.TEST'], await kinit(info, 'EAST', 'alice'))
  })

  test('let web act for a user to api, and to nothing else', async () => {
    const { environment, ccache } = await kinit(info, 'NORTH', 'web')
    const evidence = `FILE:${ccache}-evidence`
    const { web, api, vault } = north.services
    await kgetcred(
      ['--forwardable', '--impersonate=alice@NORTH.TEST', `--out-cache=${evidence}`, web.principal],
      environment,
    )
    await kgetcred([`--delegation-credential-cache=${evidence}`, api.principal], environment)
    await expect(kgetcred([`--delegation-credential-cache=${evidence}`, vault.principal], environment)).rejects.toThrow(
      'kgetcred',
    )
  })
})

await describeRealms('the end of a run of the harness', ['PLAIN'], (info) => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'leaves nothing behind after %s, and another run untouched',
    async (signal) => {
      const { child, other } = await startByHand()
      expect(other.block).not.toBe(info.block)
      expect(existsSync(other.directory)).toBe(true)
      child.kill(signal)
      await expect.poll(() => existsSync(other.directory), { timeout: 10_000 }).toBe(false)
      expect(await listens(realmOf(other, 'PLAIN').kdc)).toBe(false)
      await kinit(info, 'PLAIN', 'alice')
    },
    60_000,
  )
})

async function startByHand(): Promise<{ child: ReturnType<typeof spawn>; other: RealmsInfo }> {
  const script = fileURLToPath(new URL('../realms/up.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, 'PLAIN'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.endsWith('\n}\n')) break
  }
  const other: RealmsInfo = JSON.parse(text)
  return { child, other }
}

function listens({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.unref()
  })
}
