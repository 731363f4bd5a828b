import type { CompletedCommand, CompletedOption } from './words.js'

/**
 * A completion script for bash 4 and newer. Everything it offers is written into it: completing
 * starts no program.
 */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const groups = new Map<string, string[]>()
  for (const { path } of commands) {
    const [first = '', second] = path.split(' ')
    groups.set(first, [...(groups.get(first) ?? []), ...(second === undefined ? [] : [second])])
  }
  const pairs = [...groups].filter(([, seconds]) => seconds.length > 0)
  return `# bash completion of s4u: source <(s4u completion bash)
_s4u() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${[...groups.keys(), 'help'].join(' ')}' -- "$word"))
    return
  fi
${pairs.map(([name, seconds]) => groupLines(name, seconds)).join('')}  case "$command" in
${commands.map(commandLines).join('')}  help) COMPREPLY=($(compgen -W '${[...groups.keys()].join(' ')}' -- "$word")) ;;
  esac
}
complete -F _s4u s4u
`
}

function groupLines(name: string, seconds: readonly string[]): string {
  return `  if [ "$command" = ${name} ]; then
    if [ "$COMP_CWORD" -eq 2 ]; then
      COMPREPLY=($(compgen -W '${seconds.join(' ')}' -- "$word"))
      return
    fi
    command="${name} \${COMP_WORDS[2]}"
  fi
`
}

function commandLines({ path, options, operand }: CompletedCommand): string {
  const values = options.filter(({ hasValue }) => hasValue).map(valueLine)
  const flags = options.flatMap(({ flags }) => flags).join(' ')
  const others = operand?.choices
    ? `COMPREPLY=($(compgen -W '${operand.choices.join(' ')}' -- "$word"))`
    : filesOf(operand?.completes)
  return `  '${path}')
    case "$before" in
${values.join('')}    esac
    case "$word" in
    -*) COMPREPLY=($(compgen -W '${flags}' -- "$word")) ;;
    *) ${others} ;;
    esac
    ;;
`
}

function valueLine({ flags, choices, completes }: CompletedOption): string {
  const offer = choices ? `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$word"))` : filesOf(completes)
  return `    ${flags.join('|')}) ${offer}; return ;;\n`
}

function filesOf(completes: 'file' | 'folder' | undefined): string {
  if (completes === undefined) return ':'
  return `compopt -o filenames; COMPREPLY=($(compgen -${completes === 'file' ? 'f' : 'd'} -- "$word"))`
}
