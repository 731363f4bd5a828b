import { type CacheContents, type CachedCredential, encodeCcache, Key, kerberosFlags, parsePrincipal } from '@s4u/krb5'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createKdcClient } from '../client/create-kdc-client.js'
import { openCredentialCache } from './open-credential-cache.js'

const base = mkdtempSync(join(tmpdir(), 's4u-caches-'))
afterAll(() => rmSync(base, { recursive: true }))
let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(base, 'x'))))

const credential = (service: string, authtime = 1_000): CachedCredential => ({
  client: parsePrincipal('alice@R'),
  server: parsePrincipal(service),
  key: new Key(17, new Uint8Array(16).fill(1)),
  ...{ authtime, starttime: 2_000, endtime: 9_000_000_000, renewTill: 0, isSkey: false },
  flags: kerberosFlags(1, 31),
  addresses: [],
  authorizationData: [],
  ticket: {
    realm: 'R',
    sname: { nameType: 2, nameString: ['s'] },
    encPart: { etype: 17, kvno: 1, cipher: Uint8Array.of(1) },
  },
  secondTicket: new Uint8Array(0),
})
const contents: CacheContents = {
  principal: parsePrincipal('alice@R'),
  credentials: [credential('krbtgt/R@R')],
  settings: [],
  kdcOffset: 0,
}

describe('a cache in a file', () => {
  test('is written for this user alone, whole or not at all, and read again', async () => {
    const path = join(folder, 'cc')
    writeFileSync(path, 'what was there before', { mode: 0o644 })
    const cache = openCredentialCache(`FILE:${path}`)
    await cache.replace(contents)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['cc'])
    expect(await cache.read()).toEqual({ ...contents, leftOut: [] })
    await cache.store(credential('HTTP/api@R'))
    await cache.store(credential('HTTP/api@R', 5_000))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(cache.readNow().credentials).toEqual([credential('krbtgt/R@R'), credential('HTTP/api@R', 5_000)])
    expect([await cache.destroy(), existsSync(path), await cache.destroy()]).toEqual([true, false, false])
  })

  test('is what a client signs in with, by its name or as it was opened', async () => {
    const path = join(folder, 'cc')
    await openCredentialCache(path).replace(contents)
    for (const ccache of [path, `FILE:${path}`, openCredentialCache(path)])
      expect(createKdcClient({ kdc: 'kdc.ad.test', credentials: { ccache } }).principal).toBe('alice@R')
  })

  test('leaves the old one where the new one cannot be written', async () => {
    const path = join(folder, 'cc')
    await openCredentialCache(path).replace(contents)
    const before = readFileSync(path)
    const flags = new Uint8Array(2)
    const bad = { ...contents, credentials: [{ ...credential('HTTP/api@R'), flags }] }
    await expect(openCredentialCache(path).replace(bad)).rejects.toThrow('expected 32 flags of a ticket')
    expect(readFileSync(path)).toEqual(before)
    expect(readdirSync(folder)).toEqual(['cc'])
  })

  test.each([
    ['is not there', 'none/cc', 'KRB5_FCC_NOFILE', 'it is not there', /^Run kinit/],
    ['is a folder', '.', 'KRB5_CC_FORMAT', 'is a folder', /DIR:/],
    ['is empty', 'empty', 'KRB5_CCACHE_BADVNO', 'it is empty', /^Run kinit/],
  ])('that %s says so, and what to do', async (_what, name, code, message, hint) => {
    writeFileSync(join(folder, 'empty'), '')
    await expect(openCredentialCache(`FILE:${join(folder, name)}`).read()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      hint: expect.stringMatching(hint),
    })
  })

  test('that has changed since it was read is another one; one that is gone for the moment is not', async () => {
    const path = join(folder, 'cc')
    const cache = openCredentialCache(path)
    await cache.replace(contents)
    expect(cache.hasChanged()).toBe(true)
    cache.readNow()
    expect(cache.hasChanged()).toBe(false)
    await openCredentialCache(path).store(credential('HTTP/api@R'))
    expect(cache.hasChanged()).toBe(true)
    rmSync(path)
    expect(cache.hasChanged()).toBe(false)
  })
})

