import { type NegotiatorOptions, type Runtime, thisRuntime, unavailableOn } from '@s4u/negotiate'

/**
 * Refuses options that need the connection of a request on a runtime whose servers do not tell it.
 * Without this, the app would start, and each caller would be refused.
 * @throws ConfigurationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
export function checkRuntime(
  { session, channelBinding, tlsCertificate }: Pick<NegotiatorOptions, 'session' | 'channelBinding' | 'tlsCertificate'>,
  runtime: Runtime | undefined = thisRuntime,
): void {
  if (runtime === undefined || runtime === 'Node') return
  const lacks = runtime === 'workerd' ? 'a worker is told no connection' : `${runtime}.serve tells no connection`
  const kind = typeof session === 'object' && session !== null && 'kind' in session ? session.kind : session
  if (kind === 'connection')
    throw unavailableOn(runtime, "session: 'connection'", lacks, "Write session: 'cookie', or serve the app on Node.")
  if (channelBinding === 'require' && tlsCertificate === undefined)
    throw unavailableOn(
      runtime,
      "channelBinding: 'require' without tlsCertificate",
      lacks,
      'Give the certificate that clients see as tlsCertificate, or serve the app on Node.',
    )
}
