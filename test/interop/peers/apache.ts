import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CERTIFICATES } from '../../stories/certificates.js'

export interface ApacheOptions {
  readonly address: string
  readonly keytab: string
  readonly krb5Config: string
}

/** Apache with mod_auth_gssapi; stop it with `Symbol.asyncDispose`. */
export interface Apache extends AsyncDisposable {
  /** `http://127.0.88.60:8080` */
  readonly plain: string
  /** `https://127.0.88.60:8443`, with a certificate for localhost. */
  readonly secure: string
  /** `http://127.0.88.60:3128`: a forward proxy that wants to know who comes. */
  readonly proxy: string
  errorLog(): string
  /** `HTTP/2.0 PATH USER CONNECTION`, or `HTTP/1.1 …`, of each request that came by TLS. */
  tlsLog(): string[]
  /** `METHOD PATH USER STATUS` of each request that reached the proxy. */
  proxyLog(): string[]
}

const MODULES = '/usr/lib/apache2/modules'
const LOADED = [
  'mpm_event',
  'authn_core',
  'authn_file',
  'authz_core',
  'authz_user',
  'auth_basic',
  'alias',
  'cgid',
  'env',
  'session',
  'session_cookie',
  'socache_shmcb',
  'ssl',
  'http2',
  'mime',
  'auth_gssapi',
  'proxy',
  'proxy_http',
  'proxy_connect',
]

/**
 * Locations: `/plain` authenticates each request, `/conn` each connection, `/session` by cookie
 * after the first; `/basic` knows no Kerberos.
 */
export async function startApache({ address, keytab, krb5Config }: ApacheOptions): Promise<Apache> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-apache-'))
  const identity = process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []
  layOut(folder, { keytab, krb5Config })
  writeFileSync(join(folder, 'httpd.conf'), configuration(folder, address, identity).join('\n'))
  const child = spawn('/usr/sbin/apache2', ['-f', join(folder, 'httpd.conf'), '-D', 'FOREGROUND'], {
    env: { PATH: process.env.PATH, KRB5_CONFIG: join(folder, 'krb5.conf') },
    stdio: ['ignore', 'ignore', openSync(join(folder, 'error.log'), 'a')],
  })
  await answering(child, address, 8080, () => readFileSync(join(folder, 'error.log'), 'utf8'))
  return {
    plain: `http://${address}:8080`,
    secure: `https://${address}:8443`,
    proxy: `http://${address}:3128`,
    errorLog: () => readFileSync(join(folder, 'error.log'), 'utf8'),
    tlsLog: () => readFileSync(join(folder, 'tls.log'), 'utf8').trim().split('\n'),
    proxyLog: () => readFileSync(join(folder, 'proxy.log'), 'utf8').trim().split('\n'),
    async [Symbol.asyncDispose]() {
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Apache's children run as www-data where Apache was started by root. */
function layOut(folder: string, { keytab, krb5Config }: { keytab: string; krb5Config: string }): void {
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'run'))
  copyFileSync(krb5Config, join(folder, 'krb5.conf'))
  copyFileSync(keytab, join(folder, 'keytab'))
  for (const name of ['krb5.conf', 'keytab']) chmodSync(join(folder, name), 0o644)
  if (process.getuid?.() === 0) chownSync(join(folder, 'run'), 33, 33)
  const [{ cert, key }] = CERTIFICATES
  writeFileSync(join(folder, 'tls.crt'), cert)
  writeFileSync(join(folder, 'tls.key'), key)
  writeFileSync(join(folder, 'passwords'), 'alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n')
  const script = ['#!/bin/sh', 'echo "Content-Type: text/plain"; echo', 'echo "$REMOTE_USER $AUTH_TYPE $(cat)"']
  writeFileSync(join(folder, 'cgi.sh'), script.join('\n'), { mode: 0o755 })
}

function configuration(folder: string, address: string, identity: readonly string[]): string[] {
  const at = (name: string): string => join(folder, name)
  const kerberos = [
    'AuthType GSSAPI',
    'AuthName backend',
    `GssapiCredStore keytab:${at('keytab')}`,
    'Require valid-user',
  ]
  const location = (name: string, ...lines: readonly string[]): string[] => [
    ` <Location /${name}>`,
    ...lines.map((line) => `  ${line}`),
    ' </Location>',
  ]
  const host = (port: number, ...tls: readonly string[]): string[] => [
    `Listen ${address}:${port}`,
    `<VirtualHost ${address}:${port}>`,
    ` ScriptAliasMatch ^/(plain|conn|session|basic)\\b ${at('cgi.sh')}`,
    ...tls,
    ...location('plain', ...kerberos),
    ...location('conn', ...kerberos, 'GssapiConnectionBound On', 'GssapiSignalPersistentAuth On'),
    ...location('session', ...kerberos, 'GssapiUseSessions On', 'Session On', 'SessionCookieName s path=/session'),
    ...location(
      'basic',
      'AuthType Basic',
      'AuthName other',
      'AuthBasicProvider file',
      `AuthUserFile ${at('passwords')}`,
      'Require valid-user',
    ),
    '</VirtualHost>',
  ]
  return [
    ...LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    `ServerRoot ${folder}`,
    'ServerName backend',
    `PidFile ${at('pid')}`,
    ...identity,
    `ScriptSock ${at('run/cgisock')}`,
    `DefaultRuntimeDir ${at('run')}`,
    `Mutex file:${at('run')}`,
    `ErrorLog ${at('error.log')}`,
    'LogLevel info auth_gssapi:debug',
    'LimitRequestFieldSize 65536',
    'TypesConfig /etc/mime.types',
    'PassEnv KRB5_CONFIG',
    ...proxyHost(address, kerberos, at('proxy.log')),
    ...host(8080),
    ...host(
      8443,
      ' Protocols h2 http/1.1',
      ` CustomLog ${at('tls.log')} "%H %U %u %{remote}p"`,
      ' SSLEngine on',
      ` SSLCertificateFile ${at('tls.crt')}`,
      ` SSLCertificateKeyFile ${at('tls.key')}`,
    ),
    '',
  ]
}

/** A forward proxy that asks for Kerberos itself. */
function proxyHost(address: string, kerberos: readonly string[], log: string): string[] {
  return [
    `Listen ${address}:3128`,
    `<VirtualHost ${address}:3128>`,
    ' ProxyRequests On',
    ' AllowCONNECT 8443',
    ' <Proxy *>',
    ...kerberos.map((line) => `  ${line}`),
    ' </Proxy>',
    ` CustomLog ${log} "%m %U %u %>s"`,
    '</VirtualHost>',
  ]
}

/** Waits until a server takes connections; rejects with its log when it ends before that. */
export async function answering(child: ChildProcess, host: string, port: number, log: () => string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${log()}`)
    const socket = connect({ host, port })
    const there = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (there) return
    await sleep(100)
  }
  throw new Error(`nothing answers on ${host}:${port}: ${log()}`)
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await exit
  clearTimeout(force)
}
