import type { DiagnoseOptions } from '@s4u/doctor'
import type { ExaminedService } from './examined-service.js'

/** One thing that is wrong, which check is to name it, and how it is mended. */
export interface Fault {
  /** Commands of an administrator that bring it about. */
  readonly break?: readonly string[]
  /** The same, done to the files of the service. */
  readonly spoil?: (at: ExaminedService) => void
  readonly options?: (at: ExaminedService) => Partial<DiagnoseOptions>
  /** The check that names the cause. */
  readonly cause: string
  readonly status?: 'warning'
  readonly code?: string
  /** What the finding says. */
  readonly found: RegExp
  /**
   * Which of its settings are obeyed, in order; none: it has no command, or only a hint. Default:
   * the first.
   */
  readonly obey?: readonly number[]
  /** What an administrator knows. */
  readonly known?: Readonly<Record<string, string>>
  readonly input?: string
  /** Commands that a hint asks for besides. */
  readonly besides?: readonly string[]
  /** How a fault without a command is mended, as the hint says. */
  readonly mend?: (at: ExaminedService) => void
  /** The accounts are made again afterwards: their keys are other ones. */
  readonly remake?: boolean
  /** Brings everything back. */
  readonly after?: readonly string[]
}

export type FaultRow = readonly [what: string, fault: Fault]

/** Changes an attribute of an account of Samba, where samba-tool has no command. */
export const edit = (name: string, perl: string): string =>
  `ldbedit -H /var/lib/samba/private/sam.ldb -e "perl -pi -e '${perl}'" '(sAMAccountName=${name})'`

/**
 * Two accounts with one name, as domains have them that were made before controllers compared.
 * Samba
 * refuses it by now, so it is written beneath its checks.
 */
export const addSpnUnchecked = (name: string, spn: string, domain: string): string =>
  beneathChecks(addSpn(name, spn), domain)

/** The same edit, written to the file of the domain beneath Samba's checks. */
export const beneathChecks = (command: string, domain: string): string =>
  command.replace(
    'sam.ldb ',
    `sam.ldb.d/${domain
      .toUpperCase()
      .split('.')
      .map((label) => `DC=${label}`)
      .join(',')}.ldb `,
  )

export const addSpn = (name: string, spn: string): string =>
  edit(name, `s|^(sAMAccountName: ${name.replace('$', '\\\\\\$')})|\\$1\\nservicePrincipalName: ${spn}|`)

/** Sets a bit of userAccountControl. */
export const flag = (name: string, bit: string): string =>
  edit(name, `s/^(userAccountControl: )(\\d+)/\\$1.(\\$2 | ${bit})/e`)
