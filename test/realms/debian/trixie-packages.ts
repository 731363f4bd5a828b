import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianMirror } from './debian-mirror.js'
import { keptFolder, unpackPackages } from './kept-folder.js'
import { aptGet, lastLines } from './packages.js'

/** Debian 13, whose Samba is 4.22 and whose MIT krb5 is 1.21.3. */
const RELEASE = 'trixie'

/** Debian 12 has the keys of Debian 13 too, since its first update. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

const packages = [
  ...['samba', 'samba-ad-dc', 'samba-ad-provision', 'samba-dsdb-modules', 'samba-vfs-modules', 'winbind', 'ldb-tools'],
  ...['python3-samba', 'krb5-user', 'krb5-kdc', 'krb5-admin-server', 'krb5-kdc-ldap'],
]

/**
 * What scripts of the packages, which are not run, would make: `usr/bin/kinit` → `kinit.mit` and so
 * on.
 */
const links: Record<string, string> = {
  ...Object.fromEntries(['bin', 'sbin', 'lib', 'lib64'].map((name) => [name, `usr/${name}`])),
  ...Object.fromEntries(['kinit', 'klist', 'kdestroy', 'kpasswd'].map((name) => [`usr/bin/${name}`, `${name}.mit`])),
}
const files: Record<string, string> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nusers:x:100:\nadm:x:4:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  'etc/hosts': '127.0.0.1 localhost\n',
}

/**
 * The programs of a newer Debian, in a folder that is their root: unpacked beside the machine’s own
 * packages, of which nothing changes. About 70 MB are downloaded, once.
 */
export function unpackTrixie(): Promise<string> {
  const contents = JSON.stringify([packages, links, files])
  const version = createHash('sha256').update(contents).digest('hex').slice(0, 12)
  return keptFolder(`${RELEASE}-${process.arch}-${version}`, make)
}

async function make(tree: string): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), `s4u-${RELEASE}-`))
  try {
    await download(state)
    await unpackPackages(join(state, 'archives'), tree)
  } finally {
    rmSync(state, { recursive: true, force: true })
  }
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(tree, path))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(tree, path), text)
  for (const name of ['tmp', 'dev', 'proc', 'run', 'root']) mkdirSync(join(tree, name), { recursive: true })
}

/**
 * With a state of apt’s own that knows of no installed package, so that the dependencies come too.
 * Signatures count.
 */
async function download(state: string): Promise<void> {
  const configuration = join(state, 'apt.conf')
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(state, name), { recursive: true })
  writeFileSync(join(state, 'status'), '')
  writeFileSync(join(state, 'sources.list'), `deb [signed-by=${KEYRING}] ${debianMirror()} ${RELEASE} main\n`)
  writeFileSync(configuration, aptConfiguration(state))
  const install = ['--no-install-recommends', '--download-only', 'install', ...packages]
  for (const args of [['update', '--error-on=any'], install]) {
    const result = await aptGet(args, state, { APT_CONFIG: configuration })
    if (result.status !== 0) throw new Error(`apt-get cannot download Samba of ${RELEASE}: ${lastLines(result)}`)
  }
}

const aptConfiguration = (state: string): string =>
  Object.entries({
    'Dir::State': state,
    'Dir::State::lists': `${state}/lists`,
    'Dir::State::status': `${state}/status`,
    'Dir::Cache': state,
    'Dir::Cache::archives': `${state}/archives`,
    'Dir::Etc::sourcelist': `${state}/sources.list`,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  })
    .map(([name, value]) => `${name} "${value}";\n`)
    .join('')
