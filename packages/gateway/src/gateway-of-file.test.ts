import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { corporation } from '../../../test/stories/fixtures/corporation.js'
import { type GatewayOfFile, openGatewayFile } from './gateway-of-file.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-gateway-'))
const path = join(folder, 'gateway.yaml')
const onReload = vi.fn()
let opened: GatewayOfFile

const written = (lines: readonly string[]): void =>
  writeFileSync(
    path,
    [
      'kerberos: { keytab: web.keytab }',
      "listeners: [{ address: '127.0.0.1:0', plain: true }]",
      'session: { secure: false }',
      ...lines,
      '',
    ].join('\n'),
  )
const SITE =
  "sites: [{ hosts: a.test, to: 'http://127.0.0.1:9', access: { allow: everybody }, delegation: { as: none } }]"

beforeAll(async () => {
  writeFileSync(join(folder, 'web.keytab'), (await corporation()).keytabFor('web').encode())
  written([SITE])
  opened = await openGatewayFile(path, { onReload })
})
afterAll(async () => {
  await opened.stop()
  rmSync(folder, { recursive: true })
})

test('a reload tells what became of it', async () => {
  await opened.reload()
  expect(onReload).toHaveBeenLastCalledWith({ kind: 'reloaded' })
  written(['sites: none'])
  await opened.reload()
  expect(onReload).toHaveBeenLastCalledWith({
    kind: 'refused',
    error: expect.objectContaining({ name: 'ConfigurationError' }),
  })
  written([SITE])
})

test('a file that is gone between the check and the reading ends nothing', async () => {
  const cause = Object.assign(new Error('EISDIR: illegal operation on a directory, read'), { code: 'EISDIR' })
  vi.spyOn(opened.gateway, 'reload').mockRejectedValueOnce(cause)
  await opened.reload()
  expect(onReload).toHaveBeenLastCalledWith({
    kind: 'refused',
    error: expect.objectContaining({
      name: 'ConfigurationError',
      message: 'the configuration could not be put in force (EISDIR)',
      hint: 'Look whether all files that it names can be read, and send SIGHUP. The configuration before is in force.',
      cause,
    }),
  })
})

test('an onReload that throws ends nothing, and is told', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  onReload.mockImplementationOnce(() => {
    throw new Error('the disk is full')
  })
  await opened.reload()
  expect(warn.mock.calls).toEqual([['onReload of openGatewayFile has thrown an error', { type: 'S4uWarning' }]])
  warn.mockRestore()
})
