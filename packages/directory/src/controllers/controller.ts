import { asciiLower, ConfigurationError, shownInput } from '@s4u/krb5'
import { isIP } from 'node:net'
import type { DirectoryServer, Protection, ServerList } from '../interface/directory-options.js'

/** For which questions a controller is asked. */
export type Role = 'domain' | 'globalCatalog'

/** A server that may be asked. */
export interface Controller {
  readonly host: string
  /** The IP address to connect to; undefined if the name is looked up. */
  readonly address: string | undefined
  readonly port: number
  readonly protection: Protection
  /** The service principal name for the ticket. */
  readonly service: string
  /** For errors and events: `dc1.corp.test:389`. */
  readonly label: string
}

/** What holds for servers that say nothing else. */
export interface ControllerDefaults {
  readonly role: Role
  readonly protection: Protection
}

/** @throws ConfigurationError */
export function controllersOf(servers: ServerList, defaults: ControllerDefaults): readonly Controller[] {
  const list = typeof servers === 'string' || !isList(servers) ? [servers] : servers
  return list.map((server) => controllerOf(typeof server === 'string' ? parseServer(server) : server, defaults))
}

function isList(servers: ServerList): servers is readonly (string | DirectoryServer)[] {
  return Array.isArray(servers)
}

/** @throws ConfigurationError */
export function controllerOf(server: DirectoryServer, defaults: ControllerDefaults): Controller {
  const { host, address, protection = defaults.protection } = server
  requireHost(host, server.service)
  if (!isProtection(protection)) throw wrong('protection must be sealed, starttls or ldaps', protection)
  // A port in the options is the port of the domain. The global catalogue has another port.
  const port =
    defaults.role === 'domain' && server.port !== undefined ? server.port : standardPort(defaults.role, protection)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw wrong('a port is a number from 1 to 65,535', port)
  if (address !== undefined && isIP(address) === 0) throw wrong('address must be an IP address', address)
  const service = server.service ?? `ldap/${asciiLower(host)}`
  return Object.freeze({ host, address, port, protection, service, label: `${host}:${port}` })
}

/**
 * Requires a host name. An IP address has no service principal name, and an attacker at that
 * address could claim any name.
 */
function requireHost(host: unknown, service: string | undefined): void {
  if (typeof host !== 'string' || !/^[A-Za-z0-9_.:-]{1,255}$/.test(host))
    throw wrong('a server is written as dc1.corp.test', host)
  if (isIP(host) === 0 || service !== undefined) return
  throw new ConfigurationError(`openDirectory: the server ${host} has an address for a name`, {
    hint: `Tickets are for names. Write servers: { host: 'dc1.corp.test', address: '${host}' }.`,
  })
}

function isProtection(value: unknown): value is Protection {
  return value === 'sealed' || value === 'starttls' || value === 'ldaps'
}

function standardPort(role: Role, protection: Protection): number {
  if (role === 'domain') return protection === 'ldaps' ? 636 : 389
  return protection === 'ldaps' ? 3269 : 3268
}

/** `dc1.corp.test`, `dc1.corp.test:389`, `ldap://…`, `ldaps://…`. */
function parseServer(text: string): DirectoryServer {
  const match = /^(?:(ldaps?):\/\/)?([^/:\s]+)(?::(\d{1,5}))?\/?$/i.exec(text)
  if (match === null) throw wrong('a server is written as dc1.corp.test or ldaps://dc1.corp.test', text)
  const [, scheme, host, port] = match
  return {
    host,
    ...(port !== undefined && { port: Number(port) }),
    ...(scheme !== undefined && asciiLower(scheme) === 'ldaps' && { protection: 'ldaps' as const }),
  }
}

function wrong(what: string, found: unknown): ConfigurationError {
  return new ConfigurationError(`openDirectory: ${what}, and not ${shownInput(found)}`, {
    hint: "Write servers: ['dc1.corp.test', 'dc2.corp.test'], or leave the option out: DNS knows the controllers.",
  })
}
