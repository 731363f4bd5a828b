import { once } from 'node:events'
import { createServer } from 'node:http'
import { createTestRealm } from '@s4u/test-kdc'
import { createApi } from './services/api.mjs'
import { createArchive, createData, createIntranet } from './services/data.mjs'
import { groups, REALM, services, users } from './directory.mjs'
import { createFront } from './services/gateway.mjs'
import { Journal } from './journal.mjs'
import { Phone } from './phone.mjs'
import { Visitors } from './visitors.mjs'
import { createWeb } from './services/web.mjs'
import { Workstation } from './workstation.mjs'

/** Windows sends tickets of up to 48,000 octets; Node's own limit is 16 kB for all headers. */
const MAX_HEADER_OCTETS = 65_536

/** The realm, the services, the gateway, the workstation and a telephone, running. */
export async function createWorld() {
  const realm = await createTestRealm({ realm: REALM, users, services })
  const { host, port } = await realm.listen()
  const journal = new Journal(realm)
  const addresses = {}
  const world = new World({ realm, journal, addresses, kdcAddress: `${host}:${port}` })
  await world.start()
  return world
}

class World {
  workstation
  #gateway
  #servers = []
  #turn = Promise.resolve()

  constructor({ realm, journal, addresses, kdcAddress }) {
    this.realm = realm
    this.journal = journal
    this.visitors = new Visitors(realm, journal)
    this.addresses = addresses
    this.kdcAddress = kdcAddress
    /** Names for SIDs, which is all that tickets carry. */
    this.groupNames = {
      ...wellKnown(realm.domainSid),
      ...Object.fromEntries(groups.map((name) => [realm.sidOf(name), name])),
    }
  }

  async start() {
    const { realm, journal, addresses } = this
    const onRefusal = (where, error) => journal.refused(where, error)
    const tools = (name) => ({
      keytab: realm.keytabFor(`svc-${name}`),
      kdc: journal.kdcFor(name),
      fetch: journal.fetchFor(name, addresses),
      onRefusal,
    })
    this.#handlers = {
      web: createWeb(tools('web')),
      api: createApi(tools('api')).callback(),
      data: createData({ ...tools('data'), sales: realm.sidOf('Sales') }).callback(),
      archive: createArchive(tools('archive')).callback(),
      intranet: this.#behindGateway(createIntranet(tools('intranet')).callback()),
    }
    this.workstation = new Workstation({
      fetch: journal.fetchFor('browser', addresses),
      kdc: journal.kdcFor('browser'),
      phone: new Phone({ fetch: journal.fetchFor('phone', addresses) }),
    })
    if (this.#servers.length === 0)
      for (const name of Object.keys(this.#handlers)) addresses[name] = await this.#listen(name)
    await this.#openGateway(tools('gateway'))
  }

  /** The gateway listens by itself. One of the last day still has tickets. */
  async #openGateway({ keytab, kdc }) {
    await this.#gateway?.stop()
    this.#gateway = createFront({ keytab, kdc, to: `http://${this.addresses.intranet}` })
    await this.#gateway.listen()
    this.addresses.gateway = `127.0.0.1:${this.#gateway.addresses[0].port}`
  }

  #behindGateway(serve) {
    return (req, res) => this.journal.receive('gateway', 'intranet', req, res, serve)
  }

  #handlers = {}

  /** Behind the name, so that a service can be replaced by one with empty caches. */
  async #listen(name) {
    const server = createServer({ maxHeaderSize: MAX_HEADER_OCTETS }, (req, res) =>
      this.visitors.receive(name, req, res, this.#handlers[name]),
    )
    this.#servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `127.0.0.1:${server.address().port}`
  }

  /** Plays one scene after the other: there is one workstation. */
  play(scene) {
    const result = this.#turn.then(() => this.#play(scene))
    this.#turn = result.catch(() => {})
    return result
  }

  async #play(scene) {
    const { journal, workstation } = this
    const story = journal.begin()
    try {
      const response = await journal.follow(story, () => scene(workstation))
      const body = await response.json().catch(() => ({}))
      return { steps: story.steps, refusals: story.refusals, status: response.status, body }
    } finally {
      journal.end(story)
    }
  }

  /** Everybody signed out, every cache empty, as on the first day. */
  reset() {
    const result = this.#turn.then(async () => {
      this.journal.forget()
      await this.start()
    })
    this.#turn = result
    return result
  }

  async close() {
    this.journal.close()
    this.visitors.close()
    await this.#gateway.stop()
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
    await this.realm[Symbol.asyncDispose]()
  }
}

function wellKnown(domainSid) {
  return {
    [`${domainSid}-513`]: 'Domain Users',
    'S-1-18-1': 'Authentication authority asserted identity',
    'S-1-18-2': 'Service asserted identity',
  }
}
