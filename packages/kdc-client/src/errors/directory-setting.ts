/**
 * One setting that would turn a refusal into a ticket, and the commands that make it. A directory
 * that has no command for it has no member here.
 *
 * The commands run as they are printed, where that directory is administered: in PowerShell for
 * Active Directory, else in a shell. Words in capitals stand for values that only the administrator
 * knows. `#` begins a comment in both.
 */
export interface DirectorySetting extends DirectoryCommands {
  /** What must be true, and why it is not. */
  readonly attribute: string
}

/**
 * The commands by directory: Samba as a domain controller; MIT krb5, with its database in LDAP if
 * the command concerns delegation; FreeIPA.
 */
export interface DirectoryCommands {
  readonly activeDirectory?: string
  readonly samba?: string
  readonly mit?: string
  readonly heimdal?: string
  readonly freeIpa?: string
}

export function formatSettings(settings: readonly DirectorySetting[]): string {
  return settings.map(formatSetting).join('\n')
}

/** Formats one setting. Directories that have the same command share a line. */
function formatSetting(setting: DirectorySetting): string {
  const byCommand = new Map<string, string[]>()
  for (const [directory, name] of DIRECTORIES) {
    const command = setting[directory]
    if (command === undefined) continue
    const same = byCommand.get(command)
    if (same === undefined) byCommand.set(command, [name])
    else same.push(name)
  }
  const lines = [...byCommand].map(([command, names]) => `  ${names.join(', ')}: ${command}`)
  return [setting.attribute, ...lines].join('\n')
}

const DIRECTORIES: readonly (readonly [keyof DirectoryCommands, string])[] = [
  ['activeDirectory', 'Active Directory'],
  ['samba', 'Samba'],
  ['mit', 'MIT'],
  ['heimdal', 'Heimdal'],
  ['freeIpa', 'FreeIPA'],
]
