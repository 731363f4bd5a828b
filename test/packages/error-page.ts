import { directorySettings, type DirectorySetting } from '@s4u/kdc-client'
import { ERROR_MEANINGS, KPASSWD_RESULTS, KRB_ERROR_CODES, NOTICE_MEANINGS } from '@s4u/krb5'
import { REMEDIES } from '../../packages/cli/src/explaining/remedies.js'

/** The page docs/error-codes.md, made from the lists and the tables of hints that the code uses. */

const numbers: Readonly<Record<string, number>> = { ...KRB_ERROR_CODES, ...KPASSWD_RESULTS }
const codes = Object.entries(ERROR_MEANINGS).sort(([a], [b]) => (a < b ? -1 : 1))
const notices = Object.entries(NOTICE_MEANINGS)

/** Names of an example, in the place of those that an error has. */
const ACCOUNT = 'svc-web@AD.TEST'
const USER = 'alice@AD.TEST'
const TARGET = 'HTTP/api.ad.test'
const {
  addSpn,
  allowAes,
  allowOnTarget,
  allowTarget,
  allowTransition,
  clearSensitive,
  enableAccount,
  exportKeytab,
  leaveProtectedUsers,
  letAllIn,
  neverExpire,
  removeSpn,
  setPassword,
  unlockAccount,
} = directorySettings

/** The settings of the directory that a code can be about. */
const SETTINGS: Readonly<Partial<Record<keyof typeof ERROR_MEANINGS, readonly DirectorySetting[]>>> = {
  KDC_ERR_S_PRINCIPAL_UNKNOWN: [addSpn(ACCOUNT, 'HTTP/web.ad.test')],
  KDC_ERR_PRINCIPAL_NOT_UNIQUE: [removeSpn('svc-old@AD.TEST', 'HTTP/web.ad.test')],
  KDC_ERR_BADOPTION: [
    allowTarget(ACCOUNT, TARGET),
    allowOnTarget(ACCOUNT, TARGET),
    allowTransition(ACCOUNT),
    clearSensitive(USER),
    leaveProtectedUsers(USER),
  ],
  KDC_ERR_ETYPE_NOSUPP: [allowAes(ACCOUNT)],
  KDC_ERR_CLIENT_REVOKED: [enableAccount(USER), unlockAccount(USER)],
  KDC_ERR_NAME_EXP: [neverExpire(USER)],
  KDC_ERR_KEY_EXPIRED: [setPassword(USER)],
  KDC_ERR_POLICY: [letAllIn('ad.test', 'partner.test')],
  KDC_ERR_PREAUTH_FAILED: [exportKeytab(ACCOUNT, 'web.keytab')],
  KRB_AP_ERR_MODIFIED: [exportKeytab(ACCOUNT, 'web.keytab')],
  KRB_AP_ERR_BADKEYVER: [exportKeytab(ACCOUNT, 'web.keytab')],
  KRB_AP_ERR_NOKEY: [exportKeytab(ACCOUNT, 'web.keytab')],
  KRB_AP_ERR_NOT_US: [addSpn(ACCOUNT, 'HTTP/web.ad.test'), exportKeytab(ACCOUNT, 'web.keytab')],
}

/** How clocks are looked at and set: no setting of the directory. */
const CLOCKS = [
  ['how far the clock of the KDC is off', '`s4u doctor -t web.keytab`'],
  ['the same on Windows', '`w32tm /stripchart /computer:dc1.ad.test /samples:1 /dataonly`'],
  ['set it on Linux', '`timedatectl set-ntp true`; at once: `chronyc makestep`'],
  ['set it on Windows', '`w32tm /resync`'],
  ['set it in a container', 'nothing: it has the clock of its machine'],
] as const

