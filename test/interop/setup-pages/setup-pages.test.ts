import { EXIT } from '@s4u/cli'
import { directorySettings } from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import type { CallerIdentity, Negotiator } from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'
import { controllers } from '../../realms/samba/samba-conf.js'
import { describeRealms } from '../../realms/suite.js'
import { s4u } from '../doctor/s4u.js'
import { NewService } from './new-service.js'
import { NOT_RUN, SetupPage } from './setup-page.js'

/** The commands of docs/tutorial.md and docs/directory-setup.md, typed at their directories. */
const tutorial = new SetupPage('tutorial')
const setup = new SetupPage('directory-setup')

const LABELS = { CORP: 'Samba', EAST: 'MIT', NORTH: 'Heimdal' } as const
/** Each command of the newer Samba, which is unpacked and not installed, takes seconds. */
const SLOW = 300_000
/** How the commands begin that permit protocol transition. */
const TRANSITION = {
  Samba: 'samba-tool delegation for-any-protocol',
  MIT: 'kadmin.local modprinc \\+ok_to_auth_as_delegate',
  Heimdal: 'kadmin -l modify --attributes',
} as const

describe('a tab', () => {
  test.each([...tutorial.tabs, ...setup.tabs].map((tab) => [`${tab.heading}: ${tab.label}`, tab] as const))(
    '%s is run on a real server, or says that it is not',
    (_name, { label, commands }) => {
      const isRun = Object.values(LABELS).some((directory) => label.startsWith(directory))
      expect(commands.startsWith(`${NOT_RUN}\n`)).toBe(!isRun)
    },
  )
})

/** Of the commands for a service, those that make its backend: the same without delegation. */
const ofBackend = (commands: string): string =>
  commands
    .split('\n')
    .filter((line) => !line.includes('delegation'))
    .join('\n')
    .replaceAll('svc-web', 'svc-api')
    .replaceAll('web.', 'api.')

/** What `s4u doctor` finds wrong. The hosts of the tests are in no name server. */
async function failedFindings(words: readonly string[]): Promise<readonly string[]> {
  const { out } = await s4u([...words, '--json'])
  const { findings }: { findings: { check: string; status: string; found: string }[] } = JSON.parse(out)
  expect(findings.length).toBeGreaterThan(3)
  return findings
    .filter(({ check, status }) => status === 'failed' && check !== 'dns-address')
    .map(({ found }) => found)
}

for (const key of ['CORP', 'EAST'] as const) {
  const label = key === 'EAST' ? 'MIT' : 'Samba'
  await describeRealms(`the tab ${label} of docs/tutorial.md, typed in ${key}`, [key], (info) => {
    const service = new NewService(info, key, 'tutor')

    test('makes a service that knows its users, and a backend that it calls as them', async () => {
      const commands = tutorial.commandsOf('The same with a directory', label)
      await service.type(ofBackend(commands))
      await service.type(commands)
      // The page leads there for the list, which MIT has in LDAP alone.
      if (label === 'MIT') await service.obey(directorySettings.allowTarget(service.account, service.backend))
      using negotiator = service.open()
      expect(await calledAs(service, await service.signIn(negotiator, 'alice'))).toBe(service.principalOf('alice'))
    })

    test('and s4u doctor finds nothing wrong with the service', async () => {
      const [, command] = tutorial.command('npx s4u doctor').split('npx ')
      expect(await failedFindings(service.words(command))).toEqual([])
    })
  })
}

for (const key of ['CORP', 'EAST', 'NORTH'] as const) {
  const label = LABELS[key]
  await describeRealms(`docs/directory-setup.md for ${label}, typed in ${key}`, [key], (info) => {
    const service = new NewService(info, key, 'setup')
    const account = setup.commandsOf('Account, name and keytab', label)

    test('makes an account with a keytab, in which s4u finds nothing wrong', async () => {
      await service.type(ofBackend(account))
      await service.type(account)
      for (const command of ['s4u keytab list', 's4u keytab check'])
        expect(await s4u(service.words(setup.command(command)))).toMatchObject({ code: EXIT.OK })
      expect(await failedFindings(service.words(setup.command('s4u doctor -t')))).toEqual([])
    })

    test('lets a user sign in, and the service call its backend as a user', async () => {
      using negotiator = service.open()
      const alice = await service.signIn(negotiator, 'alice')
      expect(alice.principal).toBe(service.principalOf('alice'))
      if (label === 'MIT') await service.obey(directorySettings.allowTarget(service.account, service.backend))
      else await service.type(setup.commandsOf('Delegation', label === 'Samba' ? 'Samba, classic' : label))
      // Heimdal takes as evidence only what the service has asked for itself.
      if (label === 'Heimdal') return
      expect(await calledAs(service, alice)).toBe(service.principalOf('alice'))
    })

    test('lets the service act for a user who came without a ticket', async () => {
      using before = service.open()
      await expect(asserted(service, before)).rejects.toThrow(/KDC_ERR_BADOPTION|may not/)
      await service.type(setup.command(TRANSITION[label]))
      using negotiator = service.open()
      expect(await asserted(service, negotiator)).toBe(service.principalOf('alice'))
    })
  })
}

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`s4u join, as docs/directory-setup.md has it, in ${key}`, [key], (info) => {
    const service = new NewService(info, key, 'enrolled')

    test('makes account, name and keytab at once', async () => {
      const { administrator, ldap, domain } = service.realm
      const words = service.words(setup.command('s4u join svc-web'))
      const directory = ['--directory', `${controllers[key]}.${domain}`, '--directory-address', ldap?.host ?? '']
      expect(await s4u([...words, ...directory], [administrator?.password ?? ''])).toMatchObject({ code: EXIT.OK })
      using negotiator = service.open()
      expect((await service.signIn(negotiator, 'alice')).principal).toBe(service.principalOf('alice'))
    })
  })
}

await describeRealms('resource-based delegation, as docs/directory-setup.md has it', ['NEWCORP'], (info) => {
  const service = new NewService(info, 'NEWCORP', 'owned')

  test(
    'lets the service call the backend whose owner permits it',
    async () => {
      const account = setup.commandsOf('Account, name and keytab', 'Samba')
      await service.type(ofBackend(account))
      await service.type(account)
      using before = service.open()
      await expect(calledAs(service, await service.signIn(before, 'alice'))).rejects.toMatchObject({
        code: 'KDC_ERR_BADOPTION',
      })
      await service.type(setup.commandsOf('Delegation', 'Samba 4.19, resource-based'))
      using negotiator = service.open()
      expect(await calledAs(service, await service.signIn(negotiator, 'alice'))).toBe(service.principalOf('alice'))
    },
    SLOW,
  )
})

await describeRealms('trusts, as docs/directory-setup.md has them', ['CORP', 'PARTNER'], (info) => {
  test('samba-tool tells the SID of the other domain', async () => {
    const service = new NewService(info, 'CORP', 'trusting')
    const told = await service.type(setup.command('samba-tool domain trust'))
    expect(told).toMatch(/^DnsName: +partner\.test\nSID: +S-1-5-21-\d+-\d+-\d+$/m)
  })
})

/** The user whom the backend would see, called as `identity`. */
async function calledAs(service: NewService, identity: CallerIdentity): Promise<string> {
  using caller = identity.impersonate()
  const { client } = await caller.ticketFor(service.backend)
  return formatPrincipal(client)
}

/** The same for a user whom the service itself names. */
async function asserted(service: NewService, negotiator: Negotiator): Promise<string> {
  return calledAs(service, await negotiator.identityFor('alice', { method: 'asserted' }))
}
