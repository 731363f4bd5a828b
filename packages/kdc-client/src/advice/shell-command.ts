/**
 * Makes commands for hints, with names in them. The reader of a hint pastes its command, and an
 * attacker may have typed the name for exactly that. So a name that is more than letters, digits
 * and a few signs is quoted. A name that a shell, `cmd.exe`, an LDAP filter or a reader could take
 * for something else is not put into a command at all.
 */

/** A name, a name that is always quoted, or the path of a file that may not be known. */
type Argument = string | { readonly quoted: string } | { readonly file: string | undefined }

type CommandTag = (texts: TemplateStringsArray, ...names: readonly Argument[]) => string

/**
 * Makes a command for PowerShell: powershell`Enable-ADAccount ${account}`. Source:
 * about_Quoting_Rules, "single-quoted strings".
 */
export const powershell = commandTag((name) => `'${name.replaceAll("'", "''")}'`, findByUpn)

/**
 * Makes a command for a shell: sh`samba-tool user enable ${account}`. Source: POSIX, Shell Command
 * Language, section 2.2.2.
 */
export const sh = commandTag((name) => `'${name.replaceAll("'", "'\\''")}'`)

/** The text in place of a command that cannot be made safely. */
export const NO_COMMAND = 'no command, since a shell could misread the name: type it yourself'

type Quote = (name: string) => string

/**
 * Returns what replaces an argument that cannot stand there itself, together with the text before
 * it. `before` is the command up to the argument.
 */
type Rewrite = (name: string, before: string) => readonly [string, { readonly quoted: string }, string] | undefined

function commandTag(quote: Quote, rewrite: Rewrite = () => undefined): CommandTag {
  return (texts, ...names) => {
    const shown = names.map((name, index) => {
      const other = typeof name === 'string' ? rewrite(name, texts[index]) : undefined
      if (other === undefined) return argument(name, quote)
      const quoted = argument(other[1], quote)
      return quoted && other[0] + quoted + other[2]
    })
    return shown.includes(undefined) ? NO_COMMAND : String.raw({ raw: texts }, ...shown)
  }
}

function argument(name: Argument, quote: (name: string) => string): string | undefined {
  if (typeof name === 'object' && 'file' in name) return fileForCommand(name.file)
  const [text, isPlain] = typeof name === 'string' ? [name, PLAIN.test(name)] : [name.quoted, false]
  if (isPlain) return text
  return QUOTABLE.test(text) ? quote(text) : undefined
}

/**
 * Returns a comment about FILE in a command; empty if the path is known and so stands in the
 * command.
 */
export function aboutFile(file: string | undefined, what: string): string {
  return fileForCommand(file) === UNKNOWN_FILE ? `   # FILE: ${what}` : ''
}

function fileForCommand(file: string | undefined): string {
  return file !== undefined && PLAIN_FILE.test(file) ? file : UNKNOWN_FILE
}

const UNKNOWN_FILE = 'FILE'

/** Matches a path that is one word for a shell, and not an option. */
const PLAIN_FILE = /^[\w./][\w./@-]*$/

/**
 * Finds an account by its user principal name. The first argument of these cmdlets (`-Identity`) is
 * the account's own name, and cannot be a user principal name.
 */
function findByUpn(name: string, before: string): ReturnType<Rewrite> {
  const cmdlet = /\b([A-Z][a-z]+-AD\w+) $/.exec(before)?.[1]
  if (cmdlet === undefined || !/^[^/]+@/.test(name)) return undefined
  const filter = '-Filter {UserPrincipalName -eq '
  return cmdlet === 'Get-ADUser' ? [filter, { quoted: name }, '}'] : [`(Get-ADUser ${filter}`, { quoted: name }, '})']
}

/**
 * Matches a name that is one word, and the same word, in every shell. The account of a machine ends
 * in `$`.
 */
const PLAIN = /^[A-Za-z0-9_][\w./:@-]*\$?$/

/**
 * Matches a name that single quotes turn into one word. It must not look like an option, and may
 * contain no quote but the straight one: PowerShell takes curly quotes for it.
 */
const QUOTABLE = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} _.,/:@$+='-]*$/u
