import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type RunResult, runProgram } from '../processes.js'

/**
 * What has to be on the machine: programs (by name) or files (by absolute path, in which one folder
 * may be `*`), and the Debian packages that bring them.
 */
export interface Requirement {
  programs: readonly string[]
  packages: readonly string[]
}

export const mitClients: Requirement = {
  programs: ['kinit', 'klist', 'kvno', 'curl'],
  packages: ['krb5-user', 'curl'],
}

export const sambaServer: Requirement = {
  programs: ['samba', 'samba-tool', 'kinit', 'openssl', '/usr/share/samba/setup/provision.ldif', '/usr/bin/python3'],
  packages: [
    'samba',
    'samba-ad-dc',
    'samba-ad-provision',
    'samba-dsdb-modules',
    'samba-vfs-modules',
    'winbind',
    'ldb-tools',
    'krb5-user',
    'openssl',
  ],
}

export const mitServer: Requirement = {
  programs: ['krb5kdc', 'kadmind', 'kadmin.local', 'kdb5_util', 'kinit'],
  packages: ['krb5-kdc', 'krb5-admin-server', 'krb5-user'],
}

export const mitLdapServer: Requirement = {
  programs: [...mitServer.programs, 'kdb5_ldap_util', 'slapd', 'slapadd', 'ldapmodify', 'ldapwhoami'],
  packages: [...mitServer.packages, 'krb5-kdc-ldap', 'slapd', 'ldap-utils'],
}

/** What single suites need besides a realm. */
export const toolKeys = [
  'mit-clients',
  'requests-kerberos',
  'requests-ntlm',
  'python-gssapi',
  'java',
  'chromium',
  'nss-tools',
  'firefox',
  'apache',
  'nginx',
  'caddy',
  'haproxy',
  'postgresql',
  'redis',
  'systemd',
  'kdcproxy',
  'mit-otp',
  'freeradius',
  'openldap',
  'file-server',
  'zsh',
  'compiler',
  'dovecot',
  'squid',
  'cyrus-sasl',
] as const
export type ToolKey = (typeof toolKeys)[number]

export const tools: Record<ToolKey, Requirement> = {
  'mit-clients': mitClients,
  'requests-kerberos': {
    programs: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/requests_kerberos'],
    packages: ['python3-requests-kerberos'],
  },
  'requests-ntlm': {
    programs: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/requests_ntlm'],
    packages: ['python3-requests-ntlm'],
  },
  'python-gssapi': {
    programs: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/gssapi'],
    packages: ['python3-gssapi'],
  },
  java: { programs: ['java', 'javac'], packages: ['openjdk-17-jdk-headless'] },
  chromium: { programs: ['chromium'], packages: ['chromium'] },
  'nss-tools': { programs: ['certutil', 'pk12util', 'openssl'], packages: ['libnss3-tools', 'openssl'] },
  firefox: { programs: ['firefox-esr'], packages: ['firefox-esr'] },
  apache: {
    programs: ['apache2', '/usr/lib/apache2/modules/mod_auth_gssapi.so'],
    packages: ['apache2', 'libapache2-mod-auth-gssapi'],
  },
  nginx: { programs: ['nginx'], packages: ['nginx-light'] },
  caddy: { programs: ['caddy'], packages: ['caddy'] },
  haproxy: { programs: ['haproxy'], packages: ['haproxy'] },
  postgresql: { programs: ['/usr/lib/postgresql/*/bin/initdb'], packages: ['postgresql'] },
  systemd: { programs: ['systemd-analyze'], packages: ['systemd'] },
  // With ip, which parts servers from each other.
  redis: { programs: ['redis-server', 'setpriv', 'ip'], packages: ['redis-server', 'util-linux', 'iproute2'] },
  kdcproxy: {
    programs: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/kdcproxy', 'openssl'],
    packages: ['python3-kdcproxy', 'openssl'],
  },
  'mit-otp': {
    programs: [...mitServer.programs, '/usr/lib/*/krb5/plugins/preauth/otp.so', 'freeradius'],
    packages: [...mitServer.packages, 'krb5-otp', 'freeradius'],
  },
  freeradius: { programs: ['freeradius'], packages: ['freeradius'] },
  // One that speaks SASL with Kerberos; the realms' own does not need it.
  openldap: {
    programs: ['slapd', 'slapadd', 'ldapsearch', 'openssl', '/usr/lib/*/sasl2/libgssapiv2.so'],
    packages: ['slapd', 'ldap-utils', 'openssl', 'libsasl2-modules-gssapi-mit'],
  },
  'file-server': {
    programs: ['smbd', 'winbindd', 'smbclient', 'setpriv', '/usr/lib/*/libnss_wrapper.so'],
    packages: ['samba', 'winbind', 'smbclient', 'libnss-wrapper', 'util-linux'],
  },
  zsh: { programs: ['zsh'], packages: ['zsh'] },
  dovecot: {
    programs: [
      'dovecot',
      '/usr/lib/dovecot/imap',
      '/usr/lib/dovecot/submission',
      '/usr/lib/dovecot/modules/auth/libmech_gssapi.so',
    ],
    packages: ['dovecot-imapd', 'dovecot-submissiond', 'dovecot-gssapi'],
  },
  squid: { programs: ['squid', '/usr/lib/squid/negotiate_kerberos_auth'], packages: ['squid'] },
  'cyrus-sasl': {
    programs: ['sasl-sample-client', 'sasl-sample-server', '/usr/lib/*/sasl2/libgssapiv2.so'],
    packages: ['sasl2-bin', 'libsasl2-modules-gssapi-mit'],
  },
  // For the native addon that npm's kerberos is.
  compiler: { programs: ['g++', 'make', '/usr/bin/python3'], packages: ['g++', 'make', 'python3'] },
}

