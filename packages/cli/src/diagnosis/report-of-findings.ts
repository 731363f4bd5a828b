import type { Diagnosis, Finding, FindingStatus } from '@s4u/doctor'
import type { DirectorySetting } from '@s4u/kdc-client'
import { type Block, line, type Style, styled, table, type Text } from '../terminal/blocks.js'
import type { JsonObject } from '../terminal/report.js'

/** A command that mends something, and for which directory it is. */
export interface MendingCommand {
  readonly directory: string
  readonly command: string
}

const DIRECTORIES: readonly (readonly [
  option: string,
  name: Exclude<keyof DirectorySetting, 'attribute'>,
  title: string,
])[] = [
  ['ad', 'activeDirectory', 'Active Directory'],
  ['samba', 'samba', 'Samba'],
  ['mit', 'mit', 'MIT'],
  ['heimdal', 'heimdal', 'Heimdal'],
  ['freeipa', 'freeIpa', 'FreeIPA'],
]

/**
 * The commands of all settings of a finding, each once. @param only `ad`, `samba` …; default: all
 */
export function commandsOf({ settings, status }: Finding, only?: string): readonly MendingCommand[] {
  if (status === 'ok' || status === 'skipped') return []
  return settings.flatMap((setting) => commandsOfSetting(setting, only))
}

function commandsOfSetting(setting: DirectorySetting, only: string | undefined): readonly MendingCommand[] {
  const titles = new Map<string, string[]>()
  for (const [option, name, title] of DIRECTORIES) {
    const command = setting[name]
    if (command === undefined || (only !== undefined && only !== option)) continue
    titles.set(command, [...(titles.get(command) ?? []), title])
  }
  return [...titles].map(([command, names]) => ({ directory: names.join(', '), command }))
}

const MARKS: Readonly<Record<FindingStatus, readonly [text: string, style: Style]>> = {
  ok: ['ok', 'good'],
  warning: ['warning', 'warning'],
  failed: ['FAILED', 'bad'],
  skipped: ['skipped', 'dim'],
}

/** One row: the mark, the check and what was found; below it why, and what mends it. */
export function findingBlocks(finding: Finding, commands: readonly MendingCommand[]): readonly Block[] {
  const { status, check, found, why, hint, risk, because } = finding
  // What depends on a failed check would only repeat it.
  if (because !== undefined) return []
  const [mark, style] = MARKS[status]
  const isWrong = status === 'failed' || status === 'warning'
  const notes: Text[] = [
    ...(isWrong && why !== undefined ? [styled('dim', why)] : []),
    ...(hint === undefined ? [] : hint.split('\n')),
    ...(isWrong && risk !== undefined ? [styled('warning', `Careful: ${risk}`)] : []),
    ...commands.map(({ directory, command }) => `${directory}: ${command}`),
  ]
  const cells = [styled(style, mark.padEnd(COLUMN_OF_MARKS)), check.padEnd(COLUMN_OF_CHECKS), found]
  return [table(['', '', ''], [{ cells, notes }])]
}

/** The longest of each, so that rows that are printed one by one stand below each other. */
const COLUMN_OF_MARKS = 'warning'.length
const COLUMN_OF_CHECKS = 'protocol-transition'.length

export function summaryBlocks({ status, cause, findings, took }: Diagnosis): readonly Block[] {
  const count = (one: FindingStatus): number => findings.filter((finding) => finding.status === one).length
  const left = count('skipped')
  const counts = [
    `${count('ok')} ok`,
    `${count('warning')} ${count('warning') === 1 ? 'warning' : 'warnings'}`,
    `${count('failed')} failed`,
    ...(left > 0 ? [`${left} not looked at`] : []),
  ]
  const [, style] = MARKS[status]
  const first = cause === undefined ? [] : [line(styled(style, `Mend first: ${cause.check}. ${cause.found}`))]
  return [line(''), ...first, line(styled('dim', `${counts.join(', ')}, in ${took} ms`))]
}

export function findingValue(finding: Finding): JsonObject {
  const { check, title, subject, status, found, why, hint, risk, settings, code, because } = finding
  return {
    check,
    title,
    subject,
    status,
    found,
    why,
    hint,
    risk,
    code,
    because,
    settings: settings.map(({ attribute, ...commands }) => ({ attribute, commands: { ...commands } })),
  }
}

/**
 * The commands of a run as a script that is read before it is run. A command that needs a decision
 * is written as a comment: an alternative to the command before it, a change with a risk, a command
 * that sets a new password, and a command with words in capitals that must be filled in.
 *
 * @param only `ad`, `samba` …
 */
export function planText(diagnosis: Diagnosis, only: string): string {
  const wrong = diagnosis.findings.filter(({ status }) => status === 'failed' || status === 'warning')
  const parts = wrong.flatMap((finding) => {
    const lines = finding.settings.flatMap((setting) =>
      commandsOfSetting(setting, only).map(({ command }) => planLine(finding, setting, command)),
    )
    if (lines.length === 0) return []
    const risk = finding.risk === undefined ? [] : [`# Careful: ${oneLine(finding.risk)}`]
    return [[`# ${finding.check}: ${oneLine(finding.found)}`, ...risk, ...lines, ''].join('\n')]
  })
  return parts.length === 0 ? '# Nothing to do.\n' : parts.join('\n')
}

function planLine({ risk }: Finding, { attribute }: DirectorySetting, command: string): string {
  const isAlternative = attribute.startsWith('or ')
  const isOpen = / {3}# [A-Z]+:|\bACCOUNT\b|^no command/.test(command)
  const isDecision = risk !== undefined || isAlternative || isOpen || SETS_PASSWORD.test(command)
  return isDecision ? `# ${oneLine(command)}` : command
}

/** Commands after which other keytabs of the account are out of date. */
const SETS_PASSWORD = /ktpass|\bcpw\b|setpassword|Set-ADAccountPassword|ipa-getkeytab(?! -r)|kpasswd/

/** A name with a line feed in it must not become a command. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
