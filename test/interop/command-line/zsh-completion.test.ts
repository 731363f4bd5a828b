import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { s4uOk } from './s4u-process.js'

/**
 * A zsh at a terminal: what is on the line and on the screen after the tabulator. Ctrl-X shows the
 * line.
 */
await describeRealms('the completion of s4u in zsh', ['zsh'], (info) => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(info.directory, 'zsh-'))
    const { stdout } = await s4uOk(['completion', 'zsh'])
    writeFileSync(join(folder, '_s4u'), stdout)
    writeFileSync(join(folder, 'web.keytab'), '')
    writeFileSync(
      join(folder, '.zshrc'),
      [
        ...['PS1="ready> "', 'fpath=($ZDOTDIR $fpath)', 'autoload -Uz compinit', 'compinit -u -d $ZDOTDIR/dump'],
        ...['setopt no_auto_menu no_beep', 'unsetopt prompt_cr prompt_sp', 'cd $ZDOTDIR'],
        'show-line() { print -r -- "<line:$BUFFER>"; BUFFER=""; zle reset-prompt }',
        ...['zle -N show-line', "bindkey '^X' show-line", "bindkey '^I' complete-word", 'print loaded', ''],
      ].join('\n'),
    )
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** @param typed what stands before the tabulator */
  async function completed(typed: string): Promise<{ line: string; screen: string }> {
    const env = { ...process.env, ZDOTDIR: folder, TERM: 'dumb', COLUMNS: '100', LINES: '60' }
    const child = spawn('/usr/bin/script', ['-qc', 'zsh -i', '/dev/null'], { env, timeout: 20_000 })
    let screen = ''
    const seen = async (text: string): Promise<void> => {
      while (!screen.includes(text)) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()))
    const ended = new Promise((resolve) => child.on('close', resolve))
    await Promise.race([seen('loaded'), ended])
    child.stdin.write(`${typed}\t`)
    // The first completion loads the script.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    child.stdin.write('\x18')
    await Promise.race([seen('<line:'), ended])
    child.stdin.end('exit\n')
    await ended
    return { line: /<line:(.*?)>/.exec(screen)?.[1] ?? screen, screen }
  }

  test.each([
    ['s4u kd', 's4u kdestroy '],
    ['s4u keytab rot', 's4u keytab rotate '],
    ['s4u keytab rotate --dr', 's4u keytab rotate --drop-old '],
    ['s4u klist --color al', 's4u klist --color always '],
    ['s4u doctor --for mi', 's4u doctor --for mit '],
    ['s4u completion z', 's4u completion zsh '],
    ['s4u decode -t we', 's4u decode -t web.keytab '],
    ['s4u kinit --lif', 's4u kinit --lifetime '],
    ['s4u kinit alice --ot', 's4u kinit alice --otp '],
    ['s4u nothing we', 's4u nothing we'],
  ])('%s becomes %s', async (typed, line) => {
    const found = await completed(typed)
    expect(found.line).toBe(line)
    expect(found.screen).not.toMatch(/error|not found|bad/i)
  })

  test('the script works as well where it is read, and not put into a folder', async () => {
    const { line } = await completed('source _s4u; s4u kd')
    expect(line).toBe('source _s4u; s4u kdestroy ')
  })

  test('several commands are listed, with what each does', async () => {
    const { screen } = await completed('s4u keytab c')
    expect(screen).toMatch(/check +-- [A-Z]/)
    expect(screen).toMatch(/create +-- [A-Z]/)
    expect(screen).not.toMatch(/rotate +--/)
  })

  test('options are listed with what each does, marks of zsh in them too', async () => {
    const { screen } = await completed('s4u kvno --')
    expect(screen).toMatch(/--proxy +-- with --as: act for the user at this service/)
    expect(screen).toMatch(/--kdc +-- ask this KDC; default: krb5\.conf, then DNS/)
  })
})