/**
 * Heimdal is never installed, because its packages conflict with MIT's; heimdal.ts unpacks them.
 */
export const heimdalServer: Requirement = { programs: ['dpkg', 'apt-get'], packages: ['dpkg', 'apt'] }

/**
 * Nor is anything of a newer Debian, which would take the machine with it; trixie-packages.ts
 * unpacks it.
 */
export const trixieServer: Requirement = {
  programs: ['dpkg-deb', 'apt-get', 'chroot', '/usr/share/keyrings/debian-archive-keyring.gpg'],
  packages: ['dpkg', 'apt', 'coreutils', 'debian-archive-keyring'],
}
export const trixieLdapServer: Requirement = {
  programs: [...trixieServer.programs, 'slapd', 'slapadd', 'ldapmodify', 'ldapwhoami'],
  packages: [...trixieServer.packages, 'krb5-kdc-ldap', 'slapd', 'ldap-utils'],
}

/** Daemons live in sbin, which is not on everybody's path. */
export const searchPath: string = ['/usr/sbin', '/sbin', '/usr/local/sbin', process.env.PATH ?? '/usr/bin:/bin'].join(
  delimiter,
)

export const isRoot = (): boolean => process.getuid?.() === 0

/**
 * Whether the harness may install Debian packages: in CI, whose machines are thrown away, and
 * where somebody says so. A contributor's machine is not changed unasked.
 */
export function mayInstall(environment: NodeJS.ProcessEnv = process.env): boolean {
  const isSet = (value: string | undefined): boolean => /^(?:1|true)$/i.test(value ?? '')
  return isSet(environment.CI) || isSet(environment.S4U_INSTALL)
}

let installing: Promise<void> = Promise.resolve()

/**
 * Installs what is missing, where that is allowed and possible: see `mayInstall`, as root on
 * Debian. No daemon is started. Where it is not, nothing happens, and `whyMissing` says what is
 * needed.
 */
export function installMissing(requirements: readonly Requirement[]): Promise<void> {
  // One after the other, so that a later call finds what an earlier one has installed.
  installing = installing.catch(() => {}).then(() => installNow(requirements))
  return installing
}

async function installNow(requirements: readonly Requirement[]): Promise<void> {
  const wanting = requirements.filter((requirement) => missingPrograms(requirement).length > 0)
  if (wanting.length === 0 || !mayInstall() || !isRoot() || !isDebian()) return
  const packages = [...new Set(wanting.flatMap((requirement) => requirement.packages))]
  process.stderr.write(`installing: apt-get install --no-install-recommends ${packages.join(' ')}\n`)
  const result = await install(packages)
  if (result.status !== 0) throw new Error(`apt-get cannot install ${packages.join(' ')}: ${lastLines(result)}`)
}

/** Why this cannot be used here, or undefined when it can. */
export function whyMissing(requirement: Requirement): string | undefined {
  const missing = missingPrograms(requirement)
  if (missing.length === 0) return undefined
  const advice = isDebian() ? `: apt-get install ${requirement.packages.join(' ')}` : ''
  return `${missing.join(', ')} not found${advice}`
}

export const isDebian = (): boolean => existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get')

/**
 * `apt-get download`, once more with fresh lists when it fails at first. Rejects when there is no
 * such thing.
 */
export async function downloadPackages(names: readonly string[], directory: string): Promise<void> {
  let result = await aptGet(['download', ...names], directory)
  if (result.status !== 0 && (await aptGet(['update'])).status === 0)
    result = await aptGet(['download', ...names], directory)
  if (result.status !== 0) throw new Error(`apt-get cannot download ${names.join(' ')}: ${lastLines(result)}`)
}

/** `apt-get` with what the harness always wants of it. Resolves also when it fails. */
export function aptGet(
  args: readonly string[],
  directory?: string,
  environment: Record<string, string> = {},
): Promise<RunResult> {
  return runProgram('apt-get', [...APT_OPTIONS, ...args], {
    environment: { ...APT_ENVIRONMENT, ...environment },
    timeout: 1_200_000,
    directory,
  })
}

const APT_OPTIONS = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Dpkg::Use-Pty=0']
const APT_ENVIRONMENT = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }

/**
 * The policy file keeps the packages' own services from starting. A shell does all of it, so that
 * our policy file disappears again even when the harness is killed meanwhile; and it is not handed
 * to the guard, because a package manager killed half-way leaves the machine broken.
 */
const INSTALL = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt() { apt-get ${APT_OPTIONS.join(' ')} "$@"; }
# What a release does not have is passed over; but lists that are old or not there at all know too little.
known() { for package in "$@"; do apt-cache show "$package" >/dev/null 2>&1 && echo "$package"; done; true; }
[ "$(known "$@" | wc -l)" = $# ] || apt update
apt install --no-install-recommends $(known "$@") || { apt update && apt install --no-install-recommends $(known "$@"); }
`

function install(packages: readonly string[]): Promise<RunResult> {
  const options = { environment: APT_ENVIRONMENT, timeout: 1_200_000 }
  return runProgram('/bin/sh', ['-c', INSTALL, 'install', ...packages], options, () => {})
}

function missingPrograms(requirement: Requirement): string[] {
  return requirement.programs.filter((program) => !isInstalled(program))
}

function isInstalled(program: string): boolean {
  if (program.startsWith('/')) return isFile(program)
  return searchPath.split(delimiter).some((folder) => isExecutable(join(folder, program)))
}

function isFile(path: string): boolean {
  const [before, after] = path.split('/*/')
  if (after === undefined) return existsSync(path)
  return existsSync(before) && readdirSync(before).some((name) => existsSync(join(before, name, after)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What a program that failed said last, on one line. */
export function lastLines(result: RunResult): string {
  return `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-4).join(' | ')
}
