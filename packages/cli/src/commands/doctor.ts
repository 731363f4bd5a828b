import { type Directory, ldifOf, openDirectory } from '@s4u/directory'
import { type Diagnosis, diagnose, type DiagnoseOptions, type Finding, mend } from '@s4u/doctor'
import { printable } from '@s4u/krb5'
import { readFileSync, writeFileSync } from 'node:fs'
import { controllerOf, DIRECTORY_FLAGS, openAs } from '../access/administrator.js'
import { kdcSettings } from '../access/kdc-options.js'
import { keytabPath } from '../access/keytab-files.js'
import { defineCommand } from '../command-line/command.js'
import type { GivenOf, Options } from '../command-line/options.js'
import { NTLM_FLAGS, ntlmOptionsOf } from '../diagnosis/ntlm-flags.js'
import { storesOf } from '../diagnosis/stores.js'
import { commandsOf, findingBlocks, findingValue, planText, summaryBlocks } from '../diagnosis/report-of-findings.js'
import type { Report } from '../terminal/report.js'
import type { Session } from '../terminal/session.js'
import { UsageError } from '../usage-error.js'

const OPTIONS = {
  keytab: { kind: 'text', short: 't', value: 'FILE', completes: 'file', about: 'the keytab; default: KRB5_KTNAME' },
  service: { kind: 'text', value: 'SPN', about: 'the service; default: that of --url, else the first of the keytab' },
  principal: { kind: 'text', short: 'p', value: 'NAME', about: 'the account of the keytab that speaks to the KDC' },
  url: { kind: 'text', value: 'URL', about: 'where the service answers' },
  as: { kind: 'text', short: 'U', value: 'USER', about: 'a user in whose name the service is to act' },
  to: { kind: 'texts', value: 'SPN', about: 'a service that it is to call in the user’s name' },
  dns: { kind: 'texts', value: 'IP', about: 'a name server to ask; default: those of this machine' },
  ca: { kind: 'text', value: 'FILE', completes: 'file', about: 'certificates of authorities for --url, PEM' },
  zone: { kind: 'texts', value: 'PATTERN', about: 'a site that policies of browsers list: *.corp.test' },
  store: { kind: 'texts', value: 'HOST:PORT', about: 'a store that instances share; it must accept connections' },
  for: {
    kind: 'text',
    value: 'DIRECTORY',
    choices: ['ad', 'samba', 'mit', 'heimdal', 'freeipa'],
    about: 'print commands for this directory only',
  },
  admin: { kind: 'text', value: 'NAME', about: 'ask the directory as this administrator; asks for the password' },
  fix: {
    kind: 'flag',
    goesWith: ['admin'],
    about: 'with --admin: offer each change of the directory that mends something',
  },
  yes: { kind: 'flag', goesWith: ['fix'], about: 'with --fix: make the changes that carry no risk without asking' },
  plan: {
    kind: 'text',
    value: 'FILE',
    completes: 'file',
    goesWith: ['for'],
    about: 'with --for: write the commands into this new file',
  },
  ...NTLM_FLAGS,
  ...DIRECTORY_FLAGS,
  directory: { kind: 'text', value: 'HOST', about: 'the domain controller to ask, or off; default: found in DNS' },
} as const satisfies Options

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Look at a service from all sides, and say what is wrong and what mends it',
  details: [
    'Asks the KDC, the directory, DNS and the service itself, with the keytab of the service. It changes nothing without --fix.',
    'The exit code is 0 where all is well, and 1 where something failed.',
  ].join('\n'),
  options: OPTIONS,
  examples: [
    { line: 's4u doctor -t web.keytab --url https://web.corp.test', about: 'can users sign in?' },
    {
      line: 's4u doctor -t web.keytab --as alice --to HTTP/api.corp.test',
      about: 'can the service call the api in the name of alice?',
    },
    {
      line: "s4u doctor -t web.keytab --ntlm 'WEB01$' --ntlm-domain CORP --ntlm-domain-sid S-1-5-21-1-2-3 --ntlm-controller dc1.corp.test",
      about: 'can users without a ticket sign in with NTLM?',
    },
    { line: 's4u doctor -t web.keytab --admin Administrator --fix', about: 'mend what the directory lacks' },
  ],
  async run(given, session) {
    const admin = given.text('admin')
    const withoutNtlm = optionsOf(given, session)
    const ntlm = await ntlmOptionsOf(given, session, withoutNtlm)
    const options = { ...withoutNtlm, ...(ntlm !== undefined && { ntlm }) }
    const plan = planFileOf(given)
    const administrator = admin === undefined ? undefined : await openAs(admin, given, session)
    try {
      const diagnosis = await look(options, administrator, given, session)
      plan?.write(planText(diagnosis, given.text('for') ?? ''))
      return reportOf(diagnosis, given.text('for'))
    } finally {
      administrator?.close()
    }
  },
})