describe.runIf(process.getuid?.() === 0)('a cache in a folder where all may write', () => {
  const shared = (): string => {
    chmodSync(folder, 0o1777)
    return folder
  }
  const refused = {
    code: 'KRB5_FCC_PERM',
    hint: expect.stringContaining('folder that only the user of this process may write to'),
  }
  const strangers = (path: string): string => {
    lchownSync(path, 4711, 4711)
    return path
  }

  test('is read when it is ours', async () => {
    const cache = openCredentialCache(join(shared(), 'cc'))
    await cache.replace(contents)
    expect((await cache.read()).credentials).toHaveLength(1)
  })

  test('is neither read, written nor removed when it is of another user; in a folder of our own it is read', async () => {
    const path = join(shared(), 'cc')
    writeFileSync(path, encodeCcache(contents))
    const cache = openCredentialCache(strangers(path))
    for (const use of [cache.read(), cache.replace(contents), cache.store(credential('x@R')), cache.destroy()])
      await expect(use).rejects.toMatchObject({ ...refused, message: expect.stringContaining('belongs to user 4711') })
    expect(statSync(path).uid).toBe(4711)
    chmodSync(folder, 0o755)
    expect((await cache.read()).credentials).toHaveLength(1)
  })

  test.each([
    ['our own', (path: string) => path],
    ['of somebody else', strangers],
  ])('is not read or written through a link, %s', async (_whose, owned) => {
    const [elsewhere, path] = [join(base, 'elsewhere'), join(shared(), 'cc')]
    writeFileSync(elsewhere, encodeCcache(contents), { mode: 0o600 })
    symlinkSync(elsewhere, path)
    const cache = openCredentialCache(owned(path))
    await expect(cache.read()).rejects.toMatchObject({ ...refused, message: expect.stringContaining('behind a link') })
    await expect(cache.replace(contents)).rejects.toMatchObject(refused)
    expect(readFileSync(elsewhere)).toEqual(Buffer.from(encodeCcache(contents)))
  })

  test('is not looked for in a folder or behind a link that somebody else has put there', async () => {
    const path = join(shared(), 'theirs')
    mkdirSync(path)
    writeFileSync(join(path, 'cc'), encodeCcache(contents))
    strangers(path)
    const own = mkdtempSync(join(base, 'own'))
    symlinkSync(path, join(own, 'link'))
    for (const name of [join(path, 'cc'), join(own, 'link', 'cc'), `DIR:${path}`, `DIR:${join(own, 'link')}`])
      await expect(openCredentialCache(name).read()).rejects.toMatchObject(refused)
  })

  test('is read through a link in a folder of our own', async () => {
    const own = mkdtempSync(join(base, 'own'))
    await openCredentialCache(join(own, 'cc')).replace(contents)
    symlinkSync('cc', join(own, 'link'))
    linkSync(join(own, 'cc'), join(shared(), 'hard'))
    expect((await openCredentialCache(join(own, 'link')).read()).credentials).toHaveLength(1)
    await openCredentialCache(join(own, 'link')).store(credential('HTTP/api@R'))
    expect((await openCredentialCache(join(own, 'cc')).read()).credentials).toHaveLength(2)
  })
})

describe.runIf(process.getuid?.() === 0)('a cache behind a link of another user', () => {
  test.each([
    ['in his folder', 4711, 0o755],
    ['in a folder of a group', 0, 0o1775],
  ])('%s is not read, and nothing is written over what it leads to', async (_where, owner, mode) => {
    const elsewhere = join(mkdtempSync(join(base, 'own')), 'precious')
    writeFileSync(elsewhere, encodeCcache(contents), { mode: 0o600 })
    chownSync(folder, owner, 4711)
    chmodSync(folder, mode)
    const path = join(folder, 'cc')
    symlinkSync(elsewhere, path)
    lchownSync(path, 4711, 4711)
    const cache = openCredentialCache(path)
    const before = statSync(elsewhere).ino
    for (const use of [cache.read(), cache.replace({ ...contents, credentials: [] }), cache.destroy()])
      await expect(use).rejects.toMatchObject({
        code: 'KRB5_FCC_PERM',
        message: `the credential cache ${path} is behind a link of user 4711, while this process runs as user 0`,
      })
    expect([statSync(elsewhere).ino, readFileSync(elsewhere)]).toEqual([before, Buffer.from(encodeCcache(contents))])
    lchownSync(path, 0, 0)
    expect((await cache.read()).credentials).toHaveLength(1)
  })
})

describe('a folder of caches', () => {
  test('has a current one, tkt at first, and is made for this user alone', async () => {
    const path = join(folder, 'caches')
    const cache = openCredentialCache(`DIR:${path}`)
    await expect(cache.read()).rejects.toMatchObject({ code: 'KRB5_FCC_NOFILE' })
    await cache.replace(contents)
    expect([statSync(path).mode & 0o777, statSync(join(path, 'tkt')).mode & 0o777]).toEqual([0o700, 0o600])
    expect((await cache.read()).credentials).toHaveLength(1)
    await openCredentialCache(`DIR::${path}/tktB`).replace({ ...contents, credentials: [] })
    expect((await cache.read()).credentials).toHaveLength(1)
    writeFileSync(join(path, 'primary'), 'tktB\n')
    expect(cache.hasChanged()).toBe(true)
    expect((await cache.read()).credentials).toEqual([])
    await cache.store(credential('HTTP/api@R'))
    expect((await openCredentialCache(`DIR::${path}/tktB`).read()).credentials).toHaveLength(1)
    expect([await cache.destroy(), readdirSync(path).sort()]).toEqual([true, ['primary', 'tkt']])
  })

  test('is not made where not even its parent is', async () => {
    const path = join(folder, 'none', 'caches')
    await expect(openCredentialCache(`DIR:${path}`).replace(contents)).rejects.toMatchObject({
      code: 'KRB5_FCC_NOFILE',
      hint: expect.stringContaining('Make the folder that it is to be in'),
    })
  })

  test.each(['cc\n', 'tkt/../../cc\n', '../tkt\n', '\n', ''])(
    'whose file primary says %j is refused',
    async (primary) => {
      writeFileSync(join(folder, 'primary'), primary)
      await expect(openCredentialCache(`DIR:${folder}`).read()).rejects.toMatchObject({
        code: 'KRB5_CC_FORMAT',
        message: `${folder}/primary does not name a cache: expected one line that begins with tkt`,
      })
    },
  )
})
