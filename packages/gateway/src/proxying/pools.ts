import type { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP } from 'node:net'
import type { SiteSettings } from '../configuration/gateway-options.js'
import type { FarmMember } from '../farm/farm.js'
import type { ConnectionOwner } from './connection-owner.js'

/** Connections to the inner servers of a site. */
export interface Pools {
  agentFor(member: FarmMember, owner: ConnectionOwner): HttpAgent
  /**
   * Notes that a member takes a connection for the user who authenticated on it: from then on each
   * user has own connections there.
   */
  keepApart(member: FarmMember): void
  close(): void
}

/** Of one member, for all users together. */
const MAX_SOCKETS = 1_024
/** Of one user at one member, as many as browsers open to a server. */
const MAX_SOCKETS_OF_USER = 16
/**
 * Idle connections are closed before most servers close them, so that few requests meet a reset.
 */
const IDLE_TIME = 4_000
/**
 * The most users who have connections of their own, over all members. Beyond that, those of the
 * user who was idle longest are closed.
 */
const MAX_USERS = 10_000

/**
 * Returns the pools of a site. Users share connections, since each request brings its own proof,
 * and nobody shares one with requests that bring none: a server that remembers who authenticated
 * would take those for the user before.
 */
export function createPools(site: Pick<SiteSettings, 'connections' | 'tls'>): Pools {
  return new SitePools(site)
}

class SitePools implements Pools {
  readonly #keep: SiteSettings['connections']['keep']
  readonly #ca: string | undefined
  readonly #apart = new Set<FarmMember>()
  readonly #named = new Map<string, HttpAgent>()
  readonly #ofClients = new Map<EventEmitter, Map<FarmMember, HttpAgent>>()

  constructor({ connections, tls }: Pick<SiteSettings, 'connections' | 'tls'>) {
    this.#keep = connections.keep
    this.#ca = tls?.ca === undefined ? undefined : readFileSync(tls.ca, 'utf8')
  }

  agentFor(member: FarmMember, owner: ConnectionOwner): HttpAgent {
    switch (owner.kind) {
      case 'nobody':
        return this.#agent(member, 'nobody', { maxSockets: MAX_SOCKETS })
      case 'user':
        return this.#keep === 'user' || this.#apart.has(member)
          ? this.#agent(member, `user ${owner.principal}`, { maxSockets: MAX_SOCKETS_OF_USER })
          : this.#agent(member, 'users', { maxSockets: MAX_SOCKETS })
      case 'client':
        return this.#agentOf(owner.connection, member)
      case 'request':
        // With a limit, a request would wait for a free connection, and get the one of
        // another request.
        return this.#agent(member, 'request', { keepAlive: false, maxSockets: Infinity })
    }
  }

  keepApart(member: FarmMember): void {
    if (this.#apart.has(member)) return
    this.#apart.add(member)
    const key = `${member.name}\0users`
    // Idle connections that users shared serve nobody any more; those in use end their requests.
    for (const socket of Object.values(this.#named.get(key)?.freeSockets ?? {}).flat()) socket?.destroy()
    this.#named.delete(key)
  }

  close(): void {
    const ofClients = [...this.#ofClients.values()].flatMap((agents) => [...agents.values()])
    for (const agent of [...this.#named.values(), ...ofClients]) agent.destroy()
    this.#named.clear()
    this.#ofClients.clear()
  }

  #agent(member: FarmMember, name: string, own: AgentOptions): HttpAgent {
    const key = `${member.name}\0${name}`
    const agent = this.#named.get(key) ?? this.#make(member, own)
    // The one that was used last stands last.
    this.#named.delete(key)
    this.#named.set(key, agent)
    if (this.#named.size > MAX_USERS) dropOldest(this.#named)
    return agent
  }

  #agentOf(connection: EventEmitter, member: FarmMember): HttpAgent {
    const agents = this.#ofClients.get(connection) ?? new Map<FarmMember, HttpAgent>()
    const agent = agents.get(member) ?? this.#make(member, { maxSockets: MAX_SOCKETS_OF_USER })
    agents.set(member, agent)
    if (this.#ofClients.has(connection)) return agent
    this.#ofClients.set(connection, agents)
    connection.once('close', () => {
      this.#ofClients.delete(connection)
      for (const one of agents.values()) one.destroy()
    })
    return agent
  }

  #make(member: FarmMember, own: AgentOptions): HttpAgent {
    const options: AgentOptions = { keepAlive: true, timeout: IDLE_TIME, scheduling: 'lifo', ...own }
    if (member.url.protocol !== 'https:') return new HttpAgent(options)
    // By itself Node would ask for the certificate of what is in the header Host.
    return new HttpsAgent({ ...options, ca: this.#ca, servername: nameOf(member.url) })
  }
}

/** RFC 6066 section 3: an address is not a name. */
function nameOf({ hostname }: URL): string {
  return isIP(hostname.replace(/^\[(.*)\]$/, '$1')) === 0 ? hostname : ''
}

/** Leaves out users whose requests are under way. */
function dropOldest(agents: Map<string, HttpAgent>): void {
  for (const [key, agent] of agents) {
    if (!key.includes('\0user ') || Object.keys(agent.sockets).length > 0) continue
    agent.destroy()
    agents.delete(key)
    return
  }
}
