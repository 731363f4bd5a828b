import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { downloadPackages } from './packages.js'
import { runProgram } from './processes.js'

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
 * Heimdal's packages cannot be installed beside MIT's, but they run from wherever they are unpacked. That place is kept
 * between runs, because it is the same every time and needs the network.
 */
export async function unpackHeimdal(): Promise<HeimdalPrograms> {
  const target = join(cache, `heimdal-${process.arch}`)
  if (!existsSync(target)) await downloadTo(target)
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

const cache = fileURLToPath(new URL('../../node_modules/.cache/s4u/', import.meta.url))

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

async function downloadTo(target: string): Promise<void> {
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'unpacking-'))
  try {
    await downloadPackages([...programs, ...libraries], work)
    const script = 'mkdir tree && for package in *.deb; do dpkg -x "$package" tree || exit 1; done'
    const unpacked = await runProgram('/bin/sh', ['-c', script], { directory: work })
    if (unpacked.status !== 0) throw new Error(`cannot unpack Heimdal: ${unpacked.stderr.trim()}`)
    if (!existsSync(target)) renameSync(join(work, 'tree'), target)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
