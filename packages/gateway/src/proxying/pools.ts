import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP } from 'node:net'
import type { SiteSettings } from '../configuration/gateway-options.js'
import type { FarmMember } from '../farm/farm.js'

/** Connections to the inner servers of a site. */
export interface Pools {
  /** @param user whose connections; undefined: of nobody, for public paths */
  agentFor(member: FarmMember, user: string | undefined): HttpAgent
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
 * Users with own connections, of all members; the connections of others are closed, longest idle
 * first.
 */
const MAX_USERS = 10_000

/**
 * Returns the pools of a site. Users share connections, since each request brings its own proof,
 * and nobody shares one with requests that bring none: a server that remembers who authenticated
 * would take those for the user before.
 */
export function createPools({ connections, tls }: Pick<SiteSettings, 'connections' | 'tls'>): Pools {
  const ca = tls?.ca === undefined ? undefined : readFileSync(tls.ca, 'utf8')
  const apart = new Set<FarmMember>()
  const agents = new Map<string, HttpAgent>()
  const make = (member: FarmMember, maxSockets: number): HttpAgent => {
    const options: AgentOptions = { keepAlive: true, maxSockets, timeout: IDLE_TIME, scheduling: 'lifo' }
    if (member.url.protocol !== 'https:') return new HttpAgent(options)
    // By itself Node would ask for the certificate of what is in the header Host.
    return new HttpsAgent({ ...options, ca, servername: nameOf(member.url) })
  }
  return {
    agentFor(member, user) {
      const isOwn = user !== undefined && (connections.keep === 'user' || apart.has(member))
      const key = `${member.name}\0${isOwn ? `user ${user}` : user === undefined ? 'nobody' : 'users'}`
      const known = agents.get(key)
      if (known !== undefined) {
        agents.delete(key)
        agents.set(key, known)
        return known
      }
      const agent = make(member, isOwn ? MAX_SOCKETS_OF_USER : MAX_SOCKETS)
      agents.set(key, agent)
      if (agents.size > MAX_USERS) dropOldest(agents)
      return agent
    },
    keepApart(member) {
      if (apart.has(member)) return
      apart.add(member)
      // Idle connections that users shared serve nobody any more; those in use end their requests.
      for (const socket of Object.values(agents.get(`${member.name}\0users`)?.freeSockets ?? {}).flat())
        socket?.destroy()
      agents.delete(`${member.name}\0users`)
    },
    close() {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}

/** RFC 6066 section 3: an address is not a name. */
function nameOf({ hostname }: URL): string {
  return isIP(hostname.replace(/^\[(.*)\]$/, '$1')) === 0 ? hostname : ''
}

/** One that is in use ends its requests, since only idle connections are closed. */
function dropOldest(agents: Map<string, HttpAgent>): void {
  for (const [key, agent] of agents) {
    if (!key.includes('\0user ') || Object.keys(agent.sockets).length > 0) continue
    agent.destroy()
    agents.delete(key)
    return
  }
}
