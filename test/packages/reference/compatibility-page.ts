import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kdcs } from '../interop-table.js'
import { packageNames, readManifest, root } from '../sources.js'

/** Packages of others with which tests use s4u, by what they are. */
const CLIENTS: readonly (readonly [string, readonly string[]])[] = [
  ['Redis', ['redis', 'ioredis']],
  ['PostgreSQL', ['pg', 'postgres', 'drizzle-orm', '@prisma/adapter-pg']],
  ['SQL Server', ['tedious']],
  ['Kafka', ['kafkajs', '@platformatic/kafka']],
  ['MongoDB', ['mongodb']],
  ['mail', ['imapflow', 'nodemailer']],
  ['proxies', ['proxy-agent-negotiate']],
  ['OpenID', ['oidc-provider']],
  ['GraphQL', ['@apollo/server']],
  ['MCP', ['@modelcontextprotocol/sdk']],
  ['OpenTelemetry', ['@opentelemetry/sdk-trace-base']],
]

/**
 * The page docs/compatibility.md, made of what the tests install: manifests, their lock file of
 * runtimes, and the table of KDCs.
 *
 * @param write the command that writes the page
 */
export function compatibilityPage(write: string): string {
  return `# What it works with

What is here is what the tests run; a range is what a manifest permits. The features of each runtime are on the page of [runtimes](runtimes.md), and what each KDC does on that of [real KDCs](../test/interop/README.md).

This page is made of the manifests. After a change: \`${write}\`.

## Runtimes

Each package is tried from its tarball.

${table(['runtime', 'versions tried'], runtimes())}

Packages take Node \`${readManifest('krb5').engines?.['node'] ?? ''}\`. No package has native code or an install script.

## Frameworks

${table(['package', 'framework', 'range that is taken', 'major versions tried'], frameworks())}

Any other framework with the requests of \`node:http\`, or with those of the web (\`Request\`, \`Response\`), by [\`@s4u/negotiate\`](../packages/negotiate).

## KDCs and directories

${table(['KDC', 'how it is tried'], [...kdcRows()])}

Active Directory of Microsoft cannot be had for tests: what s4u knows of it is from its specifications (MS-SFU, MS-PAC, MS-KILE) and from Samba, which implements them. FreeIPA has the KDC of MIT; its commands are from its documentation.

## Clients of others

${table(
  ['for', 'package and major versions tried'],
  CLIENTS.map(([what, names]) => [what, names.map(withMajors).join(', ')]),
)}
`
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

interface Dependencies {
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const manifestAt = (path: string): Dependencies => JSON.parse(readFileSync(join(root, path), 'utf8'))

/** Node 24 is `node24-linux-x64`: an alias, in the manifest of the runtimes. */
function runtimes(): string[][] {
  const installed = Object.entries(manifestAt('test/runtimes/binaries/package.json').optionalDependencies ?? {})
  const versions = (form: RegExp): string =>
    installed
      .filter(([name]) => form.test(name))
      .map(([, range]) => /(\d+\.\d+)\.\d+$/.exec(range)?.[1] ?? range)
      .filter((version, index, all) => all.indexOf(version) === index)
      .join(', ')
  return [
    ['Node', versions(/^node/)],
    ['Bun', versions(/bun/)],
    ['Deno', versions(/deno/)],
  ]
}

/** `express` and its aliases: `"express4": "npm:express@^4.22.3"`. */
function majorsOf(name: string): string[] {
  const wanted = Object.entries(manifestAt('test/package.json').devDependencies ?? {})
  const ranges = wanted.flatMap(([own, range]) => {
    if (own === name) return [range]
    return range.startsWith(`npm:${name}@`) ? [range.slice(`npm:${name}@`.length)] : []
  })
  const majors = ranges.map((range) => /\d+/.exec(range)?.[0] ?? range)
  return [...new Set(majors)].sort((a, b) => Number(a) - Number(b))
}

const withMajors = (name: string): string => `\`${name}\` ${majorsOf(name).join(', ')}`

function frameworks(): string[][] {
  return packageNames.flatMap((name) =>
    Object.entries(readManifest(name).peerDependencies ?? {})
      .filter(([peer]) => majorsOf(peer).length > 0)
      .map(([peer, range]) => [
        `[\`@s4u/${name}\`](../packages/${name})`,
        `\`${peer}\``,
        `\`${range.replaceAll('|', '\\|')}\``,
        majorsOf(peer).join(', '),
      ]),
  )
}

function* kdcRows(): Generator<string[]> {
  for (const name of kdcs) {
    yield name === 'embedded'
      ? ['[`@s4u/test-kdc`](../packages/test-kdc)', 'in the process of the test']
      : [name, 'a real server, on each run of the tests (`test/realms`)']
  }
}
