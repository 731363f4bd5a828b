import { tmpdir, userInfo } from 'node:os'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { readConfigurationFiles } from '../configuration/configuration-files.js'
import { thisMachine } from '../configuration/this-machine.js'
import { platform as node } from './node.js'
import { platform as portable } from './portable.js'

afterEach(() => void vi.restoreAllMocks())

test('on Node the machine is the one that the process runs on', () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-machine-'))
  try {
    writeFileSync(join(folder, 'a.conf'), 'Größe')
    expect(thisMachine.listFolder(folder)).toEqual(['a.conf'])
    expect(thisMachine.readFile(join(folder, 'a.conf'))).toBe('Größe')
    expect(() => thisMachine.readFile(join(folder, 'b.conf'))).toThrow('ENOENT')
  } finally {
    rmSync(folder, { recursive: true })
  }
  expect([thisMachine.uid, thisMachine.euid]).toEqual([process.getuid?.(), process.geteuid?.()])
  expect(thisMachine.username()).toBe(userInfo().username)
  expect(thisMachine.isWindows).toBe(process.platform === 'win32')
})

test('on Node the environment is that of the moment', () => {
  vi.stubEnv('S4U_PLATFORM_TEST', 'now')
  expect(thisMachine.environment['S4U_PLATFORM_TEST']).toBe('now')
  vi.unstubAllEnvs()
  expect(thisMachine.environment['S4U_PLATFORM_TEST']).toBeUndefined()
})

test('on Node a warning is one of the process', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
  node.outlets.warn('refused alice@AD.TEST')
  expect(warn.mock.calls).toEqual([['refused alice@AD.TEST', { type: 'S4uWarning', code: 'S4U_REFUSED' }]])
})

test('elsewhere there are no files, no environment and no users, so that krb5.conf is empty', () => {
  const { machine } = portable
  expect(() => machine.readFile('/etc/krb5.conf')).toThrow('this platform has no files, such as /etc/krb5.conf')
  expect(() => machine.listFolder('/etc')).toThrow('this platform has no files, such as /etc')
  expect([machine.environment, machine.uid, machine.euid]).toEqual([{}, undefined, undefined])
  expect(() => machine.username()).toThrow('this platform has no users')
  expect(readConfigurationFiles(undefined, machine).duration('libdefaults', 'clockskew')).toBeUndefined()
})

test('elsewhere warnings go to the console, and nothing is written for debugging', () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  portable.outlets.warn('refused alice@AD.TEST')
  expect(warn.mock.calls).toEqual([['refused alice@AD.TEST']])
  expect(portable.outlets.debug.enabled).toBe(false)
  expect(portable.outlets.debug('%s', 'x')).toBeUndefined()
})
