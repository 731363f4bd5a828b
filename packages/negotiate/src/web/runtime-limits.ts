import { type Runtime, thisRuntime, unavailableOn } from '@s4u/kdc-client'
import type { DelegationOptions } from '../delegation/delegation-policy.js'
import type { DirectoryOptions } from '../directory/directory-option.js'
import type { TlsCertificateOptions } from '../http/tls-channel.js'
import type { SessionOptions } from '../session/session-options.js'

/** What a KDC or a directory is asked for. */
interface NetworkOptions extends Pick<DirectoryOptions, 'directory'> {
  readonly delegation?: DelegationOptions
  readonly kdc?: unknown
  readonly outsideImpersonation?: string | undefined
  readonly impersonateCallerForAllOperations?: boolean
}

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
  if ((runtime !== 'Bun' && runtime !== 'workerd') || channelBinding !== 'require') return
  if (tlsCertificate !== undefined) return
  throw noCertificate(runtime, 'its servers do not tell which certificate a connection has')
}

/**
 * Refuses what asks a KDC or a directory where the runtime has no connections that are kept apart
 * for each user. Callers sign in there with what the keytab and their token say.
 * @throws ConfigurationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
export function checkNetwork(options: NetworkOptions, runtime: Runtime | undefined = thisRuntime): void {
  if (runtime !== 'workerd') return
  const names = ['delegation', 'directory', 'kdc', 'impersonateCallerForAllOperations'] as const
  const name = names.find((one) => options[one] !== undefined && options[one] !== false)
  const option = name ?? (options.outsideImpersonation === 'service' ? "outsideImpersonation: 'service'" : undefined)
  if (option === undefined) return
  throw unavailableOn(
    runtime,
    option,
    'a worker cannot keep the connections of users apart, nor ask a KDC by UDP',
    'Leave the option out: callers sign in without it. What calls backends as the caller needs a server with Node, Bun or Deno.',
  )
}

/**
 * Refuses what `Bun.serve`, `Deno.serve` and workers cannot do: they tell neither the connection of
 * a request nor its certificate.
 * @throws ConfigurationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
export function checkProtect(
  { session, channelBinding, tlsCertificate }: Options,
  runtime: Runtime | undefined = thisRuntime,
): void {
  if (runtime === undefined || runtime === 'Node') return
  const kind = typeof session === 'object' && 'kind' in session ? session.kind : session
  const lacks = runtime === 'workerd' ? 'a worker is told no connection' : `${runtime}.serve tells no connection`
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
