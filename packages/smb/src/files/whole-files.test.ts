import { expect, test } from 'vitest'
import type { Tree } from '../connection/tree.js'
import { OctetWriter } from '../wire/octets.js'
import { Status } from '../wire/status.js'
import type { ShareAccess } from './share-access.js'
import { readSecurity } from './whole-files.js'

test('a server that says of each buffer that it is too small is asked twice, and not for ever', async () => {
  let asked = 0
  const request = async () => {
    if (asked++ > 5) throw new Error('asked for ever')
    const needed = new OctetWriter(76).u16(64, 9).u32(68, 4).u32(72, 70_000).octets
    return [{ status: 0 }, { status: Status.BUFFER_TOO_SMALL, message: needed }, { status: 0 }]
  }
  const tree: Tree = Object({ agreement: { maxTransact: 65_536 }, request })
  const access: ShareAccess = Object({
    nameOf: (path: string) => path,
    openName: (_tree: Tree, name: string) => name,
    use: (_signal: undefined, action: (tree: Tree) => unknown) => action(tree),
  })
  await expect(readSecurity(access, 'a.txt', {})).rejects.toMatchObject({
    name: 'FileError',
    syscall: 'securityDescriptor',
    ntStatusCode: Status.BUFFER_TOO_SMALL,
  })
  expect(asked).toBe(2)
})
