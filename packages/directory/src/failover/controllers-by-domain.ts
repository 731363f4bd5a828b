import { asciiLower, ConfigurationError, shownInput } from '@s4u/krb5'
import { unlessAborted } from '@s4u/kdc-client'
import {
  type Controller,
  type ControllerDefaults,
  controllerOf,
  controllersOf,
  type Role,
} from '../controllers/controller.js'
import { addressesOf, type ControllerDns, locateControllers, systemDns } from '../controllers/find-controllers.js'
import type { DirectoryOptions, ServerList } from '../interface/directory-options.js'
import type { Journal } from '@s4u/krb5'
import { DomainControllers } from './domain-controllers.js'

/** How long what DNS said is used; milliseconds. */
const KNOWN_FOR = 300_000

/** Domains that are remembered: a forest has some dozens. */
const MAX_DOMAINS = 1_000

/**
 * The default limit of one question, in milliseconds: enough to pass two controllers that do not
 * answer.
 */
const DEFAULT_TIME_LIMIT = 15_000
/** The default number of connections to one controller: each has several questions under way. */
const DEFAULT_CONNECTIONS = 4
/**
 * How long an idle connection stays open by default, in milliseconds. A controller of Windows
 * closes one after 15 minutes (MaxConnIdleTime).
 */
const DEFAULT_IDLE_TIMEOUT = 30_000

/** The controllers of every domain that is asked, each opened when it is first needed. */
export class ControllersByDomain {
  readonly timeLimit: number
  readonly #options: DirectoryOptions
  readonly #journal: Journal
  readonly #known = new Map<string, DomainControllers>()
  readonly #servers: ReadonlyMap<string, ServerList>
  constructor(options: DirectoryOptions, domain: string, journal: Journal) {
    this.timeLimit = options.timeLimit ?? DEFAULT_TIME_LIMIT
    this.#options = options
    this.#journal = journal
    this.#servers = serversByDomain(options.servers, domain)
    // What is wrong with a server is told at once, and not with the first question.
    for (const servers of this.#servers.values()) controllersOf(servers, this.#defaults('domain'))
  }

  of(domain: string, role: Role): DomainControllers {
    const key = `${role} ${domain}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#known.size >= MAX_DOMAINS) throw new ConfigurationError(`more than ${MAX_DOMAINS} domains are asked`)
    const { client, mechanism, ca, now = Date.now, maxConnections, idleTimeout } = this.#options
    const dns = this.#options.dns ?? systemDns
    const controllers = new DomainControllers(role === 'domain' ? domain : `the global catalogue of ${domain}`, {
      ...{ client, mechanism, now, timeLimit: this.timeLimit, journal: this.#journal },
      trust: ca === undefined ? {} : { ca: certificates(ca) },
      resolve: (host, signal) => unlessAborted(addressesOf(host, dns), signal),
      limits: {
        maxConnections: maxConnections ?? DEFAULT_CONNECTIONS,
        idleTimeout: idleTimeout ?? DEFAULT_IDLE_TIMEOUT,
      },
      find: this.#finder(domain, role, dns),
    })
    this.#known.set(key, controllers)
    return controllers
  }

  /** Whether options name controllers of a domain. */
  isNamed(domain: string): boolean {
    return this.#servers.has(domain)
  }

  close(): void {
    for (const controllers of this.#known.values()) controllers.close()
  }

  #defaults(role: Role): ControllerDefaults {
    return { role, protection: this.#options.protection ?? 'sealed' }
  }

  #finder(domain: string, role: Role, source: ControllerDns): (signal: AbortSignal) => Promise<readonly Controller[]> {
    const named = this.#servers.get(domain)
    if (named !== undefined) {
      const controllers = controllersOf(named, this.#defaults(role))
      return async () => controllers
    }
    const { now = Date.now, site, protection } = this.#options
    const usesRecordPort = protection !== 'ldaps'
    let until = -Infinity
    let known: readonly Controller[] = []
    return async (signal) => {
      if (now() < until) return known
      const found = await locateControllers({ domain, role, site, source, signal, usesRecordPort })
      known = found.map((server) => controllerOf(server, this.#defaults(role)))
      until = known.length === 0 ? -Infinity : now() + KNOWN_FOR
      return known
    }
  }
}

function certificates(ca: NonNullable<DirectoryOptions['ca']>): (string | Buffer)[] {
  const list = typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca
  return list.map((one) => (typeof one === 'string' ? one : Buffer.from(one)))
}

function serversByDomain(servers: DirectoryOptions['servers'], domain: string): ReadonlyMap<string, ServerList> {
  if (servers === undefined) return new Map()
  if (isServerList(servers)) return new Map([[domain, servers]])
  return new Map(Object.entries(servers).map(([name, list]) => [asciiLower(name), list]))
}

function isServerList(servers: unknown): servers is ServerList {
  if (typeof servers === 'string' || Array.isArray(servers)) return true
  if (typeof servers === 'object' && servers !== null) return 'host' in servers && typeof servers.host === 'string'
  throw new ConfigurationError(`openDirectory: servers must name controllers, and is ${shownInput(servers)}`, {
    hint: "Write servers: ['dc1.corp.test'], or { 'corp.test': ['dc1.corp.test'], 'partner.test': 'dc2.partner.test' }.",
  })
}
