/**
 * The users of the fleet, in a process of their own: `fork('load.mjs', [SETTINGS])`, with
 * `LoadSettings` of fleet.ts. Messages: `{ begin }` begins a part with that name, `{ pause }`
 * closes all connections, `{ end }` is answered with `{ table }`, a row for each part.
 */
import { createHash } from 'node:crypto'
import { Agent, get } from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'

const { users, kdc, spn, fronts, instances, thinking } = JSON.parse(process.argv[2])
const table = new Map()
let part
let isRunning = true

process.on('message', async ({ begin, end }) => {
  if (begin !== undefined) part = rowOf(begin)
  if (end === undefined) return
  isRunning = false
  await everybody
  process.send({
    table: [...table.values()].map(({ took, toReplay: _replays, toCorrupt: _corrupted, ...row }) => ({
      ...row,
      ...timesOf(took),
    })),
  })
  process.disconnect()
})

/** Everything that is counted, for the requests that began in one part of the story. */
function rowOf(name) {
  const counts = {
    good: 0,
    bySession: 0,
    asCaller: 0,
    unavailable: 0,
    refused: 0,
    renewed: 0,
    askedAgain: 0,
    mixedUp: 0,
  }
  const attacks = { replays: 0, replaysLetIn: 0, corrupted: 0, corruptedLetIn: 0 }
  if (!table.has(name))
    table.set(name, { part: name, ...counts, ...attacks, toReplay: 0, toCorrupt: 0, codes: {}, took: [] })
  return table.get(name)
}

function timesOf(took) {
  const sorted = took.toSorted((a, b) => a - b)
  const at = (share) => Math.round(sorted[Math.floor(share * sorted.length)] ?? 0)
  return { p50: at(0.5), p99: at(0.99) }
}

const tickets = []
for (let first = 0; first < users.length; first += 8)
  tickets.push(...(await Promise.all(users.slice(first, first + 8).map(signIn))))
process.send({ ready: tickets.length })
await once(process, 'message')
const everybody = Promise.all(users.map((user, index) => visitAgainAndAgain(user, index)))

async function signIn({ principal, password }) {
  const client = createKdcClient({ kdc, credentials: { principal, password } })
  const ticket = await client.ticketFor(spn)
  client[Symbol.dispose]?.()
  return ticket
}

/** One user at a browser: a session, tokens, calls that go on to the backend. */
async function visitAgainAndAgain({ principal }, index) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const user = { principal, digest: createHash('sha256').update(principal).digest('base64url') }
  const authorization = () => createInitiator({ ticket: tickets[index], now: Date.now }).authorization
  const front = fronts[index % fronts.length]
  let cookie = ''
  await sleep(Math.random() * thinking)
  while (isRunning) {
    const row = part
    const asCaller = Math.random() < 0.2
    const bySession = cookie !== '' && Math.random() < 0.6
    const path = asCaller ? '/orders' : '/'
    const began = performance.now()
    let shown = bySession ? { cookie } : { authorization: authorization() }
    let answer = await visit(agent, front, path, shown, () =>
      bySession ? shown : (shown = { authorization: authorization() }),
    )
    const showToken = () => {
      shown = { authorization: authorization() }
      return visit(agent, front, path, shown, () => (shown = { authorization: authorization() }))
    }
    // A session that cannot be looked up does not count: the browser shows a token.
    if (bySession && answer.status === 401) {
      row.codes['session 401'] = (row.codes['session 401'] ?? 0) + 1
      answer = await showToken()
    }
    // What the hints of a changed key say, each once and in whatever order they come.
    const followed = new Set()
    while (HINTS.has(answer.code) && !followed.has(answer.code)) {
      followed.add(answer.code)
      if (!(await HINTS.get(answer.code)(index, row))) break
      cookie = ''
      answer = await showToken()
    }
    const took = performance.now() - began
    row.took.push(took)
    count(row, user, answer, { bySession, asCaller })
    if (answer.status === 200) {
      cookie = answer.cookie || cookie
      if (shown.authorization !== undefined && isChosen(row, 'toReplay', REPLAYS))
        void replay(shown, answer.body.number)
    }
    if (isChosen(row, 'toCorrupt', CORRUPTED)) await corrupt(agent, front, authorization())
    // On a machine that is busy with other things too, they come less often.
    await sleep(Math.max(thinking, PATIENCE * took) * (0.5 + Math.random()))
  }
  agent.destroy()
}

