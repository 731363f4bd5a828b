import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { trace } from './trace.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-trace-'))

afterEach(() => {
  delete process.env.KRB5_TRACE
})

test('a file that cannot be written is told once, and stops nobody', () => {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  process.env.KRB5_TRACE = folder
  trace(() => 'one')
  trace(() => 'two')
  expect(emit).toHaveBeenCalledTimes(1)
  expect(emit).toHaveBeenCalledWith(`KRB5_TRACE: cannot write to ${folder} (EISDIR): nothing is traced`, {
    type: 'S4uWarning',
    code: 'S4U_TRACE',
  })
  emit.mockRestore()
})

test.runIf(process.platform === 'linux')('a pipe that nobody reads is not waited for', () => {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const path = join(folder, 'pipe.log')
  execFileSync('mkfifo', [path])
  process.env.KRB5_TRACE = path
  trace(() => 'one')
  expect(emit.mock.calls).toEqual([
    [`KRB5_TRACE: cannot write to ${path} (ENXIO): nothing is traced`, { type: 'S4uWarning', code: 'S4U_TRACE' }],
  ])
  emit.mockRestore()
})

test('a file is written for its owner alone, and what is in it stays', () => {
  const path = join(folder, 'trace.log')
  writeFileSync(path, 'before\n', { mode: 0o600 })
  process.env.KRB5_TRACE = path
  trace(() => 'one')
  expect(readFileSync(path, 'latin1')).toMatch(/^before\n\[\d+\] \d+\.\d{6}: one\n$/)
  process.env.KRB5_TRACE = `${path}.new.log`
  trace(() => 'two')
  expect(statSync(`${path}.new.log`).mode & 0o777).toBe(0o600)
})

test('/dev/stderr is the standard error, whatever is behind it', () => {
  const written: unknown[] = []
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(text) > 0)
  process.env.KRB5_TRACE = '/dev/stderr'
  trace(() => 'a name with\na line of its own')
  write.mockRestore()
  expect(written).toEqual([expect.stringMatching(/^\[\d+\] \d+\.\d{6}: a name with\\u\{a\}a line of its own\n$/)])
})

test('without KRB5_TRACE nothing is made', () => {
  expect(() => trace(() => expect.unreachable())).not.toThrow()
  process.env.KRB5_TRACE = ''
  expect(() => trace(() => expect.unreachable())).not.toThrow()
  rmSync(folder, { recursive: true })
})
