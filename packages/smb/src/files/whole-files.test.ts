import { expect, test } from 'vitest'
import type { Tree } from '../connection/tree.js'
import type { Request } from '../connection/request.js'
import { OctetWriter } from '../wire/octets.js'
import { Status } from '../wire/status.js'
import type { ShareAccess } from './share-access.js'
import { describe, readSecurity } from './whole-files.js'

function accessBy(request: (requests: readonly Request[]) => Promise<readonly object[]>): ShareAccess {
  const tree: Tree = Object({ agreement: { maxTransact: 65_536 }, request })
  return Object({
    nameOf: (path: string) => path,
    openName: (_tree: Tree, name: string) => name,
    use: (_signal: undefined, action: (tree: Tree) => unknown) => action(tree),
  })
}

test('a server that says of each buffer that it is too small is asked twice, and not for ever', async () => {
  let asked = 0
  const request = async () => {
    if (asked++ > 5) throw new Error('asked for ever')
    const needed = new OctetWriter(76).u16(64, 9).u32(68, 4).u32(72, 70_000).octets
    return [{ status: 0 }, { status: Status.BUFFER_TOO_SMALL, message: needed }, { status: 0 }]
  }
  await expect(readSecurity(accessBy(request), 'a.txt', {})).rejects.toMatchObject({
    name: 'FileError',
    syscall: 'securityDescriptor',
    ntStatusCode: Status.BUFFER_TOO_SMALL,
  })
  expect(asked).toBe(2)
})

test.each([
  [0xa000_000c, true],
  [0xa000_0003, true],
  [0x9000_701a, false],
])('lstat says whether a reparse point is a link: tag %i', async (tag, isLink) => {
  const FILE_ATTRIBUTE_TAG = 35
  const output = (octets: OctetWriter): Uint8Array =>
    new OctetWriter(72 + octets.octets.length)
      .u16(64, 9)
      .u16(66, 72)
      .u32(68, octets.octets.length)
      .set(72, octets.octets).octets
  const ofAll = output(new OctetWriter(100).u32(32, 0x410))
  const ofTag = output(new OctetWriter(8).u32(0, 0x410).u32(4, tag))
  const access = accessBy(async ([, query]) => {
    const isTag = query.body[3] === FILE_ATTRIBUTE_TAG
    return [{ status: 0 }, { status: 0, message: isTag ? ofTag : ofAll }, { status: 0 }]
  })
  const stats = await describe(access, 'a', { follow: false })
  expect([stats.isSymbolicLink(), stats.isDirectory()]).toEqual([isLink, !isLink])
  expect((await describe(access, 'a', { follow: true })).isSymbolicLink()).toBe(false)
})