/** Commands that do not differ between directories, by what they are for. */
const COMMANDS: Readonly<Partial<Record<keyof typeof ERROR_MEANINGS, readonly (readonly [string, string])[]>>> = {
  KRB_AP_ERR_SKEW: CLOCKS,
  KRB_AP_ERR_TKT_NYV: CLOCKS,
  KRB_AP_ERR_NOT_US: [
    ['which name the client asks for', '`klist` at the client, on Windows and elsewhere'],
    ['which names the keytab has', '`s4u keytab list web.keytab`'],
    ['which account has a name', '`setspn -Q HTTP/web.ad.test`, `samba-tool spn list svc-web`'],
  ],
}

/** @param write the command that writes the page */
export function errorPage(write: string): string {
  return `# Error codes

\`error.code\` of every error that s4u throws or hands out, with what it means and what to do. \`error.hint\` knows more: the names and the settings of the case. \`error.help\` is the address of the code on this page. Names that begin with \`S4U_\` are s4u's own; all others are those of the protocols and of MIT krb5, so that a search finds them. The number is the one on the wire, of KRB-ERROR or of a password server. \`s4u explain CODE\` says the same without a network.

In TypeScript \`error.code\` is the type \`S4uErrorCode\`, which \`switch\` narrows. A number that no specification names is part of the code: \`KRB_ERROR_1234\`, \`KRB5_KPASSWD_RESULT_99\`.

This page is made from the lists \`ERROR_MEANINGS\` and \`NOTICE_MEANINGS\` of \`@s4u/krb5\`, the table behind \`s4u explain\`, and \`directorySettings\` of \`@s4u/kdc-client\`. After a change: \`${write}\`.

In the commands the service is \`svc-web@AD.TEST\`, its backend \`HTTP/api.ad.test\`, and the user \`alice\`. Tests run those for Samba, MIT and Heimdal; those for Active Directory and FreeIPA are from their documentation.

${table(
  ['code', 'number', 'meaning'],
  [...codes, ...notices].map(([code, meaning]) => [link(code), number(code), meaning]),
)}

## Errors

${codes.map(sectionOf).join('\n\n')}

## Notices and warnings

A notice is no error: the work goes on, and somebody should know. Its code is that of an event (\`notice.code\`), and of a warning of the process (\`warning.code\` of \`process.on('warning')\`; \`node --disable-warning=S4U_REFUSED\` keeps it quiet).

${notices.map(sectionOf).join('\n\n')}
`
}

const number = (code: string): string => (code in numbers ? String(numbers[code]) : '')

const link = (code: string): string => `[\`${code}\`](#${code.toLowerCase()})`

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

function sectionOf([code, meaning]: readonly [string, string]): string {
  const remedy =
    REMEDIES[code] ?? (code in ERROR_MEANINGS ? 'Read `error.hint`: it says what to do in this case.' : undefined)
  const settings = SETTINGS[code as keyof typeof ERROR_MEANINGS] ?? []
  const commands = COMMANDS[code as keyof typeof ERROR_MEANINGS] ?? []
  return [
    `### \`${code}\``,
    `**Cause.** ${meaning}`,
    ...(remedy === undefined ? [] : [`**Remedy.** ${remedy}`]),
    ...(commands.length === 0 ? [] : [table(['what', 'command'], commands)]),
    ...settings.flatMap((setting) => [`${setting.attribute}:`, commandsOf(setting)]),
  ].join('\n\n')
}

const DIRECTORIES = [
  ['activeDirectory', 'Active Directory'],
  ['samba', 'Samba'],
  ['mit', 'MIT'],
  ['heimdal', 'Heimdal'],
  ['freeIpa', 'FreeIPA'],
] as const

function commandsOf(setting: DirectorySetting): string {
  const rows = DIRECTORIES.flatMap(([key, name]) => {
    const command = setting[key]
    return command === undefined ? [] : [[name, `\`${command.replaceAll('|', '\\|').replaceAll('\n', ' ')}\``]]
  })
  return table(['directory', 'command'], rows)
}
