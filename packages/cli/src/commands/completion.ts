import { bashCompletion } from '../completion/bash.js'
import { completedCommands } from '../completion/words.js'
import { zshCompletion } from '../completion/zsh.js'
import { type Command, defineCommand, type RunnableCommand } from '../command-line/command.js'

/** The command that prints a completion script for all others, and for itself. */
export function completionOf(others: readonly Command[]): RunnableCommand {
  const completion = defineCommand({
    name: 'completion',
    summary: 'Print a script that lets a shell complete commands, options and files',
    operands: [{ name: 'SHELL', about: 'the shell', required: true, choices: ['bash', 'zsh'] }],
    options: {},
    examples: [
      { line: 's4u completion bash > ~/.local/share/bash-completion/completions/s4u', about: 'bash' },
      { line: 's4u completion zsh > ~/.zfunc/_s4u', about: 'zsh, with ~/.zfunc in fpath' },
    ],
    async run(given) {
      const [shell = ''] = given.operands
      const commands = completedCommands([...others, completion])
      const script = shell === 'zsh' ? zshCompletion(commands) : bashCompletion(commands)
      return { value: { shell, script }, blocks: [{ kind: 'verbatim', text: script }] }
    },
  })
  return completion
}