type DoctorGiven = GivenOf<typeof OPTIONS>

async function look(
  options: DiagnoseOptions,
  administrator: Directory | undefined,
  given: DoctorGiven,
  session: Session,
): Promise<Diagnosis> {
  if (administrator === undefined) return diagnose(options)
  if (!given.flag('fix')) return diagnose({ ...options, directory: administrator })
  return mend({ ...options, directory: administrator, confirm: (finding) => confirmed(finding, given, session) })
}

/** Shows the change, and makes it for nothing but a yes. */
async function confirmed(finding: Finding, given: DoctorGiven, session: Session): Promise<boolean> {
  session.tell(printable(finding.found))
  for (const text of (finding.changes ?? []).map(ldifOf).join('\n').split('\n')) session.tell(`  ${printable(text)}`)
  if (finding.risk !== undefined) session.tell(`Careful: ${finding.risk}`)
  if (given.flag('yes')) {
    if (finding.risk === undefined) return true
    session.tell('Not made by --yes: run again without it, and answer yourself.')
    return false
  }
  return /^y(?:es)?$/i.test((await session.ask('Make this change? [y/N] ')).trim())
}

function optionsOf(given: DoctorGiven, session: Session): DiagnoseOptions & { readonly keytab: string } {
  const krb5Config = given.text('krb5Config')
  const { kdc } = kdcSettings(given, session)
  const [url, ca] = [given.text('url'), given.text('ca')]
  const [dnsServers, zones] = [given.texts('dns'), given.texts('zone')]
  return {
    keytab: keytabPath(given.text('keytab'), krb5Config),
    service: given.text('service'),
    principal: given.text('principal'),
    as: given.text('as'),
    to: given.texts('to'),
    signal: session.signal,
    now: session.now,
    ...(url !== undefined && { url }),
    ...(ca !== undefined && { ca: new Uint8Array(readFileSync(ca)) }),
    ...(kdc !== undefined && { kdc }),
    ...(krb5Config !== undefined && { krb5Config }),
    ...(dnsServers.length > 0 && { dnsServers }),
    ...(zones.length > 0 && { browserZones: zones }),
    stores: storesOf(given.texts('store')),
    ...(given.text('directory') !== 'off' && {
      directory: (client) => openDirectory({ client, ...controllerOf(given) }),
    }),
  }
}

/** The file is made before anything is looked at or changed. @throws UsageError */
function planFileOf(given: DoctorGiven): { write(text: string): void } | undefined {
  const path = given.text('plan')
  if (path === undefined) return undefined
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 })
  } catch {
    throw new UsageError(`${printable(path)} cannot be made`, 'Name a file that is not there yet, in a folder that is.')
  }
  return { write: (text) => writeFileSync(path, text) }
}

function reportOf(diagnosis: Diagnosis, directory: string | undefined): Report {
  const { status, cause, findings, took } = diagnosis
  return {
    value: { status, cause: cause?.check, took, findings: findings.map(findingValue) },
    blocks: [
      ...findings.flatMap((finding) => findingBlocks(finding, commandsOf(finding, directory))),
      ...summaryBlocks(diagnosis),
    ],
    outcome: status === 'failed' ? 'refused' : 'ok',
  }
}
