import { type Runtime, thisRuntime, unavailableOn } from '@s4u/kdc-client'
import type { TlsCertificateOptions } from '../http/tls-channel.js'
import type { SessionOptions } from '../session/session-options.js'

type Options = SessionOptions & TlsCertificateOptions & { readonly channelBinding?: string | undefined }

/**
 * Refuses what no server of this runtime can do. Without this, the app would start, and each caller
 * would be refused.
 * @throws ConfigurationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
export function checkServers(
  { channelBinding, tlsCertificate }: Options,
  runtime: Runtime | undefined = thisRuntime,
): void {
  if (runtime !== 'Bun' || channelBinding !== 'require' || tlsCertificate !== undefined) return
  throw noCertificate(runtime, 'its servers do not tell which certificate a connection has')
}

/**
 * Refuses what `Bun.serve` and `Deno.serve` cannot do: they tell neither the connection of a
 * request nor its certificate.
 * @throws ConfigurationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
export function checkProtect(
  { session, channelBinding, tlsCertificate }: Options,
  runtime: Runtime | undefined = thisRuntime,
): void {
  if (runtime !== 'Bun' && runtime !== 'Deno') return
  const kind = typeof session === 'object' && 'kind' in session ? session.kind : session
  const lacks = `${runtime}.serve tells no connection`
  if (kind === 'connection')
    throw unavailableOn(
      runtime,
      "protect with session: 'connection'",
      lacks,
      "Use session: { kind: 'cookie' }, or a server of node:http and negotiator.authenticate.",
    )
  if (channelBinding === 'require' && tlsCertificate === undefined) throw noCertificate(runtime, lacks)
}

function noCertificate(runtime: Runtime, reason: string): Error {
  return unavailableOn(
    runtime,
    "channelBinding: 'require' without tlsCertificate",
    reason,
    'Give the certificate that clients see (PEM or DER) as tlsCertificate.',
  )
}
