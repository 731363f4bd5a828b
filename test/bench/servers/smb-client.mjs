/**
 * Our client of a share in a process of its own, as smbclient is one: without the memory of the
 * programs around, which the garbage collector would go through. It is told what to do by messages,
 * and answers each with the milliseconds that it took.
 */
import { createHash, randomFillSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { openShare } from '@s4u/smb'

const { path, address, kdc, principal, password, rules, mebibytes, names, atOnce } = JSON.parse(process.argv[2])
/** Parts that are asked for at once: those of a stream are as many. */
const AHEAD = 4
const places = []
const PART = randomFillSync(Buffer.alloc(1024 * 1024))

const client = createKdcClient({ kdc, credentials: { principal, password } })
const user = { contextFor: async (spn) => createInitiator({ ticket: await client.ticketFor(spn), now: Date.now }) }
// Its turn may come late: the connection waits for it.
const share = openShare(path, { as: user, address, idleTimeout: 600_000, ...rules })

const actions = {
  connect: () => share.stat('big'),
  read: () => pipeline(share.createReadStream('big'), sink),
  readInto,
  write: () => pipeline(Readable.from(parts(Math.min(mebibytes, 128))), share.createWriteStream('written')),
  small: readSmall,
  prove: provePassage,
  close: () => share.close(),
}

process.on('message', async (action) => {
  const began = performance.now()
  await actions[action]()
  process.send(performance.now() - began)
  if (action === 'close') process.disconnect()
})

async function sink(source) {
  let length = 0
  for await (const part of source) length += part.length
  return length
}

/** Into the same few places again and again, as smbclient does, which keeps nothing of the file. */
async function readInto() {
  const file = await share.open('big')
  const length = Math.min(mebibytes, 128) * PART.length
  let at = 0
  const work = async () => {
    const place = places.pop() ?? new Uint8Array(PART.length)
    while (at < length) {
      const position = at
      at += PART.length
      await file.read(place, 0, PART.length, position)
    }
    places.push(place)
  }
  await Promise.all(Array.from({ length: AHEAD }, work))
  await file.close()
}

function* parts(count) {
  for (let i = 0; i < count; i++) yield PART
}

async function readSmall() {
  const left = [...names]
  const work = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await share.readFile(name)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

/** Both ways with equal hashes, and as much memory at the end as at the beginning. */
async function provePassage() {
  const [there, back] = [createHash('sha256'), createHash('sha256')]
  const before = process.memoryUsage().rss
  let highest = before
  const look = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 50)
  const source = Readable.from(
    (function* () {
      for (const part of parts(mebibytes)) {
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
  console.log(`${mebibytes} MiB both ways: hashes ${isEqual ? 'equal' : 'DIFFERENT'}, ${grown} MiB more memory`)
  if (!isEqual) process.exitCode = 1
}