/** Whether this request is one of the share; the first ones of each part always are. */
function isChosen(row, count, share) {
  if (row[count] >= AT_LEAST && Math.random() >= share) return false
  row[count]++
  return true
}

const AT_LEAST = 2

/** How many times the time of an answer a user waits until the next request, at least. */
const PATIENCE = 30

/**
 * By codes: what the user does then. Resolves to false where it cannot be done.
 *
 * @type {ReadonlyMap<string, (index: number, row: object) => Promise<boolean>>}
 */
const HINTS = new Map([
  // Samba takes no ticket as evidence that was sealed with an earlier key of the service: the user
  // needs another one.
  ['KRB_AP_ERR_BAD_INTEGRITY', renew],
  // An instance that signed in while the account got its new key.
  ['KDC_ERR_PREAUTH_FAILED', waitAWhile],
])

async function renew(index, row) {
  try {
    tickets[index] = await signIn(users[index])
    row.renewed++
    return true
  } catch (error) {
    const kind = `no new ticket: ${error.code}`
    row.codes[kind] = (row.codes[kind] ?? 0) + 1
    return false
  }
}

async function waitAWhile(_index, row) {
  row.askedAgain++
  await sleep(1_500)
  return true
}

/** Of all requests. About a half of them show a token, which can be replayed. */
const REPLAYS = 0.02
const CORRUPTED = 0.01

function count(row, user, { status, body, digest, code }, { bySession, asCaller }) {
  if (status === 200) {
    row.good++
    if (body.by === 'session') row.bySession++
    if (asCaller) row.asCaller++
    const sawAnother = asCaller && body.backendSaw !== user.principal
    if (body.principal !== user.principal || digest !== user.digest || sawAnother) row.mixedUp++
    return
  }
  if (status === 0 || status >= 500) row.unavailable++
  else row.refused++
  const kind = `${status} ${code}${asCaller ? ' /orders' : ''}${bySession ? ' (session)' : ''}`
  row.codes[kind] = (row.codes[kind] ?? 0) + 1
}

/** The same token, a moment later, to an instance that has not seen it. */
async function replay(shown, acceptedBy) {
  const others = instances.filter((_, number) => number !== acceptedBy)
  const { length } = others
  await sleep(Math.random() * 4_000)
  const row = part
  const agent = new Agent()
  const { status } = await visit(agent, others[Math.floor(Math.random() * length)], '/', shown)
  agent.destroy()
  row.replays++
  if (status === 200) row.replaysLetIn++
}

/** The last octets are those of the authenticator. */
async function corrupt(agent, front, authorization) {
  const row = part
  const token = Buffer.from(authorization.slice('Negotiate '.length), 'base64')
  token[token.length - 1 - Math.floor(Math.random() * 12)] ^= 1 << Math.floor(Math.random() * 8)
  const { status } = await visit(agent, front, '/', { authorization: `Negotiate ${token.toString('base64')}` })
  row.corrupted++
  if (status === 200) row.corruptedLetIn++
}

/** Who has answered: an instance, or a proxy by itself. */
function sourceOf(headers) {
  return headers['x-instance'] === undefined ? 'of the proxy' : 'of an instance'
}

/**
 * Status 0 is a connection that ended without an answer. One that the proxy had closed while it was
 * idle is tried again on another, as browsers do, with what `again` shows.
 */
async function visit(agent, { host, port }, path, headers, again) {
  const request = get({ host, port, path, headers, agent, timeout: 30_000 })
  request.on('timeout', () => request.destroy())
  try {
    const [response] = await once(request, 'response')
    const text = Buffer.concat(await response.toArray()).toString()
    const cookie = (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
    const { statusCode: status, headers: answered } = response
    const body = status === 200 ? JSON.parse(text) : {}
    return { status, body, cookie, digest: answered['x-user'], code: answered['x-code'] ?? sourceOf(answered) }
  } catch (error) {
    if (request.reusedSocket && error.code === 'ECONNRESET' && again !== undefined)
      return visit(agent, { host, port }, path, again())
    return { status: 0, body: {}, cookie: '', code: error.code ?? error.message }
  }
}
