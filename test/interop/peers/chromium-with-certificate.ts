import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { runOk } from '../../realms/clients.js'
import type { Issued } from '../../stories/fixtures/authority.js'

export interface CertificateUser {
  /** A folder of the test, which becomes the home of the user. */
  readonly home: string
  /** The certificate of the user, with its key. */
  readonly card?: Issued
  /** The authority of servers, PEM. */
  readonly trusts: string
  /** `portal.corp.test`, at this address. */
  readonly host: string
  readonly address: string
}

/** Policies of Debian's Chromium. */
const POLICIES = '/etc/chromium/policies'
const PASSWORD = 'of the file alone'

/**
 * Starts Chromium as the user has it: the certificate is in the user's NSS store, and a policy of
 * the administrator lets Chromium show it to this host without asking (there is nobody to click).
 * The policy is seen by this Chromium alone.
 */
export async function chromiumWithCertificate(user: CertificateUser): Promise<BrowserContext> {
  const { home, host, address } = user
  await fillStore(user)
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync']
  return chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: launcherOf(user),
    env: { ...process.env, HOME: home, XDG_DATA_HOME: join(home, 'data') } as Record<string, string>,
    args: [...args, `--host-resolver-rules=MAP ${host} ${address}`],
  })
}

/** `~/.pki/nssdb`, as certutil and pk12util fill it. */
async function fillStore({ home, card, trusts }: CertificateUser): Promise<void> {
  const store = join(home, '.pki/nssdb')
  const file = (name: string, text: string): string => {
    writeFileSync(join(home, name), text, { mode: 0o600 })
    return join(home, name)
  }
  mkdirSync(store, { recursive: true })
  const at = ['-d', `sql:${store}`]
  await runOk('certutil', ['-N', '--empty-password', ...at])
  await runOk('certutil', ['-A', '-n', 'Servers', '-t', 'C,,', '-i', file('servers.pem', trusts), ...at])
  if (card === undefined) return
  const [pem, key, secret] = [file('card.pem', card.pem), file('card.key', card.key), file('password', PASSWORD)]
  const bundle = join(home, 'card.p12')
  const export_ = ['pkcs12', '-export', '-name', 'card', '-in', pem, '-inkey', key, '-out', bundle]
  await runOk('openssl', [...export_, '-passout', `file:${secret}`])
  await runOk('pk12util', ['-i', bundle, '-w', secret, ...at])
}

/** A program that starts Chromium with the folder of policies in place of the machine's. */
function launcherOf({ home, host }: CertificateUser): string {
  const managed = join(home, 'policies/managed')
  mkdirSync(managed, { recursive: true })
  const choice = JSON.stringify({ pattern: `https://${host}:*`, filter: {} })
  writeFileSync(join(managed, 'certificates.json'), JSON.stringify({ AutoSelectCertificateForUrls: [choice] }))
  const inside = `mkdir -p ${POLICIES} && mount --bind '${home}/policies' ${POLICIES} && exec /usr/bin/chromium "$@"`
  const launcher = join(home, 'chromium')
  writeFileSync(launcher, `#!/bin/sh\nexec unshare --mount sh -c ${quoted(inside)} sh "$@"\n`, { mode: 0o700 })
  return launcher
}

/** Returns a word of the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
