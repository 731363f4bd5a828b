import type { GatewayOfFile, ReloadNotice } from '@s4u/gateway'
import { printable } from '@s4u/krb5'
import { defineCommand } from '../command-line/command.js'
import { line, styled } from '../terminal/blocks.js'
import type { Report } from '../terminal/report.js'
import type { Session } from '../terminal/session.js'
import { UsageError } from '../usage-error.js'

export const gateway = defineCommand({
  name: 'gateway',
  summary: 'Publish inner web servers: any way to sign in outside, Kerberos inside, until Ctrl-C',
  details: [
    'The file is YAML or JSON. It is checked whole at the start, and read again when it changes or on SIGHUP; one that is wrong then leaves the one before in force.',
    'With --check, the exit code is 0 for a file without mistakes, and 1 otherwise.',
  ].join('\n'),
  operands: [{ name: 'FILE', about: 'the configuration: listeners, sites and how users sign in', completes: 'file' }],
  options: {
    check: { kind: 'flag', about: 'check the file, print every mistake with its line, and listen nowhere' },
    schema: { kind: 'flag', about: 'print the JSON Schema of the file, for editors' },
  },
  examples: [
    { line: 's4u gateway --check gateway.yaml', about: 'is the file right?' },
    { line: 's4u gateway gateway.yaml', about: 'publish what it names' },
    { line: 's4u gateway --schema', about: 'what an editor completes with' },
  ],
  async run(given, session) {
    if (given.flag('schema')) return schemaReport()
    const [path] = given.operands
    if (path === undefined)
      throw new UsageError('no file was named', 'Name the configuration: s4u gateway gateway.yaml')
    return given.flag('check') ? checkReport(path) : serve(path, session)
  },
})

/** The gateway is much code, which other commands need not load. */
const library = () => import('@s4u/gateway')

async function schemaReport(): Promise<Report> {
  const { gatewaySchema } = await library()
  const text = JSON.stringify(gatewaySchema(), null, 2)
  return { value: JSON.parse(text), blocks: text.split('\n').map((row) => line(row)) }
}

async function checkReport(path: string): Promise<Report> {
  const { formatProblem, readConfigFile } = await library()
  const { problems, name } = readConfigFile(path)
  return {
    value: { file: name, problems: problems.map((problem) => ({ ...problem })) },
    blocks:
      problems.length === 0
        ? [line(`${printable(name)} is right.`)]
        : problems.map((problem) => line(formatProblem(problem, name))),
    outcome: problems.length === 0 ? 'ok' : 'refused',
  }
}

async function serve(path: string, session: Session): Promise<Report> {
  const { openGatewayFile } = await library()
  const opened = await openGatewayFile(path, { onReload: (notice) => tellReload(notice, session) })
  const onHangUp = (): void => void opened.reload()
  process.on('SIGHUP', onHangUp)
  try {
    announce(opened, session)
    await untilInterrupted(session.signal)
  } finally {
    process.off('SIGHUP', onHangUp)
    await opened.stop()
  }
  return { value: { ended: true }, blocks: [line('The gateway has ended.')] }
}

function announce({ gateway: { addresses, settings } }: GatewayOfFile, session: Session): void {
  const listening = addresses.map(({ address, port }) => `${address.includes(':') ? `[${address}]` : address}:${port}`)
  const sites = settings.sites.flatMap(({ hosts, to }) =>
    hosts.map((host) => `${host} is ${to.map(({ host }) => host).join(', ')}`),
  )
  session.print({ listening, sites: settings.sites.length }, [
    line(styled('bold', `The gateway listens on ${listening.join(', ')}. Ctrl-C ends it.`)),
    ...sites.map((site) => line(`  ${printable(site)}`)),
  ])
}

function tellReload(notice: ReloadNotice, session: Session): void {
  if (notice.kind === 'reloaded') return session.tell('The configuration was read again and is in force.')
  const { message, hint = '' } = notice.error
  session.tell(`The configuration was read again and is wrong; the one before stays in force: ${message}`)
  for (const text of hint.split('\n')) if (text !== '') session.tell(`  ${text}`)
}

function untilInterrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
