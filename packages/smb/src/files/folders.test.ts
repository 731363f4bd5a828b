import { describe, expect, test } from 'vitest'
import type { Reply, Request } from '../connection/request.js'
import type { Tree } from '../connection/tree.js'
import { CreateOption, FileAttribute } from '../wire/file-messages.js'
import { Command } from '../wire/header.js'
import { OctetReader, OctetWriter, utf16 } from '../wire/octets.js'
import { Status } from '../wire/status.js'
import { listFolder, remove } from './folders.js'
import type { ShareAccess } from './share-access.js'

/** What lies under a path: contents, a folder, or a junction, which is a folder that leads away. */
type Node = 'file' | 'folder' | { readonly junction: string }

const JUNCTION_TAG = 0xa000_0003

/** A share in memory. Like Windows it follows junctions, unless it is asked for the link itself. */
class FakeShare {
  readonly nodes: Map<string, Node>
  readonly #open: { name: string; isListed: boolean }[] = []
  /** Answers of a folder that never ends. */
  endless = false
  listed = 0

  constructor(nodes: Readonly<Record<string, Node>>) {
    this.nodes = new Map(Object.entries(nodes))
  }

  get access(): ShareAccess {
    const tree: Tree = Object({
      agreement: { maxTransact: 65_536 },
      session: { negotiated: { connection: { affordable: 65_536 } } },
      isOpen: true,
      request: async (requests: readonly Request[]) => this.#answer(requests),
    })
    const access: ShareAccess = Object({
      nameOf: (path: string) => path.replaceAll('/', '\\'),
      openName: (_tree: Tree, name: string) => name,
      use: async (_signal: undefined, action: (tree: Tree) => unknown) => action(tree),
    })
    return access
  }

  get paths(): readonly string[] {
    return [...this.nodes.keys()]
  }

  #answer(requests: readonly Request[]): readonly Reply[] {
    let failed: number | undefined
    return requests.map((request) => {
      const reply = failed === undefined ? this.#one(request) : replyOf(failed)
      if (reply.status >= 0xc000_0000) failed = reply.status
      return reply
    })
  }

  #one({ command, body }: Request): Reply {
    const reader = new OctetReader(body, 'request')
    switch (command) {
      case Command.CREATE:
        return this.#create(reader.text(56, reader.u16(46), 'name'), reader.u32(40))
      case Command.QUERY_DIRECTORY:
        return this.#list()
      case Command.SET_INFO:
        return this.#delete()
      default:
        this.#open.pop()
        return replyOf(0)
    }
  }

  #create(name: string, options: number): Reply {
    const real = this.#real(name, (options & CreateOption.OPEN_REPARSE_POINT) === 0)
    const node = real === '' ? 'folder' : this.nodes.get(real)
    if (node === undefined) return replyOf(Status.OBJECT_NAME_NOT_FOUND)
    if (node !== 'file' && (options & CreateOption.NON_DIRECTORY) !== 0) return replyOf(Status.FILE_IS_A_DIRECTORY)
    this.#open.push({ name: real, isListed: false })
    return replyOf(0, new OctetWriter(152).u16(64, 89).octets)
  }

  /** The path with the junctions in it followed; with `whole`, the last part too. */
  #real(name: string, whole: boolean): string {
    let real = ''
    const parts = name.split('\\')
    parts.forEach((part, i) => {
      real = real === '' ? part : `${real}\\${part}`
      const node = this.nodes.get(real)
      if (typeof node === 'object' && (whole || i + 1 < parts.length)) real = node.junction
    })
    return real
  }

  #childrenOf(name: string): readonly string[] {
    const within = name === '' ? '' : `${name}\\`
    return this.paths.filter((path) => path.startsWith(within) && !path.slice(within.length).includes('\\'))
  }

  #list(): Reply {
    this.listed++
    const folder = this.#open.at(-1)
    const children = this.#childrenOf(folder?.name ?? '')
    if (folder?.isListed === true && !this.endless) return replyOf(Status.NO_MORE_FILES)
    if (folder !== undefined) folder.isListed = true
    const isLink = typeof this.nodes.get(folder?.name ?? '') === 'object'
    if (children.length === 0 || isLink) return replyOf(Status.NO_SUCH_FILE)
    return replyOf(0, this.#entries(children))
  }

  #entries(children: readonly string[]): Uint8Array {
    const entries = new OctetWriter(72 + children.length * 160)
      .u16(64, 9)
      .u16(66, 72)
      .u32(68, children.length * 160)
    children.forEach((path, i) => {
      const at = 72 + i * 160
      const name = utf16(path.split('\\').at(-1) ?? '')
      const node = this.nodes.get(path)
      const kind = node === 'file' ? FileAttribute.ARCHIVE : FileAttribute.DIRECTORY
      const isLink = typeof node === 'object'
      entries
        .u32(at, i + 1 < children.length ? 160 : 0)
        .u32(at + 60, name.length)
        .set(at + 104, name)
      entries.u32(at + 56, kind | (isLink ? FileAttribute.REPARSE_POINT : 0)).u32(at + 64, isLink ? JUNCTION_TAG : 0)
    })
    return entries.octets
  }

  #delete(): Reply {
    const { name } = this.#open.at(-1) ?? { name: '' }
    if (this.nodes.get(name) === 'folder' && this.#childrenOf(name).length > 0) {
      return replyOf(Status.DIRECTORY_NOT_EMPTY)
    }
    this.nodes.delete(name)
    return replyOf(0)
  }
}

