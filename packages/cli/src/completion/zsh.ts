import type { CompletedCommand, CompletedOption } from './words.js'

/** A completion script for zsh, with what each command and option does. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const firsts = new Map<string, string>()
  const groups = new Map<string, CompletedCommand[]>()
  for (const command of commands) {
    const [first = '', second] = command.path.split(' ')
    firsts.set(first, second === undefined ? command.summary : `${first} …`)
    if (second !== undefined) groups.set(first, [...(groups.get(first) ?? []), command])
  }
  return `#compdef s4u
# zsh completion of s4u: s4u completion zsh > a file _s4u in a folder of $fpath
_s4u() {
  local -a commands
  commands=(
${[...firsts].map(([name, about]) => `    ${quoted(`${name}:${about.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
${[...groups].map(([name, inner]) => groupLines(name, inner)).join('')}  shift words
  (( CURRENT-- ))
  case "$command" in
${commands.map(commandLines).join('')}  help) _describe command commands ;;
  esac
}
# As a file of $fpath this is the body of the function: the first completion comes here.
if [[ "$funcstack[1]" == _s4u ]]; then
  _s4u "$@"
else
  compdef _s4u s4u
fi
`
}

function groupLines(name: string, inner: readonly CompletedCommand[]): string {
  const described = inner.map(({ path, summary }) => `${path.split(' ')[1]}:${summary.replaceAll(':', '\\:')}`)
  return `  if [[ "$command" == ${name} ]]; then
    if (( CURRENT == 3 )); then
      local -a inner
      inner=(${described.map(quoted).join(' ')})
      _describe command inner
      return
    fi
    command="${name} $words[3]"
    shift words
    (( CURRENT-- ))
  fi
`
}

function commandLines({ path, options, operand }: CompletedCommand): string {
  const parts = [...options.flatMap(optionParts), operandPart(operand)]
  return `  '${path}')
    _arguments -s ${parts.map(quoted).join(' ')}
    ;;
`
}

function optionParts({ flags, hasValue, isRepeated, about, choices, completes }: CompletedOption): readonly string[] {
  const text = `[${about.replace(/[\\[\]:]/g, (character) => `\\${character}`)}]`
  const value = hasValue ? `:value:${actionOf(choices, completes)}` : ''
  return flags.map((flag) => `${isRepeated ? '*' : ''}${flag}${text}${value}`)
}

function operandPart(operand: CompletedCommand['operand']): string {
  return `*:${operand?.name ?? 'operand'}:${actionOf(operand?.choices, operand?.completes)}`
}

function actionOf(choices: readonly string[] | undefined, completes: 'file' | 'folder' | undefined): string {
  if (choices !== undefined) return `(${choices.join(' ')})`
  // A blank would stand for a message, beside which zsh inserts no option.
  if (completes === undefined) return '()'
  return completes === 'file' ? '_files' : '_files -/'
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
