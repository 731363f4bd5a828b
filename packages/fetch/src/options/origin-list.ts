import { ConfigurationError, shownInput } from '@s4u/kdc-client'

/** Tells whether an app has listed the origin of a URL. */
export type OriginList = (url: URL) => boolean

/**
 * Makes the list of the option `origins`.
 * @throws ConfigurationError if an entry is not an origin: `api.ad.test` does not say whether TLS
 * is meant
 */
export function originList(origins: readonly string[]): OriginList {
  const rules = origins.map(readOrigin)
  return (url) => rules.some((rule) => rule(url))
}

/**
 * Reads one entry. `*.` at the start is the only pattern; a star elsewhere would be read as a part
 * of the host.
 */
function readOrigin(entry: string): OriginList {
  const wildcard = /^(https?:\/\/)\*\.(.+)$/i.exec(entry)
  const text = wildcard === null ? entry : wildcard[1] + wildcard[2]
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname !== '/' ||
    url.search + url.hash !== '' ||
    url.hostname.includes('*')
  )
    throw notAnOrigin(entry)
  if (wildcard === null) return ({ origin }) => origin === url.origin
  const suffix = `.${url.hostname}`
  return ({ protocol, port, hostname }) =>
    protocol === url.protocol && port === url.port && hostname.endsWith(suffix) && hostname.length > suffix.length
}

function notAnOrigin(entry: string): ConfigurationError {
  return new ConfigurationError(`origins: ${shownInput(entry)} is not an origin`, {
    hint: "Write 'https://api.ad.test', 'https://*.farm.ad.test' or 'http://api.ad.test:8080'.",
  })
}