function replyOf(status: number, message: Uint8Array = new Uint8Array(0)): Reply {
  return Object({ status, message, header: {} })
}

const OTHERS = { home: 'folder', 'home\\thesis': 'file' } as const

describe('a folder is removed with all in it', () => {
  const how = { recursive: true, force: false }

  test('also where it is empty, and where folders are in it', async () => {
    const share = new FakeShare({
      ...OTHERS,
      tmp: 'folder',
      'tmp\\a': 'folder',
      'tmp\\a\\b': 'file',
      'tmp\\c': 'folder',
    })
    await remove(share.access, 'tmp', how)
    expect(share.paths).toEqual(['home', 'home\\thesis'])
  })

  test('and a junction that somebody has put there goes, and not what it leads to', async () => {
    const share = new FakeShare({ ...OTHERS, tmp: 'folder', 'tmp\\trap': { junction: 'home' }, 'tmp\\x': 'file' })
    await remove(share.access, 'tmp', how)
    expect(share.paths).toEqual(['home', 'home\\thesis'])
  })

  test('and so does a junction that is named itself', async () => {
    const share = new FakeShare({ ...OTHERS, trap: { junction: 'home' } })
    await remove(share.access, 'trap', how)
    expect(share.paths).toEqual(['home', 'home\\thesis'])
  })
})

describe('a folder is listed with those in it', () => {
  const LOOP = { tmp: 'folder', 'tmp\\a': { junction: 'tmp' }, 'tmp\\b': { junction: 'tmp' } } as const

  test('and junctions are links, which are not followed: two that lead back would never end', async () => {
    const share = new FakeShare({ ...OTHERS, ...LOOP, 'tmp\\c': 'folder', 'tmp\\c\\d': 'file' })
    const entries = await listFolder(share.access, 'tmp', { recursive: true, limit: 1_000 })
    expect(entries.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
    expect(entries.map((entry) => [entry.isSymbolicLink(), entry.isDirectory()])).toEqual([
      ...[1, 2].map(() => [true, false]),
      [false, true],
      [false, false],
    ])
  })

  test.each([
    ['that never ends', { tmp: 'folder', 'tmp\\a': 'file' }],
    ['that has nothing in it, again and again', { tmp: 'folder', 'tmp\\.': 'folder' }],
  ] as const)('but not one %s', async (_what, nodes) => {
    const share = new FakeShare(nodes)
    share.endless = true
    const listing = listFolder(share.access, 'tmp', { recursive: false, limit: 100 })
    await expect(listing).rejects.toMatchObject({ name: 'FileError', code: 'EFBIG', syscall: 'scandir' })
    expect(share.listed).toBeLessThan(102)
  })

  test('and folders that together have too much are not', async () => {
    const folders = Array.from({ length: 60 }, (_, i) => [`f${i}`, `f${i}\\x`]).flat()
    const share = new FakeShare(
      Object.fromEntries(folders.map((path) => [path, path.endsWith('x') ? 'file' : 'folder'])),
    )
    await expect(listFolder(share.access, '', { recursive: true, limit: 100 })).rejects.toMatchObject({ code: 'EFBIG' })
    expect(await listFolder(share.access, '', { recursive: true, limit: 120 })).toHaveLength(120)
  })
})
