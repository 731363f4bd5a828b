/** Programs that sign on to a service over HTTP, each with its own implementation of Negotiate. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Login, run, runOk } from '../../realms/clients.js'
import type { RealmsInfo } from '../../realms/realm-info.js'

/** Where a client is sent to: a host that no resolver knows, at the service's address. */
export interface Target {
  readonly host: string
  readonly service: { readonly address: string; readonly port: number }
  /** Default `/`. */
  readonly path?: string
}

/** What a client got in the end. */
export interface Answer {
  readonly status: number
  readonly body: string
}

export const urlOf = ({ host, service, path = '/' }: Target): string => `http://${host}:${service.port}${path}`

/** A source file beside this one. */
export const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export async function curl(target: Target, login: Login, args: readonly string[] = []): Promise<Answer> {
  const resolve = `${target.host}:${target.service.port}:${target.service.address}`
  const common = ['-s', '--resolve', resolve, '-w', '\n%{http_code}']
  const credentials = args.length === 0 ? ['--negotiate', '-u', ':'] : args
  const { stdout } = await runOk('curl', [...common, ...credentials, urlOf(target)], login)
  const end = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) }
}

/** Python's requests-kerberos, which demands that the service proves itself. */
export async function requestsKerberos(target: Target, login: Login): Promise<Answer> {
  const args = [beside('requests-client.py'), target.host, target.service.address, urlOf(target)]
  const { stdout } = await runOk('/usr/bin/python3', ['-W', 'ignore', ...args], login)
  return JSON.parse(stdout)
}

/** The page as Chromium shows it. */
export async function chromium(target: Target, login: Login, profile: string): Promise<string> {
  mkdirSync(profile)
  // A fresh profile loads no GSS-API library before it has seen Negotiate once; and under a host
  // rule it would ask for a ticket to the address.
  const state = { net: { received_http_auth_negotiate_headers: true }, auth: { disable_negotiate_cname_lookup: true } }
  writeFileSync(join(profile, 'Local State'), JSON.stringify(state))
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
  const rule = `--host-resolver-rules=MAP ${target.host} ${target.service.address}`
  const options = ['--headless', '--no-sandbox', '--disable-gpu', ...quiet, `--user-data-dir=${profile}`, rule]
  const trusted = `--auth-server-allowlist=${target.host}`
  const { stdout } = await runOk('chromium', [...options, trusted, '--dump-dom', urlOf(target)], login)
  return stdout.replace(/<[^>]*>/g, '').replaceAll('&quot;', '"')
}

/** Firefox has no way to print a page: what it got is for the service to say. */
export async function firefox(target: Target, login: Login, profile: string): Promise<void> {
  mkdirSync(profile)
  const preferences = {
    'network.negotiate-auth.trusted-uris': target.host,
    'network.dns.forceResolve': target.service.address,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'dom.security.https_only_mode': false,
    'dom.security.https_first': false,
    'app.normandy.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'browser.safebrowsing.update.enabled': false,
    'extensions.update.enabled': false,
  }
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`)
  writeFileSync(join(profile, 'user.js'), lines.join(''))
  const args = ['--headless', '--no-remote', '--profile', profile, '--screenshot', join(profile, 'page.png')]
  const environment = { ...login.environment, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' }
  await run('firefox-esr', [...args, urlOf(target)], { environment, timeout: 30_000 })
}

/** Java programs, compiled into a folder of the run. */
export async function compileJava(info: RealmsInfo, ...names: readonly string[]): Promise<string> {
  const classes = join(info.directory, 'sign-on-classes')
  await runOk('javac', ['-d', classes, ...names.map((name) => beside(`${name}.java`))])
  return classes
}

/** `HttpURLConnection`, with the ticket in the credential cache. */
export async function javaHttp(target: Target, login: Login, classes: string, info: RealmsInfo): Promise<Answer> {
  const hosts = join(classes, 'hosts')
  writeFileSync(hosts, `${target.service.address} ${target.host}\n`)
  const properties = [`-Djava.security.krb5.conf=${info.krb5Config}`, `-Djdk.net.hosts.file=${hosts}`]
  const args = [...properties, '-cp', classes, 'HttpClient', login.ccache, urlOf(target)]
  const { stdout } = await runOk('java', args, login)
  return JSON.parse(stdout)
}
