/**
 * One setting that would turn the refusal into a grant, and the commands that make it, by directory: of those that have one. They run as
 * they are printed where that directory is administered, in PowerShell for Active Directory and in a shell for the others. Words in
 * capitals stand for what only its administrator knows; `#` begins what is said about that, and is a comment to both.
 */
export interface DirectorySetting extends DirectoryCommands {
  /** What must be so, and why it is not. */
  readonly attribute: string
}

/** Samba as a domain controller; MIT krb5, with its database in LDAP where it is about delegation; FreeIPA beside it. */
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

/** Directories that have the same command share a line. */
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
