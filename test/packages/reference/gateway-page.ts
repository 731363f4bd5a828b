import { GATEWAY_OPTIONS } from '../../../packages/gateway/src/configuration/gateway-options.js'
import type { Kind } from '../../../packages/gateway/src/configuration/options/option-kinds.js'

/**
 * The page docs/gateway-configuration.md, made of the one table of options, from which the checks
 * and the JSON Schema of the gateway come too.
 *
 * @param write the command that writes the page
 */
export function gatewayPage(write: string): string {
  const sections = Object.entries(GATEWAY_OPTIONS.fields).map(([name, kind]) => {
    const rows = rowsOf(name, kind)
    return `## ${name}\n\n${escaped(kind.about)}.\n\n${table(rows)}`
  })
  return `# Configuration of the gateway

Each setting of the file that \`s4u gateway FILE\` reads, and of \`createGateway\` of [\`@s4u/gateway\`](../packages/gateway). \`s4u gateway --schema\` prints the same as a JSON Schema, with which editors complete and check a file; \`s4u gateway --check FILE\` checks one, with the line of each mistake. How a gateway is set up is on the page of the package, and how it stands beside another proxy in [gateway.md](gateway.md).

\`sites[].hosts\` is \`hosts\` of each entry of the list \`sites\`. One value stands for a list of one. A duration is a number of milliseconds or a text such as \`30s\`, \`5m\`, \`8h\`; a size is a number of octets or a text such as \`64KB\`, \`10MB\`. A secret is never written into the file: \`{ env: NAME }\` or \`{ file: PATH }\` says where it is.

A small file, with each of these notations:

\`\`\`yaml
kerberos:
  keytab: gateway.keytab
  principal: svc-gateway
session:
  maxAge: 8h
  keys:
    - { env: S4U_SESSION_KEY }
listeners:
  - address: 127.0.0.1:8080
    plain: true
    limits: { headers: 96KB }
signIn:
  - negotiate
  - form: { title: Example Ltd }
sites:
  - hosts: orders.example.com
    to: http://orders.ad.test
    access:
      - { paths: /admin, users: bob@AD.TEST }
\`\`\`

\`signIn[].form.title\` is \`title\` there: an entry of \`signIn\` is the name of a way alone, or the name with its settings. A setting without a default is left out where it is not needed.

This page is made of the table from which the gateway's checks and its schema come. After a change: \`${write}\`.

${sections.join('\n\n')}
`
}

const table = (rows: readonly (readonly string[])[]): string =>
  [['setting', 'type', 'default', 'what it does'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')

/** A row for a setting, and for each below it. */
function rowsOf(path: string, kind: Kind): string[][] {
  const row = [`\`${path}\``, typeOf(kind), defaultOf(kind), escaped(kind.about)]
  return [row, ...below(path, kind)]
}

function below(path: string, kind: Kind): string[][] {
  switch (kind.kind) {
    case 'group':
      return Object.entries(kind.fields).flatMap(([name, field]) => rowsOf(`${path}.${name}`, field))
    case 'variant':
      return Object.entries(kind.variants).flatMap(([name, one]) => rowsOf(`${path}.${name}`, one))
    case 'list':
      return below(`${path}[]`, kind.of)
    case 'map':
      return below(`${path}.NAME`, kind.of)
    default:
      return []
  }
}

function typeOf(kind: Kind): string {
  switch (kind.kind) {
    case 'text':
      return kind.form === undefined ? 'text' : escaped(kind.form.called)
    case 'url':
      return 'URL'
    case 'flag':
      return '`true` or `false`'
    case 'number':
      return `number, ${kind.least.toLocaleString('en')} to ${kind.most.toLocaleString('en')}`
    case 'choice':
      return kind.choices.map((one) => `\`${one}\``).join(', ')
    case 'list':
      return kind.of.kind === 'group' && kind.of.short === undefined ? 'list of groups' : `list of: ${typeOf(kind.of)}`
    case 'map':
      return `by name: ${typeOf(kind.of)}`
    case 'variant':
      return `one of ${Object.keys(kind.variants)
        .map((one) => `\`${one}\``)
        .join(', ')}`
    case 'code':
      return 'in programs only'
    case 'group':
      return kind.short === undefined ? 'group' : `\`${kind.short}\` alone, or a group`
    case 'file':
    case 'duration':
    case 'size':
    case 'secret':
      return kind.kind
  }
}

function defaultOf(kind: Kind): string {
  if (kind.required === true) return 'required'
  if (!('default' in kind) || kind.default === undefined) return ''
  if (kind.kind === 'duration') return `\`${duration(kind.default)}\``
  if (kind.kind === 'size') return `\`${size(kind.default)}\``
  return `\`${String(kind.default)}\``
}

function duration(milliseconds: number): string {
  const [unit, length] = (
    [
      ['d', 86_400_000],
      ['h', 3_600_000],
      ['m', 60_000],
      ['s', 1_000],
    ] as const
  ).find(([, one]) => milliseconds >= one && milliseconds % one === 0) ?? ['ms', 1]
  return `${milliseconds / length}${unit}`
}

function size(octets: number): string {
  if (octets % (1 << 20) === 0) return `${octets / (1 << 20)}MB`
  return octets % (1 << 10) === 0 ? `${octets / (1 << 10)}KB` : String(octets)
}

/** Text of the table: what is to be written as it stands is code. */
const escaped = (text: string): string =>
  text
    .split(/(\{[^}]*\}|[\w/.]*\b(?:NAME|PATH)\b[\w/]*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)/)
    .map((part, index) => (index % 2 === 1 ? `\`${part}\`` : part.replaceAll(/[|<>]/g, '\\$&')))
    .join('')
