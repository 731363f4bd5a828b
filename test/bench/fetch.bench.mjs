/**
 * What the delegated fetch adds to a plain one on a warm cache: CPU microseconds of the calling
 * process, all its threads, for `identity.impersonate().fetch(url)` less those for `fetch(url)`.
 * Both call the same server in another process, take turns in short rounds; the median of what it
 * is in each round counts. Clock and randomness of the tokens stand still, so that the server can
 * answer each with the same proof, which is checked, and has no more to do than for a plain
 * request.
 *
 * The floor is one AP-REQ, sealed: what no client can leave out.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import {
  beginNegotiation,
  createInitiator,
  encodeAuthenticatorChecksum,
  formatAuthorization,
  formatChallenge,
  sealApRep,
} from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { Key, kerberosFlags, openApReq, sealApReq } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { createTestRealm } from '@s4u/test-kdc'

const WEB = 'HTTP/web.ad.test'
const API = 'HTTP/localhost'
const AT_ONCE = 8
const REQUESTS = 200
const WARM_UP_ROUNDS = 25
const ROUNDS = 51
const NOW = Date.now()
const tokenOptions = { now: () => NOW, random: (length) => new Uint8Array(length).fill(7) }

export default async function bench(_measure, add) {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland', groups: ['Sales', 'Staff', 'Readers'] } },
    services: { web: { spns: [WEB], allowedToDelegateTo: [API] }, api: { spns: [API] } },
  })
  const alice = await callerOf(realm)
  const ticket = await alice.impersonate().ticketFor(API)
  const server = fork(new URL('servers/fetch-server.mjs', import.meta.url))
  try {
    const [{ port }] = await once(server, 'message')
    server.send({ 'www-authenticate': formatChallenge(answerTo(ticket, realm.keytabFor('api'))) })
    const url = `http://localhost:${port}/orders`
    const [plain, delegated, sealed] = await cpuOf([
      () => call(fetch, url),
      () => call(alice.impersonate().fetch, url),
      sealer(ticket),
    ])
    // Round by round, since the machine may be twice as fast in one as in another.
    const value = median(delegated.map((cost, round) => cost - plain[round]))
    const floor = median(sealed)
    add({ name: 'delegated-fetch', unit: 'µs CPU', value, floor, ratio: value / floor })
  } finally {
    server.disconnect()
    await once(server, 'exit')
  }
}

/** Alice, who has called the web app with a ticket, as the app knows her. */
async function callerOf(realm) {
  const credentials = { principal: 'alice', password: 'wonderland' }
  const desktop = createKdcClient({ realm: realm.realm, kdc: realm.transport, credentials })
  const { token } = createInitiator({ ticket: await desktop.ticketFor(WEB), now: Date.now })
  const web = createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web' },
    fetch: tokenOptions,
  })
  const outcome = await web.authenticate({ headers: { authorization: formatAuthorization(token) } })
  return outcome.identity
}

/** What the service says to the one token that is sent. */
function answerTo(ticket, keytab) {
  const step = beginNegotiation(createInitiator({ ticket, ...tokenOptions }).token)
  const entry = keytab.entries.find(({ key }) => key.etype === ticket.ticket.encPart.etype)
  const opened = openApReq(step.apReq, entry.key)
  return step.accept({ opened, ...sealApRep({ opened }) }).reply
}

async function call(send, url) {
  const response = await send(url)
  const text = await response.text()
  if (response.status !== 200 || text !== 'hello') throw new Error(`${response.status} ${text}`)
}

function sealer({ ticket, client, sessionKey }) {
  const cksum = encodeAuthenticatorChecksum({ flags: 0x3e })
  const apOptions = kerberosFlags()
  return () => {
    const subkey = Key.random(sessionKey.etype)
    const { realm: crealm, name: cname } = client
    const authenticator = { crealm, cname, cksum, ctime: NOW, cusec: 0, subkey, seqNumber: 1 }
    return sealApReq({ apOptions, ticket, sessionKey, authenticator })
  }
}

function median(values) {
  return values.toSorted((left, right) => left - right)[values.length >> 1]
}

/** Microseconds of this process per call of each operation, in each round. */
async function cpuOf(operations) {
  const costs = operations.map(() => [])
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [index, operation] of operations.entries()) {
      const before = process.cpuUsage()
      let left = REQUESTS
      const worker = async () => {
        while (left-- > 0) await operation()
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) costs[index].push((user + system) / REQUESTS)
    }
  }
  return costs
}
