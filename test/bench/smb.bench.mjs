/**
 * What files cost next to Samba's own client, on a real Samba of this machine: `smb-read` and
 * `smb-write`, milliseconds for a file of 128 MiB as a stream, and `smb-small`, milliseconds for
 * 1,000 files of 4 KB, read eight at a time; each signed (GMAC) and encrypted (AES-128-GCM). The
 * floor is `smbclient` with the same file in the same minute, less what it takes without a file;
 * they take turns, and the medians count. Goals: at most 1.25 times signed, 1.43 encrypted, and 1
 * for small files.
 *
 * `SMB_MEBIBYTES=2048` moves 2 GiB, and compares hashes and memory with it.
 */
import { createHash, randomFillSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openShare } from '@s4u/smb'
import { startSite } from './servers/smb-site.mjs'

const MEBIBYTES = Number(process.env.SMB_MEBIBYTES ?? 128)
const SMALL_FILES = 1_000
const AT_ONCE = 8
const ROUNDS = 5

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
  for (let i = 0; i < SMALL_FILES; i++) writeFileSync(join(folder, `small${i}`), part.subarray(0, 4_096))
}

async function benchWay({ host, address, user, smbclient, folder }, way, add) {
  const isSealed = way === 'encrypted'
  const rules = isSealed ? { encrypt: true, ciphers: ['aes-128-gcm'] } : {}
  const share = openShare(`\\\\${host}\\docs`, { as: user, address, ...rules })
  const client = (commands) => smbclient(isSealed, commands)
  const none = () => client(['pwd'])
  const local = join(folder, 'big')
  try {
    await share.stat('big')
    const read = () => pipeline(share.createReadStream('big'), sink)
    const subjects = [
      ['smb-read', read, () => client(['get big /dev/null'])],
      ['smb-write', () => write(share), () => client([`put ${local} written`])],
      ['smb-small', () => readSmall(share), () => client(names().map((name) => `get ${name} /dev/null`))],
    ]
    for (const [name, ours, theirs] of subjects) {
      const [value, floor] = await inTurns(ours, theirs, none)
      add({ name: `${name}, ${way}`, value, floor, ratio: value / floor, unit: 'ms' })
    }
    if (MEBIBYTES > 128) await provePassage(share, way)
  } finally {
    await share.close()
  }
}

const names = () => Array.from({ length: SMALL_FILES }, (_, i) => `small${i}`)

async function sink(source) {
  let length = 0
  for await (const part of source) length += part.length
  return length
}

const PART = randomFillSync(Buffer.alloc(1024 * 1024))

function* parts(count) {
  for (let i = 0; i < count; i++) yield PART
}

const write = (share) => pipeline(Readable.from(parts(Math.min(MEBIBYTES, 128))), share.createWriteStream('written'))

async function readSmall(share) {
  const left = names()
  const work = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await share.readFile(name)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** Both ways with equal hashes, and as much memory at the end as at the beginning. */
async function provePassage(share, way) {
  const [there, back] = [createHash('sha256'), createHash('sha256')]
  const before = process.memoryUsage().rss
  let highest = before
  const look = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 50)
  const source = Readable.from(
    (function* () {
      for (const part of parts(MEBIBYTES)) {
        there.update(part)
        yield part
      }
    })(),
  )
  await pipeline(source, share.createWriteStream('huge'))
  await pipeline(share.createReadStream('huge'), back)
  clearInterval(look)
  await share.rm('huge')
  const isEqual = there.digest('hex') === back.digest('hex')
  const grown = Math.round((highest - before) / 1024 / 1024)
  console.log(`${MEBIBYTES} MiB both ways, ${way}: hashes ${isEqual ? 'equal' : 'DIFFERENT'}, ${grown} MiB more memory`)
  if (!isEqual) process.exitCode = 1
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
