import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { program, runToEnd, s4u, s4uOk } from './s4u-process.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-cli-realm-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts `s4u realm`, and waits until it says where its files are. */
async function started(
  args: readonly string[],
  user?: number,
): Promise<{ child: ChildProcess; document: Record<string, unknown> }> {
  const as = { uid: user, gid: user }
  const all = [program, 'realm', ...args, '--json']
  const child = spawn(process.execPath, all, { ...as, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.endsWith('}\n')) break
  }
  return { child, document: JSON.parse(text) }
}

test('a realm of a file runs until Ctrl-C, and leaves its files in the folder that was named', async () => {
  writeFileSync(
    join(folder, 'corp.json'),
    JSON.stringify({
      realm: 'CORP.TEST',
      users: { dora: { password: 'explorer' } },
      services: { web: { spns: ['HTTP/web.corp.test'] } },
    }),
  )
  const out = join(folder, 'out')
  const { child, document } = await started([join(folder, 'corp.json'), '-o', out])
  expect(document).toMatchObject({
    realm: 'CORP.TEST',
    krb5Conf: join(out, 'krb5.conf'),
    keytabs: { web: join(out, 'web.keytab') },
  })
  expect([out, join(out, 'web.keytab')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600])
  const environment = { KRB5_CONFIG: join(out, 'krb5.conf'), KRB5CCNAME: join(out, 'cc') }
  await s4uOk(['kinit', 'dora'], { environment, input: 'explorer\n' })
  await s4uOk(['kinit', '-t', join(out, 'web.keytab')], { environment })
  child.kill('SIGINT')
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0)
  expect(existsSync(join(out, 'web.keytab'))).toBe(true)
})

test('started again by another user it writes nothing into the folder of the first, and says what to do', async () => {
  const shared = mkdtempSync(join(tmpdir(), 's4u-cli-realm-shared-'))
  chmodSync(shared, 0o777)
  try {
    const out = join(shared, 'out')
    await stopped((await started(['-o', out])).child)
    const before = readFileSync(join(out, 'all.keytab'))
    const refused = await s4u(['realm', '-o', out], { user: NOBODY })
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused.stderr).toMatch(/the files of the realm cannot be written: Error: EACCES.*krb5\.conf/)
    expect(refused.stderr).toContain('Name a folder of this user with --folder.')
    expect(readFileSync(join(out, 'all.keytab')).equals(before)).toBe(true)

    const own = join(shared, 'own')
    await stopped((await started(['-o', own], NOBODY)).child)
    expect([statSync(own).uid, statSync(join(own, 'all.keytab')).uid]).toEqual([NOBODY, NOBODY])
  } finally {
    rmSync(shared, { recursive: true, force: true })
  }
})

/** The user that every Linux calls nobody. */
const NOBODY = 65_534

function stopped(child: ChildProcess): Promise<unknown> {
  child.kill('SIGINT')
  return new Promise((resolve) => child.on('exit', resolve))
}

test('without a file it is AD.TEST, and its folder goes with it', async () => {
  const { child, document } = await started([])
  const made = String(document['folder'])
  expect(document['realm']).toBe('AD.TEST')
  expect(existsSync(join(made, 'all.keytab'))).toBe(true)
  child.kill('SIGTERM')
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0)
  expect(existsSync(made)).toBe(false)
})

test.each([
  ['{', 'it is no JSON'],
  ['[]', 'it is no JSON object'],
  ['{}', 'the member "realm" is missing'],
  ['{"realm":"X.TEST","usrs":{}}', 'there is no setting "usrs"'],
])('a realm file with %s is refused', async (text, message) => {
  writeFileSync(join(folder, 'bad.json'), text)
  const ended = await s4u(['realm', join(folder, 'bad.json')])
  expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining(message) })
})

test('bash completes commands, options and choices by the script', async () => {
  const { stdout } = await s4u(['completion', 'bash'])
  const completed = async (...words: string[]): Promise<string[]> => {
    const list = words.map((word) => `'${word}'`).join(' ')
    const script = `${stdout}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _s4u; echo "\${COMPREPLY[@]}"`
    return (await runToEnd('bash', ['-c', script])).stdout.trim().split(' ')
  }
  expect(await completed('s4u', 'kd')).toEqual(['kdestroy'])
  expect(await completed('s4u', 'keytab', 'c')).toEqual(['create', 'check'])
  expect(await completed('s4u', 'keytab', 'rotate', '--dr')).toEqual(['--drop-old'])
  expect(await completed('s4u', 'klist', '--color', 'a')).toEqual(['auto', 'always'])
  expect(await completed('s4u', 'completion', 'z')).toEqual(['zsh'])
})
