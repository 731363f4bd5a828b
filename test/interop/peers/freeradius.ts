import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { searchPath } from '../../realms/debian/packages.js'
import { ended } from './apache.js'

export interface FreeRadiusOptions {
  readonly address: string
  /** What it shares with everybody on `127.0.0.0/8`. */
  readonly secret: string
  /** The passwords of those who are asked nothing more. */
  readonly passwords?: Readonly<Record<string, string>>
  /** The code that is asked of a user behind the right password, by name: an Access-Challenge. */
  readonly codes?: Readonly<Record<string, string>>
  /**
   * Lines of unlang in post-auth, for every kind of answer: Debian's release signs none by itself.
   */
  readonly postAuth?: string
  /** Whether requests without Message-Authenticator are passed over. Default no. */
  readonly requireSigned?: boolean
  readonly port?: number
  /** The server listens for RADIUS over TLS, and wants a certificate of the same authority. PEM. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
}

/** Debian's FreeRADIUS; stop it with `Symbol.asyncDispose`. */
export interface FreeRadius extends AsyncDisposable {
  /** `127.0.88.66:1812` */
  readonly server: string
  log(): string
}

/** The lines with which FreeRADIUS older than 3.2.5 signs its answers. */
export const SIGN_ANSWERS = 'update reply { &Message-Authenticator := 0x00 }'

export async function startFreeRadius(options: FreeRadiusOptions): Promise<FreeRadius> {
  const { address, tls, port = tls === undefined ? 1812 : 2083 } = options
  const folder = mkdtempSync(join(tmpdir(), 's4u-radius-'))
  writeRaddb(folder, options)
  const logFile = join(folder, 'log')
  const output = openSync(logFile, 'a')
  const child = spawn('freeradius', ['-f', '-l', 'stdout', '-d', join(folder, 'raddb')], {
    env: { PATH: searchPath, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const log = (): string => readFileSync(logFile, 'utf8')
  const stop = async (): Promise<void> => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  for (let waited = 0; !log().includes('Ready to process requests'); waited += 50) {
    if (child.exitCode === null && waited < 20_000) await sleep(50)
    else {
      const said = log()
      await stop()
      throw new Error(`FreeRADIUS does not start: ${said.slice(-2_000)}`)
    }
  }
  return { server: `${address}:${port}`, log, [Symbol.asyncDispose]: stop }
}

/**
 * The least that it starts with: one address, one client, users in a file or with a second step.
 */
function writeRaddb(folder: string, options: FreeRadiusOptions): void {
  const {
    address,
    secret,
    passwords = {},
    requireSigned = false,
    tls,
    port = tls === undefined ? 1812 : 2083,
  } = options
  const raddb = join(folder, 'raddb')
  mkdirSync(raddb)
  const users = Object.entries(passwords).map(([name, password]) => `${name} Cleartext-Password := "${password}"\n`)
  writeFileSync(join(raddb, 'users'), users.join(''))
  writeFileSync(join(raddb, 'dictionary'), '')
  for (const [name, text] of Object.entries(tls ?? {})) writeFileSync(join(raddb, name), text, { mode: 0o600 })
  writeFileSync(
    join(raddb, 'radiusd.conf'),
    `
name = s4u
raddbdir = ${raddb}
run_dir = ${folder}
libdir = /usr/lib/freeradius
pidfile = ${folder}/radius.pid
max_request_time = 5
security { reject_delay = 0 }
${tls ? 'thread pool {\n  start_servers = 4\n}' : ''}
clients known {
 client kdc {
  ipaddr = 127.0.0.0/8${tls ? '\n  proto = tls' : ''}
  secret = ${secret}
  require_message_authenticator = ${requireSigned ? 'yes' : 'no'}
 }
}
modules {
  files { usersfile = ${raddb}/users }
  pap { }
  chap { }
  always handled { rcode = handled }
}
server codes {
  listen {
    type = auth
    ipaddr = ${address}
    port = ${port}
    clients = known${tls ? tlsLines(raddb) : ''}
  }
${sectionsOf(options)}
}
`,
  )
}

/** As in Debian's own example, sites-available/tls. */
function tlsLines(raddb: string): string {
  return `
    proto = tcp
    tls {
      ca_file = ${raddb}/ca
      certificate_file = ${raddb}/cert
      private_key_file = ${raddb}/key
      fragment_size = 8192
      require_client_cert = yes
      tls_min_version = "1.2"
      tls_max_version = "1.2"
    }`
}

/** The second step is that of Debian's own example, sites-available/challenge. */
function sectionsOf({ codes = {}, postAuth = '' }: FreeRadiusOptions): string {
  const secondSteps = Object.entries(codes).map(
    ([name, code]) => `
    if (&User-Name == "${name}" && &State) {
      update control {
        Auth-Type := Step2
        Cleartext-Password := "${code}"
      }
    }
    elsif (&User-Name == "${name}") {
      update control { Auth-Type := Step1 }
    }`,
  )
  return `
  authorize {
    files
    ${secondSteps.join('')}
    chap
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
    Auth-Type CHAP {
      chap
    }
    Auth-Type Step1 {
      pap
      update session-state { Tmp-Integer-0 := 1 }
      update reply { Reply-Message := "Enter the code of your token <b>" }
      update control { &Response-Packet-Type := Access-Challenge }
      handled
    }
    Auth-Type Step2 {
      pap
    }
  }
  post-auth {
    ${postAuth}
    Post-Auth-Type REJECT {
      ${postAuth}
    }
    Post-Auth-Type Challenge {
      ${postAuth}
    }
  }`
}
