import { closeOptions, ConfigurationError, type OptionTableOf, shownInput } from '@s4u/krb5'
import { createSecureContext } from 'node:tls'

/** How RADIUS servers are reached over TLS. RFC 6614. */
export interface RadiusTlsOptions {
  /** The authorities that may vouch for the servers, PEM. Default: those that Node trusts. */
  readonly ca?: string | readonly string[]
  /** The certificate by which the servers know this machine, PEM; most want one. */
  readonly cert?: string
  /** Its private key, PEM. */
  readonly key?: string
  /**
   * The name in the certificates of the servers, where that is not the one in `servers`. Example:
   * `radius.corp.test`.
   */
  readonly serverName?: string
  /**
   * The most connections to one server; each carries one request at a time, and what is beyond
   * waits. FreeRADIUS takes 16 from all its clients together, unless `max_connections` there says
   * otherwise. From 1 to 64; default 4.
   */
  readonly connections?: number
}

/** Every name in RadiusTlsOptions; others are refused. */
export const RADIUS_TLS_OPTIONS = {
  ca: 'value',
  cert: 'value',
  key: 'value',
  serverName: 'value',
  connections: 'value',
} as const satisfies OptionTableOf<RadiusTlsOptions>

/** The options, checked. What is undefined is left to Node. */
export interface RadiusTlsSettings {
  readonly ca?: string[]
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  readonly connections: number
}

/** One person at a time looks for a telephone; a server that asks none answers in milliseconds. */
const DEFAULT_CONNECTIONS = 4
/** What one server of a company takes from one of its many clients. */
const MAX_CONNECTIONS = 64

/** @throws ConfigurationError */
export function readTlsOptions(given: RadiusTlsOptions): RadiusTlsSettings {
  const options = closeOptions('radius: tls', given, RADIUS_TLS_OPTIONS)
  const { ca, cert, key, serverName, connections = DEFAULT_CONNECTIONS } = options
  if (!Number.isInteger(connections) || connections < 1 || connections > MAX_CONNECTIONS)
    throw new ConfigurationError(`radius: tls.connections must be a whole number from 1 to ${MAX_CONNECTIONS}`)
  const settings: RadiusTlsSettings = {
    connections,
    ...(ca !== undefined && { ca: typeof ca === 'string' ? [ca] : [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { serverName: requireName(serverName) }),
  }
  requireUsable(settings)
  return settings
}

function requireName(name: unknown): string {
  if (typeof name === 'string' && /^[\w-]+(?:\.[\w-]+)*$/.test(name)) return name
  throw new ConfigurationError(`radius: tls.serverName: ${shownInput(name)} is no name of a host`, {
    hint: 'Write the name that the certificate of the server has: radius.corp.test.',
  })
}

/** A mistake in them is told at the start, and not with the first user. */
function requireUsable({ ca, cert, key }: RadiusTlsSettings): void {
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigurationError('radius: tls.cert and tls.key are to be given together')
  const texts = [...(ca ?? []), ...(cert === undefined ? [] : [cert]), ...(key === undefined ? [] : [key])]
  try {
    if (texts.every((text) => typeof text === 'string' && text.includes('-----BEGIN ')))
      return void createSecureContext({ ca, cert, key })
  } catch (cause) {
    throw unusable(cause)
  }
  throw unusable()
}

function unusable(cause?: unknown): ConfigurationError {
  return new ConfigurationError('radius: tls: the certificates or the key cannot be used', {
    hint: 'Give PEM: the authorities in ca, the own certificate in cert, and the key of that certificate in key.',
    cause,
  })
}
