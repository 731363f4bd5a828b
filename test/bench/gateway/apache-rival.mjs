/**
 * Apache as near to the gateway's job as its modules come: mod_auth_gssapi accepts a token once and
 * then its session cookie, mod_proxy hands the request on with the name of the user in a header.
 * There is no ticket inside, since mod_proxy has no client of GSS-API: Apache does less here.
 */
import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const MODULES = '/usr/lib/apache2/modules'
const LOADED = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'env', 'headers', 'session', 'session_cookie']
const KERBEROS = ['auth_gssapi', 'proxy', 'proxy_http']

/** Undefined where Apache is not installed: the tests against real servers install it. */
export async function startApache(folder, { to, keytab, krb5Config }) {
  if (!existsSync('/usr/sbin/apache2') || !existsSync(`${MODULES}/mod_auth_gssapi.so`)) return undefined
  const at = (name) => join(folder, 'apache', name)
  mkdirSync(at('run'), { recursive: true })
  for (const path of [folder, at(''), at('run')]) chmodSync(path, 0o777)
  for (const [name, from] of Object.entries({ keytab, 'krb5.conf': krb5Config })) {
    copyFileSync(from, at(name))
    chmodSync(at(name), 0o644)
  }
  const port = await freePort()
  writeFileSync(at('httpd.conf'), configuration(at, port, to).join('\n'))
  const env = { PATH: process.env.PATH, KRB5_CONFIG: at('krb5.conf') }
  const options = { env, stdio: 'ignore', detached: true }
  const child = spawn('/usr/sbin/apache2', ['-f', at('httpd.conf'), '-D', 'FOREGROUND'], options)
  for (let tries = 0; tries < 50 && !existsSync(at('run/pid')); tries++) await sleep(100)
  await sleep(500)
  return { port, cookie: '', cpu: () => cpuOfGroup(child.pid), stop: () => process.kill(-child.pid, 'SIGTERM') }
}

function configuration(at, port, to) {
  return [
    ...[...LOADED, ...KERBEROS].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
    `ServerRoot ${at('')}`,
    'ServerName orders.example.com',
    `PidFile ${at('run/pid')}`,
    ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
    `DefaultRuntimeDir ${at('run')}`,
    `Mutex file:${at('run')}`,
    `ErrorLog ${at('run/error.log')}`,
    'LimitRequestFieldSize 65536',
    'KeepAlive On',
    'MaxKeepAliveRequests 0',
    `Listen 127.0.0.1:${port}`,
    '<Location />',
    ' AuthType GSSAPI',
    ' AuthName outside',
    ` GssapiCredStore keytab:${at('keytab')}`,
    ' GssapiUseSessions On',
    ' Session On',
    ' SessionCookieName s path=/',
    ' Require valid-user',
    ' RequestHeader unset Authorization',
    ' RequestHeader set X-Remote-User expr=%{REMOTE_USER}',
    '</Location>',
    `ProxyPass / ${to}/ keepalive=On`,
    '',
  ]
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Microseconds of all processes of a group; the kernel counts in hundredths of a second. */
function cpuOfGroup(group) {
  let ticks = 0
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      if (Number(fields[2]) === group) ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks * 10_000
}
