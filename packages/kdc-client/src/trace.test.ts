import { mkdtempSync, rmSync } from 'node:fs'
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
