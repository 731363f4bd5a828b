/**
 * The sections of the site, in the order in which a newcomer needs them. A test holds that each page
 * stands in exactly one of them.
 *
 * @typedef {{ text: string, link: string }} Entry
 * @typedef {{ text: string, items: readonly Entry[] }} Group
 */

const page = (text, link) => ({ text, link })

const ALL_PACKAGES = page('All packages, and their API', '/packages/')

/** @returns {Group[]} */
export const sections = (packages) => [...guide, packagesOf(packages), exportsOf(packages)]

/**
 * What stands beside the pages of a folder. A browser makes the whole list anew on each page, before
 * it answers the reader: so packages and their exports, half of all pages, have lists of their own,
 * each with the ways to the others.
 *
 * @returns {Record<string, Group[]>}
 */
export const sidebars = (packages) => ({
  '/': guide,
  '/packages/': [{ text: 'Start', items: [guide[0].items[0], ALL_PACKAGES] }, packagesOf(packages)],
  '/api/': [{ text: 'Start', items: [guide[0].items[0], ALL_PACKAGES] }, exportsOf(packages)],
})

const packagesOf = (packages) => ({
  text: 'Packages',
  items: packages.map((name) => page(`@s4u/${name}`, `/packages/${name}`)),
})

const exportsOf = (packages) => ({
  text: 'API',
  items: packages.map((name) => page(`API of ${name}`, `/api/${name}`)),
})

/** @type {Group[]} */
const guide = [
  {
    text: 'Start',
    items: [
      page('What it is', '/'),
      page('Ten minutes with a realm', '/tutorial'),
      page('Words of Kerberos', '/glossary'),
    ],
  },
  {
    text: 'Set up a directory',
    items: [page('Account, keytab, delegation', '/directory-setup')],
  },
  {
    text: 'Guides',
    items: [
      page('Groups by name', '/groups'),
      page('NestJS', '/nest'),
      page('WebSocket, SSE, GraphQL', '/live-connections'),
      page('Files as the caller', '/files'),
      page('Rotate keys', '/key-rotation'),
      page('Several instances', '/deployment'),
      page('nginx in front', '/nginx'),
      page('The gateway beside another proxy', '/gateway'),
      page('Backends as the caller', '/backends'),
      page('An MCP server', '/mcp'),
      page('Auditing and SIEM', '/auditing'),
      page('OpenTelemetry', '/opentelemetry'),
      page('Test your own app', '/testing'),
      page('Callers with NTLM', '/ntlm'),
      page('Stores of your own', '/stores'),
      page('Runtimes and places', '/runtimes'),
      page('CommonJS and Jest', '/commonjs'),
    ],
  },
  {
    text: 'Concepts',
    items: [
      page('How it works', '/how-it-works'),
      page('If the machine is taken over', '/host-taken-over'),
      page('Threat model', '/threat-model'),
      page('Report a weakness', '/security'),
    ],
  },
  {
    text: 'Reference',
    items: [
      page('Error codes', '/error-codes'),
      page('Command line', '/command-line'),
      page('Settings of the gateway', '/gateway-configuration'),
      page('Events and audit fields', '/events'),
      page('Limits', '/limits'),
      page('krb5.conf', '/krb5-conf'),
      page('What it works with', '/compatibility'),
      page('What real KDCs do', '/interop'),
      page('What is installed', '/dependencies'),
      ALL_PACKAGES,
      page('Changelog', '/changelog'),
      page('Working on s4u', '/contributing'),
    ],
  },
  {
    text: 'Coming from',
    items: [
      page('npm kerberos', '/coming-from-kerberos'),
      page('Passport, IIS, WCF, Apache, Go …', '/coming-from-others'),
      page('s4u 0.1', '/coming-from-0.1'),
    ],
  },
]
