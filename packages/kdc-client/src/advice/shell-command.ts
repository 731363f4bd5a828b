/**
 * Commands for hints, with names in them. Whoever reads a hint pastes its command, and whoever typed the name may have typed it for
 * that: a name that is more than letters, digits and a few signs is quoted, and one that a shell, `cmd.exe`, an LDAP filter or a
 * reader could take for something else is not put into a command at all.
 */

/** A name, one that is quoted even when it need not be, or the path of a file that may not be known. */
type Argument = string | { readonly quoted: string } | { readonly file: string | undefined }

type CommandTag = (texts: TemplateStringsArray, ...names: readonly Argument[]) => string

/** powershell`Enable-ADAccount ${account}`. Source: about_Quoting_Rules, "single-quoted strings". */
export const powershell = commandTag((name) => `'${name.replaceAll("'", "''")}'`, findByUpn)

/** sh`samba-tool user enable ${account}`. Source: POSIX, Shell Command Language, section 2.2.2. */
export const sh = commandTag((name) => `'${name.replaceAll("'", "'\\''")}'`)

/** What stands in place of a command. */
export const NO_COMMAND = 'no command, since a shell could misread the name: type it yourself'

type Quote = (name: string) => string

/** `before` is the command up to an argument; what is returned stands in place of that, where it cannot stand itself. */
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

/** Said of a command that has FILE in it: who knows the path need not be asked. */
export function aboutFile(file: string | undefined, what: string): string {
  return fileForCommand(file) === UNKNOWN_FILE ? `   # FILE: ${what}` : ''
}

function fileForCommand(file: string | undefined): string {
  return file !== undefined && PLAIN_FILE.test(file) ? file : UNKNOWN_FILE
}

const UNKNOWN_FILE = 'FILE'

/** Is one word for a shell, and no option. */
const PLAIN_FILE = /^[\w./][\w./@-]*$/

/** An account is what these cmdlets take first (`-Identity`), by its own name and not by a user principal name. */
function findByUpn(name: string, before: string): ReturnType<Rewrite> {
  const cmdlet = /\b([A-Z][a-z]+-AD\w+) $/.exec(before)?.[1]
  if (cmdlet === undefined || !/^[^/]+@/.test(name)) return undefined
  const filter = '-Filter {UserPrincipalName -eq '
  return cmdlet === 'Get-ADUser' ? [filter, { quoted: name }, '}'] : [`(Get-ADUser ${filter}`, { quoted: name }, '})']
}

/** Is one word, and the same word, in all of them. A machine's account ends in `$`. */
const PLAIN = /^[A-Za-z0-9_][\w./:@-]*\$?$/

/** What single quotes make one word of: no option, and no quote but the straight one, since PowerShell takes curly ones for it. */
const QUOTABLE = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} _.,/:@$+='-]*$/u
