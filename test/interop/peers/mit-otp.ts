import { execFile, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Profile, renderProfile } from '../../realms/krb5-conf.js'
import { searchPath } from '../../realms/debian/packages.js'
import { answering, ended } from './apache.js'
import { startFreeRadius } from './freeradius.js'

export interface MitOtpOptions {
  readonly address: string
  /** What the RADIUS server takes of whom: the whole of what the KDC hands on. */
  readonly passwords: Readonly<Record<string, string>>
  /** Commands for kadmin.local. */
  readonly commands: (folder: string) => readonly string[]
}

/** A realm of MIT krb5 that asks a FreeRADIUS server of its own for one-time passwords. */
export interface MitOtp extends AsyncDisposable {
  readonly kdc: string
  readonly folder: string
  log(): string
  /** Runs a command of kadmin.local as it is printed, on the KDC itself. */
  kadmin(command: string): Promise<unknown>
}

export const OTP_REALM = 'OTP.TEST'

const KDC_PORT = 88
const RADIUS_PORT = 1812
const RADIUS_SECRET = 'between-kdc-and-radius'
const run = promisify(execFile)

export async function startMitOtp({ address, passwords, commands }: MitOtpOptions): Promise<MitOtp> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-otp-'))
  const env = { PATH: searchPath, LC_ALL: 'C.UTF-8', KRB5_KDC_PROFILE: join(folder, 'kdc.conf') }
  writeKdcConf(folder, address)
  await run('kdb5_util', ['-r', OTP_REALM, 'create', '-P', 'masterpw', '-s'], { env })
  for (const command of commands(folder)) await run('kadmin.local', ['-r', OTP_REALM, '-q', command], { env })
  const logFile = join(folder, 'log')
  const output = openSync(logFile, 'a')
  const stdio: ['ignore', number, number] = ['ignore', output, output]
  const kdc = spawn('krb5kdc', ['-n', '-r', OTP_REALM], { env, stdio })
  closeSync(output)
  const radius = await startFreeRadius({ address, secret: RADIUS_SECRET, passwords, port: RADIUS_PORT })
  const log = (): string => readFileSync(logFile, 'utf8')
  const stop = async (): Promise<void> => {
    await Promise.all([radius[Symbol.asyncDispose](), ended(kdc)])
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answering(kdc, address, KDC_PORT, log)
  } catch (error) {
    await stop()
    throw error
  }
  const kadmin = (command: string) =>
    run('/bin/sh', ['-c', command.replace(/^kadmin.local /, `kadmin.local -r ${OTP_REALM} `)], { env })
  return { kadmin, kdc: `${address}:${KDC_PORT}`, folder, log, [Symbol.asyncDispose]: stop }
}

function writeKdcConf(folder: string, address: string): void {
  writeFileSync(join(folder, 'radius.secret'), RADIUS_SECRET)
  writeFileSync(join(folder, 'kadm5.acl'), '')
  const listening = { kdc_listen: `${address}:${KDC_PORT}`, kdc_tcp_listen: `${address}:${KDC_PORT}` }
  const realm: Profile = {
    database_name: join(folder, 'principal'),
    acl_file: join(folder, 'kadm5.acl'),
    key_stash_file: join(folder, 'stash'),
    max_life: '24h',
    supported_enctypes: 'aes256-cts-hmac-sha1-96:normal',
    default_principal_flags: '+preauth,+forwardable',
  }
  const radius: Profile = {
    server: `${address}:${RADIUS_PORT}`,
    secret: join(folder, 'radius.secret'),
    strip_realm: 'true',
    timeout: '5',
    retries: '1',
  }
  writeFileSync(
    join(folder, 'kdc.conf'),
    renderProfile({ kdcdefaults: listening, realms: { [OTP_REALM]: realm }, otp: { DEFAULT: radius } }),
  )
}
