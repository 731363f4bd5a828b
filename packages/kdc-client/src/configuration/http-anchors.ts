/**
 * Reads which authorities krb5.conf lets vouch for HTTPS proxies to KDCs. Source: MIT krb5
 * documentation, "krb5.conf", http_anchors.
 */

import { ConfigurationError, type Krb5Conf, shownPath } from '@s4u/krb5'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Returns the certificates of each realm that names some.
 *
 * @throws ConfigurationError for a file that cannot be read
 */
export function anchorsByRealm(conf: Krb5Conf): ReadonlyMap<string, ProxyTrust> {
  const named = conf.names('realms').map((realm) => [realm, conf.strings('realms', realm, 'http_anchors')] as const)
  const withAnchors = named.filter(([, anchors]) => anchors.length > 0)
  return new Map(withAnchors.map(([realm, anchors]) => [realm, anchors.flatMap((anchor) => certificatesOf(anchor))]))
}

/** Reads `FILE:/path`, `DIR:/path`, or `ENV:NAME`, a variable that holds one of the two. */
function certificatesOf(anchor: string, isFromEnvironment = false): string[] {
  const [, type, rest] = /^(FILE|DIR|ENV):(.+)$/s.exec(anchor) ?? []
  if (type === 'FILE') return [certificateIn(rest)]
  if (type === 'DIR')
    return filesIn(rest)
      .map(certificateIn)
      .filter((text) => text.includes('-----BEGIN'))
  const variable = type === 'ENV' && !isFromEnvironment ? process.env[rest] : undefined
  if (variable !== undefined) return certificatesOf(variable, true)
  const what =
    type === 'ENV'
      ? 'ENV: names a variable that is not set, or that names another'
      : 'neither FILE:, DIR: nor ENV: stands in front'
  throw new ConfigurationError(`krb5.conf, http_anchors: ${what}`, {
    code: 'KRB5_CONFIG_BADFORMAT',
    hint: 'Write http_anchors = FILE:/etc/ssl/certs/proxy-ca.pem, or name the certificates in proxyTrust.',
  })
}

function filesIn(folder: string): string[] {
  return reading(folder, () =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => join(folder, name)),
  )
}

function certificateIn(path: string): string {
  return reading(path, () => readFileSync(path, 'utf8'))
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const shown = shownPath(path)
    throw new ConfigurationError(`cannot read the certificates in ${shown}, which http_anchors names`, {
      cause: shown === path ? cause : undefined,
    })
  }
}

/**
 * Certificates of the authorities that may vouch for an HTTPS proxy; PEM. Without them Node's own
 * list is used.
 */
export type ProxyTrust = string | Uint8Array | readonly (string | Uint8Array)[]
