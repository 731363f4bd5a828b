import { spawn } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answering, ended } from './apache.js'

export interface SquidOptions {
  readonly address: string
  readonly keytab: string
  readonly krb5Config: string
  /** Whose tickets are accepted: `HTTP/proxy.east.test`. */
  readonly service: string
}

/** Squid with its negotiate_kerberos_auth, which lets through who has signed in. */
export interface Squid extends AsyncDisposable {
  readonly proxy: string
  /** `METHOD URL USER STATUS` of each request. */
  proxyLog(): string[]
}

const PORT = 3129
/** The user `proxy` of Debian, as whom squid runs when root has started it. */
const PROXY_USER = 13

export async function startSquid({ address, keytab, krb5Config, service }: SquidOptions): Promise<Squid> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-squid-'))
  const at = (name: string): string => join(folder, name)
  chmodSync(folder, 0o755)
  copyFileSync(keytab, at('keytab'))
  copyFileSync(krb5Config, at('krb5.conf'))
  for (const name of ['keytab', 'krb5.conf']) chmodSync(at(name), 0o644)
  if (process.getuid?.() === 0) chownSync(folder, PROXY_USER, PROXY_USER)
  const settings = [
    `http_port ${address}:${PORT}`,
    `auth_param negotiate program /usr/lib/squid/negotiate_kerberos_auth -k ${at('keytab')} -s ${service}`,
    'auth_param negotiate children 2 startup=1',
    'acl signed_in proxy_auth REQUIRED',
    'http_access allow signed_in',
    'http_access deny all',
    'logformat tests %rm %ru %un %>Hs',
    `access_log stdio:${at('access.log')} tests`,
    `cache_log ${at('cache.log')}`,
    'cache deny all',
    `pid_filename ${at('pid')}`,
    `coredump_dir ${folder}`,
    'visible_hostname proxy.east.test',
    'pinger_enable off',
    'shutdown_lifetime 0 seconds',
    '',
  ]
  writeFileSync(at('squid.conf'), settings.join('\n'))
  const output = openSync(at('output'), 'a')
  const child = spawn('/usr/sbin/squid', ['-N', '-f', at('squid.conf')], {
    env: { PATH: process.env.PATH, KRB5_CONFIG: at('krb5.conf'), KRB5RCACHENAME: 'none:' },
    stdio: ['ignore', output, output],
  })
  const stop = async (): Promise<void> => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answering(child, address, PORT, () => readFileSync(at('output'), 'utf8'))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    proxy: `http://${address}:${PORT}`,
    proxyLog: () => readFileSync(at('access.log'), 'utf8').trim().split('\n'),
    [Symbol.asyncDispose]: stop,
  }
}
