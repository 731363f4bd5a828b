import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keptFolder, unpackPackages } from '../debian/kept-folder.js'
import { downloadPackages } from '../debian/packages.js'

/** Where Heimdal's programs are. */
export interface HeimdalPrograms {
  kdc: string
  kpasswdd: string
  kadmin: string
  kstash: string
  kinit: string
  kgetcred: string
  libraries: string
}

/**
 * Heimdal's packages cannot be installed beside MIT's, but they run from wherever they are
 * unpacked. That place is kept between runs, because it is the same every time and needs the
 * network.
 */
export async function unpackHeimdal(): Promise<HeimdalPrograms> {
  const target = await keptFolder(`heimdal-${process.arch}`, download)
  const libraries = readdirSync(join(target, 'usr/lib')).find((name) => name.includes('-linux-'))
  if (libraries === undefined) throw new Error(`no libraries in ${target}`)
  return {
    kdc: join(target, 'usr/lib/heimdal-servers/kdc'),
    kpasswdd: join(target, 'usr/lib/heimdal-servers/kpasswdd'),
    kadmin: join(target, 'usr/bin/kadmin.heimdal'),
    kstash: join(target, 'usr/sbin/kstash'),
    kinit: join(target, 'usr/bin/kinit.heimdal'),
    kgetcred: join(target, 'usr/bin/kgetcred'),
    libraries: join(target, 'usr/lib', libraries),
  }
}

const programs = ['heimdal-kdc', 'heimdal-clients']
const libraries = [
  ...[
    'libkrb5-26',
    'libgssapi3',
    'libasn1-8',
    'libhcrypto5',
    'libhdb9',
    'libheimbase1',
    'libheimntlm0',
    'libkadm5srv8',
  ],
  ...['libkadm5clnt7', 'libkdc2', 'libroken19', 'libsl0', 'libwind0', 'libhx509-5', 'libkafs0', 'libotp0'],
].map((name) => `${name}-heimdal`)

async function download(tree: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 's4u-heimdal-'))
  try {
    await downloadPackages([...programs, ...libraries], work)
    await unpackPackages(work, tree)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
