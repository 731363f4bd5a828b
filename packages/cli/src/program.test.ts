import { describe, expect, test } from 'vitest'
import type { RunnableCommand } from './command-line/command.js'
import { runCommandLine } from './command-line/run.js'
import { COMMANDS } from './command-table.js'
import { outputsInMemory } from './fixtures/outputs-in-memory.js'

/** Each command with the words that lead to it: `keytab`, `list`. */
const every: readonly (readonly [readonly string[], RunnableCommand])[] = COMMANDS.flatMap(
  (command): [string[], RunnableCommand][] =>
    'commands' in command
      ? command.commands.map((one) => [[command.name, one.name], one])
      : [[[command.name], command]],
)

async function run(words: readonly string[], page: { width?: number; hasColours?: boolean } = {}) {
  const { surroundings, printed } = outputsInMemory(page)
  const status = await runCommandLine(COMMANDS, words, surroundings)
  return { status, ...printed() }
}

describe('the help', () => {
  test.each(every)('of %j says what it does, with examples, in 80 columns', async (path, command) => {
    const ended = await run([...path, '--help'], { width: 80 })
    expect(ended).toMatchObject({ status: 0, stderr: '' })
    const lines = ended.stdout.split('\n')
    expect(lines.filter((line) => [...line].length > 80)).toEqual([])
    expect(lines[0]).toMatch(new RegExp(`^Usage: s4u ${path.join(' ')} `))
    expect(ended.stdout).toContain('--json')
    expect(command.examples.length).toBeGreaterThan(0)
    const whole = await run([...path, '--help'])
    for (const { line } of command.examples) expect(whole.stdout).toContain(`\n  ${line}\n`)
  })

  test('lists the commands, and is the same with help NAME', async () => {
    const list = await run(['--help'])
    for (const [path] of every) expect(list.stdout).toContain(`  ${path.join(' ')} `)
    const help = await run(['help', 'klist'])
    expect(help).toEqual(await run(['klist', '--help']))
    expect(help.stdout).toContain('Usage: s4u klist ')
  })

  test.each(every)('of %j is the same with help in front', async (path) => {
    expect(await run(['help', ...path])).toEqual(await run([...path, '--help']))
  })

  test('of a command that a group does not have is a mistake, with the nearest name', async () => {
    expect(await run(['help', 'keytab', 'crate'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("unknown command 'crate'"),
    })
  })

  test('the examples are commands that there are, with options that they have', async () => {
    for (const [, { examples }] of every)
      for (const { line } of examples) {
        const words = (/\bs4u (.*?)(?: (?:\||&&|>).*)?$/.exec(line)?.[1] ?? '').split(' ')
        const { stdout } = await run([...words, '--help'])
        for (const option of words.filter((word) => /^--?[a-z]/i.test(word)))
          expect(stdout).toMatch(new RegExp(`(?:^|[ ,])${option}[, \n]`, 'm'))
      }
  })
})

describe('a command line that cannot be followed', () => {
  test.each([
    [[], 'a command is missing'],
    [['klit'], "unknown command 'klit' (Did you mean klist?)"],
    [['kinit', '--cash', 'x'], "unknown option '--cash' (Did you mean --cache?)"],
    [['kdestroy', '-c'], 'argument missing'],
    [['klist', '--color', 'green'], 'Allowed choices are auto, always, never.'],
    [['kdestroy', 'a', 'b'], 'too many arguments'],
    [['realm', '--port', '65536'], 'A whole number from 0 to 65535 is expected.'],
    [['realm', '--port', '-1'], 'A whole number from 0 to 65535 is expected.'],
    [['keytab', 'rotate', '--kvno', 'two'], 'A whole number is expected.'],
    [['doctor', '--fix'], '--fix goes with --admin'],
    [['doctor', '--yes', '--admin', 'x'], '--yes goes with --fix'],
    [['doctor', '--plan', 'x'], '--plan goes with --for'],
    [['doctor', '--ntlm-host', 'x', '--ntlm-host', 'y'], '--ntlm-host goes with --ntlm'],
    [['join', 'x', '--directory-address', '10.0.0.1'], '--directory-address goes with --directory'],
    [['join', 'x', '--trusted-owner', 'S-1-5-18'], '--trusted-owner goes with --take-over'],
    [['klist', '-t'], '--timestamps goes with --keytab'],
    [['kvno', '--proxy', 'HTTP/x'], '--proxy goes with --as'],
    [['decode', '-p', 'svc-web', 'x'], '--principal goes with --names or --directory'],
  ])('is refused: %j', async (args, message) => {
    const ended = await run(args)
    expect(ended).toMatchObject({ status: 2, stdout: '' })
    expect(ended.stderr).toContain(message)
    const asked = await run([...args.slice(0, 1), '--json', ...args.slice(1)])
    expect(asked).toMatchObject({ status: 2, stderr: '' })
    expect(JSON.parse(asked.stdout)).toMatchObject({ error: { code: 'S4U_USAGE' } })
  })

  test('is told with the option that is missing, its value and what it does', async () => {
    const { stderr } = await run(['doctor', '--fix'])
    expect(stderr).toContain('Add --admin NAME: ask the directory as this administrator; asks for the password.')
    expect((await run(['klist', '-t'])).stderr).toContain('Add --keytab: show a keytab: NAME, else KRB5_KTNAME.')
  })

  test('an option goes only with one that its command has', () => {
    for (const [, { options }] of every)
      for (const { goesWith } of Object.values(options))
        expect(Object.keys(options)).toEqual(expect.arrayContaining([...(goesWith ?? [])]))
  })

  test('is shown without what a terminal would obey', async () => {
    const hostile = 'x\u{1b}]0;owned\u{7}\u{202e}y\u{9b}2J'
    const printed = [await run([hostile]), await run(['kvno', `--${hostile}`]), await run([hostile, '--json'])]
    // oxlint-disable-next-line no-control-regex
    for (const { stdout, stderr } of printed) expect(stdout + stderr).not.toMatch(/[\u{1b}\u{7}\u{202e}\u{9b}]/u)
  })
})

test('the help has colours where the terminal has them', async () => {
  const coloured = async (hasColours: boolean): Promise<boolean> =>
    (await run(['klist', '--help'], { hasColours })).stdout.includes('\u{1b}[')
  expect(await coloured(true)).toBe(true)
  expect(await coloured(false)).toBe(false)
})
