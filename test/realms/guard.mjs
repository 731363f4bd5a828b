// Started by the harness, in a session of its own. It claims a free address block, remembers which
// process groups the harness starts, and when its standard input ends (the harness closed it, or
// died in whatever way) it stops those groups, removes the state folder and exits, which frees the
// block. So there is one way down, for a clean end, for Ctrl-C and for a crash alike.
//
//   node guard.mjs FOLDER KEEP FIRST LAST LEASE_PORT KDC_PORT HOST[,HOST…]
//
// Input lines: `+PID` a process group was started, `-PID` it ended, `/PATH` a further folder to
// remove. Output: one line, the block (`127.0.88`), or `!REASON`.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const [folder, keep, first, last, leasePort, kdcPort, hosts] = process.argv.slice(2)

/** Long enough for slapd and Samba to write what they hold; nothing here is worth more. */
const PATIENCE = 5000

const groups = new Set()
const folders = [folder]
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
process.stdout.on('error', () => {})

const block = await claimBlock()
process.stdout.write(block ? `${block}\n` : `!no free address block between 127.0.${first}.x and 127.0.${last}.x\n`)

for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('/')) folders.push(line)
  const pid = Number(line.slice(1))
  if (line.startsWith('+')) groups.add(pid)
  if (line.startsWith('-')) groups.delete(pid)
}
await stopGroups()
if (keep !== 'keep') for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 3 })
process.exit(0)

/**
 * The lease is bound first and kept; the KDC addresses are only tried, in case a stranger is on
 * them.
 */
async function claimBlock() {
  for (let n = Number(first); n <= Number(last); n++) {
    const lease = await bind(`127.0.${n}.1`, Number(leasePort))
    if (!lease) continue
    if (await allFree(hosts.split(',').map((host) => `127.0.${n}.${host}`))) return `127.0.${n}`
    lease.close()
  }
  return undefined
}

async function allFree(addresses) {
  for (const address of addresses) {
    const server = await bind(address, Number(kdcPort))
    if (!server) return false
    await new Promise((resolve) => server.close(resolve))
  }
  return true
}

function bind(address, port) {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(undefined))
    server.listen({ host: address, port, exclusive: true }, () => resolve(server))
  })
}

async function stopGroups() {
  signalAll('SIGTERM')
  const deadline = Date.now() + PATIENCE
  while (Date.now() < deadline && livingGroups().some((group) => groups.has(group))) await sleep(30)
  signalAll('SIGKILL')
}

function signalAll(signal) {
  for (const group of groups) {
    try {
      process.kill(-group, signal)
    } catch {
      groups.delete(group)
    }
  }
}

/**
 * Not those whose processes have ended and wait for a parent to notice: in containers that can be
 * forever.
 */
function livingGroups() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readStat)
    .filter(({ state }) => state !== 'Z')
    .map(({ group }) => group)
}

/** Of `PID (NAME) STATE PARENT GROUP …`, where NAME may contain anything. */
function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, , group] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, group: Number(group) }
  } catch {
    return { state: 'Z', group: 0 } // it has just ended
  }
}
