/**
 * What files cost next to Samba's own client, on a real Samba of this machine: `smb-read` and
 * `smb-write`, milliseconds for a file of 128 MiB as a stream, and `smb-small`, milliseconds for
 * 1,000 files of 4 KB, read eight at a time; each signed (GMAC) and encrypted (AES-128-GCM).
 * `smb-readInto` reads into the caller's own memory, again and again the same, as smbclient does: a
 * stream gives each part memory of its own, of which the first touch alone costs a third. The
 * floor is `smbclient` with the same file in the same minute, less what it takes without a file;
 * they take turns, and the medians count. Both are processes of their own, and neither counts its
 * sign-in. Goals: at most 1.25 times signed, 1.43 encrypted, and 1 for small files.
 *
 * `SMB_MEBIBYTES=2048` moves 2 GiB, and compares hashes and memory with it.
 */
import { fork } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startSite } from './servers/smb-site.mjs'

const MEBIBYTES = Number(process.env.SMB_MEBIBYTES ?? 128)
const SMALL_FILES = 1_000
const AT_ONCE = 8
const ROUNDS = 5
const NAMES = Array.from({ length: SMALL_FILES }, (_, i) => `small${i}`)

export default async function bench(_measure, add) {
  const site = await startSite()
  if (site === undefined) return console.log('no Samba can be had here: no rows of SMB')
  try {
    prepare(site)
    for (const way of ['signed', 'encrypted']) await benchWay(site, way, add)
  } finally {
    await site.stop()
  }
}

function prepare({ folder }) {
  const part = randomFillSync(Buffer.alloc(1024 * 1024))
  writeFileSync(join(folder, 'big'), Buffer.concat(Array.from({ length: Math.min(MEBIBYTES, 128) }, () => part)))
  for (const name of NAMES) writeFileSync(join(folder, name), part.subarray(0, 4_096))
}

async function benchWay(site, way, add) {
  const isSealed = way === 'encrypted'
  const ours = await startClient(site, isSealed ? { encrypt: true, ciphers: ['aes-128-gcm'] } : {})
  const client = (commands) => site.smbclient(isSealed, commands)
  const none = () => client(['pwd'])
  const theirs = {
    read: ['get big /dev/null'],
    readInto: ['get big /dev/null'],
    write: [`put ${join(site.folder, 'big')} written`],
    small: NAMES.map((name) => `get ${name} /dev/null`),
  }
  await ours('connect')
  for (const [what, commands] of Object.entries(theirs)) {
    const [value, floor] = await inTurns(
      () => ours(what),
      () => client(commands),
      none,
    )
    add({ name: `smb-${what}, ${way}`, value, floor, ratio: value / floor, unit: 'ms' })
  }
  if (MEBIBYTES > 128) await ours('prove')
  await ours('close')
}

/** Starts our client. Returns what has it do something, and resolves when that is done. */
async function startClient({ host, ...site }, rules) {
  const { address, kdc, principal, password } = site
  const task = { path: `\\\\${host}\\docs`, address, kdc, principal, password, rules }
  const options = { ...task, mebibytes: MEBIBYTES, names: NAMES, atOnce: AT_ONCE }
  const child = fork(fileURLToPath(new URL('servers/smb-client.mjs', import.meta.url)), [JSON.stringify(options)])
  child.once('exit', (code) => (process.exitCode ||= code ?? 1))
  return async (action) => {
    const over = new AbortController()
    const [done, ended] = ['message', 'exit'].map((event) => once(child, event, { signal: over.signal }))
    ended.catch(() => undefined)
    child.send(action)
    try {
      await Promise.race([done, ended.then(() => Promise.reject(new Error(`our client ended at ${action}`)))])
    } finally {
      over.abort()
    }
  }
}

/** Medians in milliseconds of both, the first round not counted. */
async function inTurns(ours, theirs, none) {
  const rounds = []
  for (let round = 0; round <= ROUNDS; round++)
    rounds.push([await timed(ours), (await timed(theirs)) - (await timed(none))])
  return [0, 1].map(
    (which) =>
      rounds
        .slice(1)
        .map((round) => round[which])
        .toSorted((a, b) => a - b)[ROUNDS >> 1],
  )
}

async function timed(action) {
  const began = performance.now()
  await action()
  return performance.now() - began
}
