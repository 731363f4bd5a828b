import { spawn } from 'node:child_process'
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
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CERTIFICATES } from '../../stories/certificates.js'
import { answering, ended } from './apache.js'

export interface DovecotOptions {
  readonly address: string
  /** KRB5_KTNAME and what else MIT's library goes by. */
  readonly environment: Readonly<Record<string, string>>
  /** Where mail goes that users send: the port of a server of SMTP at the same address. */
  readonly relayPort: number
  /** Default: GSSAPI alone. */
  readonly mechanisms?: string
}

/** Dovecot with IMAP over TLS, and with submission of mail, which asks for STARTTLS. */
export interface Dovecot extends AsyncDisposable {
  readonly imaps: number
  readonly submission: number
  /** `imap-login: Info: Login: user=<alice@AD.TEST>, method=GSSAPI, …`, and the rest. */
  log(): string
}

/** The user `nobody` of Debian, whose mailboxes they are. Dovecot's login runs as its own user. */
const MAIL_USER = 65_534
const IMAPS = 9993
const SUBMISSION = 9587

/** Mailboxes of every user that GSSAPI lets in, in a folder with the name of the user. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-dovecot-'))
  chmodSync(folder, 0o755)
  const at = (name: string): string => join(folder, name)
  const [{ cert, key }] = CERTIFICATES
  writeFileSync(at('tls.crt'), cert)
  writeFileSync(at('tls.key'), key, { mode: 0o600 })
  const { KRB5_CONFIG, KRB5_KTNAME, KRB5RCACHENAME } = options.environment
  // What checks tokens is not root.
  copyFileSync(KRB5_KTNAME.replace(/^FILE:/, ''), at('keytab'))
  copyFileSync(KRB5_CONFIG, at('krb5.conf'))
  for (const name of ['keytab', 'krb5.conf']) chmodSync(at(name), 0o644)
  mkdirSync(at('mail'))
  chownSync(at('mail'), MAIL_USER, MAIL_USER)
  writeFileSync(at('dovecot.conf'), configuration(folder, options).join('\n'))
  const log = (): string => readFileSync(at('log'), 'utf8')
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', at('dovecot.conf')], {
    env: { PATH: process.env.PATH, KRB5_CONFIG: at('krb5.conf'), KRB5RCACHENAME },
    stdio: ['ignore', 'ignore', openSync(at('log'), 'a')],
  })
  const stop = async (): Promise<void> => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answering(child, options.address, IMAPS, log)
    await answering(child, options.address, SUBMISSION, log)
  } catch (error) {
    await stop()
    throw error
  }
  return { imaps: IMAPS, submission: SUBMISSION, log, [Symbol.asyncDispose]: stop }
}

function configuration(folder: string, { address, relayPort, mechanisms }: DovecotOptions): string[] {
  return [
    `base_dir = ${folder}/run`,
    `state_dir = ${folder}/state`,
    `log_path = ${folder}/log`,
    'protocols = imap submission',
    `listen = ${address}`,
    'hostname = mail.ad.test',
    'import_environment = $import_environment KRB5_CONFIG KRB5RCACHENAME',
    'ssl = required',
    `ssl_cert = <${folder}/tls.crt`,
    `ssl_key = <${folder}/tls.key`,
    `auth_mechanisms = ${mechanisms ?? 'gssapi'}`,
    `auth_krb5_keytab = ${folder}/keytab`,
    // Every key of the keytab counts: that of imap/ and that of smtp/.
    'auth_gssapi_hostname = "$ALL"',
    // The pauses after a refusal are for guessers.
    'auth_failure_delay = 0',
    'service anvil {\n unix_listener anvil-auth-penalty {\n  mode = 0\n }\n}',
    'passdb {\n driver = static\n args = password=unused\n}',
    'userdb {',
    ' driver = static',
    ` args = uid=${MAIL_USER} gid=${MAIL_USER} home=${folder}/mail/%u`,
    '}',
    'mail_location = maildir:~/Maildir',
    'first_valid_uid = 1',
    'service imap-login {',
    ' inet_listener imap {\n  port = 0\n }',
    ` inet_listener imaps {\n  port = ${IMAPS}\n  ssl = yes\n }`,
    '}',
    'service submission-login {',
    ` inet_listener submission {\n  port = ${SUBMISSION}\n }`,
    '}',
    `submission_relay_host = ${address}`,
    `submission_relay_port = ${relayPort}`,
    '',
  ]
}
