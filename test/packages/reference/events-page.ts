import { type Field, type Form, formsOf, shapeOf } from './declared-shapes.js'
import { WINDOWS_EVENTS, type WindowsEvent } from './windows-events.js'

/** A channel, or a listener, with the types of its events in the sources. */
export interface EventSource {
  /** `s4u:accept`; absent where only an option hears of it. */
  readonly channel?: string
  readonly title: string
  /** Of which option, or of which package, the events are. */
  readonly heardBy: string
  readonly path: string
  readonly interfaces: readonly string[]
  readonly union?: string
  /** A union that one of its events is joined to, whose forms `reason` tells apart. */
  readonly reasons?: string
}

/** Where events come from, in the order of the page. */
export const EVENT_SOURCES: readonly EventSource[] = [
  {
    channel: 's4u:accept',
    title: 'Callers',
    heardBy: '`onEvent` of `createAcceptor` and of `negotiate`',
    path: 'packages/acceptor/src/events/acceptor-event.ts',
    interfaces: ['ExchangeEvent'],
    union: 'AcceptorEvent',
  },
  {
    channel: 's4u:kdc',
    title: 'Exchanges with a KDC',
    heardBy: 'the channel alone',
    path: 'packages/kdc-client/src/events/kdc-event.ts',
    interfaces: ['KdcEvent'],
  },
  {
    channel: 's4u:impersonate',
    title: "Tickets in a user's name",
    heardBy: 'the channel alone',
    path: 'packages/negotiate/src/audit/impersonation-event.ts',
    interfaces: ['ImpersonateEvent'],
  },
  {
    channel: 's4u:fetch',
    title: 'Answers of backends',
    heardBy: '`onEvent` of `createFetch` and the agents',
    path: 'packages/fetch/src/events/fetch-event.ts',
    interfaces: ['FetchEventSubject'],
    union: 'FetchEvent',
    reasons: 'NotForwarded',
  },
  {
    channel: 's4u:gateway',
    title: 'The gateway',
    heardBy: 'the channel, and the log of the gateway',
    path: 'packages/gateway/src/operation/alerts.ts',
    interfaces: ['GatewayAlert', 'GatewayRequestEvent'],
  },
  {
    title: 'Redis',
    heardBy: '`onEvent` of each store of `@s4u/redis`',
    path: 'packages/redis/src/connection/redis-options.ts',
    interfaces: [],
    union: 'RedisEvent',
  },
  {
    title: 'Requests',
    heardBy: '`onChallenge`, `onAuthenticated` and `onFailed` of `negotiate`',
    path: 'packages/negotiate/src/authenticate/negotiator-events.ts',
    interfaces: ['ChallengeEvent', 'AuthenticatedEvent', 'FailedEvent'],
  },
  {
    title: 'Notices',
    heardBy: 'each channel and each `onEvent`',
    path: 'packages/krb5/src/journal/notice.ts',
    interfaces: ['Notice'],
  },
]

/**
 * The page docs/events.md, made of the types of the events in the sources.
 *
 * @param write the command that writes the page
 */
export function eventsPage(write: string): string {
  return `# Events and audit fields

What s4u tells of its work, for logs, metrics and the audit. A channel is one of \`node:diagnostics_channel\`: \`subscribe('s4u:accept', (event) => …)\`. \`writeAuditTo\` of [\`@s4u/negotiate\`](../packages/negotiate) writes the first four as JSON lines; [Auditing and SIEM](auditing.md) hands them on. No event has a ticket, a token, a key or a password.

In a JSON line each record has \`time\` (ISO 8601, UTC) and \`channel\` in front, and \`serviceName\` and \`serviceRealm\` of the service, whichever channel it is of. A field with \`?\` is absent where nothing is known. Fields and values may be added in a minor version; one is renamed or taken away in a major version only.

This page is made of the types in the sources. After a change: \`${write}\`.

${EVENT_SOURCES.map(sectionOf).join('\n\n')}

## Beside the events of Windows

A domain controller writes 4768 and 4769 when it issues a ticket, and a server of Windows 4624 when somebody signs in to it. A service with s4u is such a server, and asks the controller for tickets: its records stand beside those events, and these fields say the same.

${WINDOWS_EVENTS.map(windowsTable).join('\n\n')}

The client address in an event of the controller is that of the machine that asked: of this service, where it asks in a user's name. \`clientAddress\` here is that of the user. No ticket and no reply has the logon GUID, and how Windows makes it is not published, so it is in no record: the user, the service and the time lead from one to the other.
`
}

function sectionOf(source: EventSource): string {
  const { title, channel, heardBy, path, interfaces, union, reasons } = source
  const where = channel === undefined ? `Heard by ${heardBy}.` : `Channel \`${channel}\`. Heard by ${heardBy}.`
  return [
    `## ${title}`,
    where,
    ...interfaces.map((name) => {
      const { about, fields } = shapeOf(path, name)
      return `### ${name}\n\n${about}\n\n${fieldTable(fields)}`
    }),
    ...[union, reasons].flatMap((name) =>
      name === undefined ? [] : [`### ${name}\n\n${formTable(formsOf(path, name))}`],
    ),
  ].join('\n\n')
}

const fieldTable = (fields: readonly Field[]): string =>
  table(
    ['field', 'type', 'what it is'],
    fields.map(({ name, optional, type, about }) => [code(name + (optional ? '?' : '')), code(type), escaped(about)]),
  )

/** What tells the forms of a union apart. */
const told = /readonly (kind|reason): '([\w-]+)'/

function formTable(forms: readonly Form[]): string {
  const rows = forms.flatMap(({ declared, about }) => {
    const [, , value] = told.exec(declared) ?? []
    return value === undefined ? [] : [[code(value), fieldsOf(declared), escaped(about)]]
  })
  const [, name = 'kind'] = forms.map(({ declared }) => told.exec(declared)).find((found) => found !== null) ?? []
  return table([name, 'fields', 'when'], rows)
}

/** The fields of `{ readonly kind: 'x'; readonly a: string }`, with what is joined to it. */
function fieldsOf(declared: string): string {
  const named = [...declared.matchAll(/readonly (\w+\??): ([^;}]+?)(?=;| \}|$)/g)]
  const own = named
    .filter(([, name]) => name !== told.exec(declared)?.[1])
    .map(([, name, type]) => code(`${name}: ${type}`))
  const joined = [
    ...declared.matchAll(/\b(Omit<\w+, '\w+'>|FetchEventSubject|NotForwarded)(?= [&)])|& (NotForwarded)\)/g),
  ]
  const others = joined.map(([, left, right]) => `those of ${code(left ?? right)}`)
  return [...others, ...own].join(', ')
}

const windowsTable = ({ id, title, channel, fields }: WindowsEvent): string =>
  `### ${id}: ${title}\n\nRecords of \`${channel}\`.\n\n${table(
    ['event ' + id, 'record', 'note'],
    fields.map(({ windows, ours, note = '' }) => [
      code(windows),
      ours.length === 0 ? 'none' : ours.map(code).join(', '),
      note,
    ]),
  )}`

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``
const escaped = (text: string): string => text.replaceAll('|', '\\|')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
