/**
 * Asking KDCs: what an exchange costs this process, how many delegations a second one client gets,
 * and what its cache costs. The rows with a real KDC need MIT's; without it they are left out, with
 * the reason.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createKdcClient, evidenceFromS4u2self } from '@s4u/kdc-client'
import { createTestRealm } from '@s4u/test-kdc'

/**
 * How long each rate is measured, how often, and how long before: a few hundred exchanges a second
 * leave the compiler much to do.
 */
const SECONDS = 4
const ROUNDS = 5
const WARM_UP_SECONDS = 10
const CACHED = 1_500

export default async function bench(measure, add) {
  await benchEmbedded(measure, add)
  await benchMit(add)
}

async function benchEmbedded(measure, add) {
  const users = Object.fromEntries(
    Array.from({ length: CACHED }, (_, index) => [`u${index}`, { password: 'x', encryptionTypes: [] }]),
  )
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users,
    services: {
      web: {
        spns: ['HTTP/web.ad.test'],
        trustedToAuthForDelegation: true,
        allowedToDelegateTo: ['HTTP/api.ad.test'],
      },
      api: { spns: ['HTTP/api.ad.test'] },
    },
  })
  const make = (cache, more) =>
    createKdcClient({ kdc: realm.transport, credentials: { keytab: realm.keytabFor('web') }, cache, ...more })
  const names = Object.keys(users)

  const uncached = make({ maxBytes: 1 })
  const { rate } = await delegations(uncached, names.slice(0, 16), 'HTTP/api.ad.test')
  add({ name: 's4u-per-second-embedded', value: rate, unit: '/s, higher is better' })

  await benchHit('ticket-cache-hit', make(), measure)
  // Where krb5.conf names the realms of hosts, as it does when no KDC is named.
  const folder = mkdtempSync(join(tmpdir(), 's4u-bench-'))
  const krb5Config = join(folder, 'krb5.conf')
  writeFileSync(krb5Config, realm.krb5Conf())
  await benchHit('ticket-cache-hit-krb5-conf', make(undefined, { krb5Config }), measure)
  rmSync(folder, { recursive: true })

  add({ name: 'ticket-cache-entry', value: await octetsPerEntry(make, names), unit: 'octets' })
}

async function benchHit(name, client, measure) {
  const evidence = evidenceFromS4u2self(await client.s4u2self('u0'))
  await client.s4u2proxy(evidence, 'HTTP/api.ad.test')
  await measure(name, () => client.s4u2proxy(evidence, 'HTTP/api.ad.test'))
}

/**
 * Ours and MIT's own client take turns at the same KDC, which has a process for each core, as one
 * for many clients has. MIT's asks for one ticket after another, ours for those of three users at
 * once. Ratio is ours against MIT's.
 */
async function benchMit(add) {
  const realms = await startRealm()
  if (typeof realms === 'string') return console.log(`no MIT realm, its rows are left out: ${realms}`)
  const { kdc, services, users } = realms.info.realms.EAST
  const client = createKdcClient({
    kdc: `${kdc.host}:${kdc.port}`,
    credentials: { keytab: services.web.keytab },
    cache: { maxBytes: 1 },
  })
  const names = [users.alice, users.bob, users.carol].map(({ principal }) => principal)
  const mit = startMitClient(realms.info)
  try {
    await delegations(client, names, services.api.spn, WARM_UP_SECONDS)
    const [ours, theirs] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await delegations(client, names, services.api.spn))
      theirs.push(await mit.delegations(SECONDS))
    }
    compare(add, { name: 's4u-per-second-mit', unit: '/s, higher is better' }, [ours, theirs], ({ rate }) => rate)
    compare(add, { name: 'tgs-exchange', unit: 'µs of CPU' }, [ours, theirs], ({ cpu }) => cpu)
  } finally {
    mit.stop()
    realms.stop()
  }
}

function compare(add, row, results, figure) {
  const [value, floor] = results.map((rounds) => median(rounds.map(figure)))
  add({ ...row, value, floor, ratio: value / floor })
}

/**
 * S4U2Self and S4U2Proxy, one after the other for each user and all users at once. CPU time in
 * microseconds per exchange, of which there are two.
 */
async function delegations(client, users, spn, seconds = SECONDS) {
  const delegate = async (user) => client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self(user)), spn)
  await Promise.all(users.map(delegate))
  const started = performance.now()
  const cpuBefore = process.cpuUsage()
  let count = 0
  await Promise.all(
    users.map(async (user) => {
      while (performance.now() - started < seconds * 1000) {
        await delegate(user)
        count++
      }
    }),
  )
  const { user, system } = process.cpuUsage(cpuBefore)
  return { rate: (count * 1000) / (performance.now() - started), cpu: (user + system) / count / 2 }
}

/** What goes when a client with so many tickets goes. Two of them to each user. */
async function octetsPerEntry(make, names) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  let client = make()
  for (const name of names)
    await client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self(name)), 'HTTP/api.ad.test')
  const used = () => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const full = used()
  await client.ticketFor('HTTP/web.ad.test')
  client = undefined
  await new Promise((resolve) => setTimeout(resolve, 50))
  return (full - used()) / (2 * names.length)
}

/** MIT's library, in a process of its own. */
function startMitClient({ environment, realms: { EAST } }) {
  const { services, users, name } = EAST
  const script = fileURLToPath(new URL('mit-client.py', import.meta.url))
  const { principal, keytab } = services.web
  const args = [script, principal, keytab, users.alice.principal, `${services.api.spn}@${name}`]
  const child = spawn('/usr/bin/python3', args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async delegations(seconds) {
      child.stdin.write(`${seconds}\n`)
      const { done, value } = await answers.next()
      if (done) throw new Error('the MIT client ended')
      return JSON.parse(value)
    },
    stop: () => child.kill('SIGTERM'),
  }
}

/** MIT's KDC, or why there is none. */
async function startRealm() {
  const program = fileURLToPath(new URL('../realms/up.mjs', import.meta.url))
  const child = spawn(process.execPath, [program, 'EAST', 'python-gssapi'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, S4U_KDC_WORKERS: String(availableParallelism()) },
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  const ended = once(child, 'exit').then(() => undefined)
  const info = await Promise.race([ended, complete(() => text)])
  if (info?.realms.EAST !== undefined && info.unavailable['python-gssapi'] === undefined)
    return { info, stop: () => child.kill('SIGTERM') }
  child.kill('SIGTERM')
  return info?.unavailable.EAST ?? info?.unavailable['python-gssapi'] ?? 'the harness ended'
}

async function complete(text) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    try {
      return JSON.parse(text())
    } catch {
      // Not all of it is there yet.
    }
  }
}

function median(values) {
  return values.toSorted((left, right) => left - right)[values.length >> 1]
}
