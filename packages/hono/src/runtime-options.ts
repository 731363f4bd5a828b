import { ConfigurationError, type NegotiatorOptions } from '@s4u/negotiate'

/**
 * Refuses options that need the connection of a request on a runtime whose servers do not tell it.
 * Without this, the app would start, and each caller would be refused.
 * @throws ConfigurationError that names the runtime and the option
 */
export function checkRuntime(
  { session, channelBinding, tlsCertificate }: Pick<NegotiatorOptions, 'session' | 'channelBinding' | 'tlsCertificate'>,
  versions: Readonly<Record<string, string | undefined>> = process.versions,
): void {
  const runtime = nameOf(versions)
  if (runtime === undefined) return
  const kind = typeof session === 'object' && session !== null && 'kind' in session ? session.kind : session
  if (kind === 'connection')
    throw new ConfigurationError(`session: 'connection' is not possible on ${runtime}, which tells no connection`, {
      hint: "Write session: 'cookie', or serve the app on Node.",
    })
  if (channelBinding === 'require' && tlsCertificate === undefined)
    throw new ConfigurationError(`channelBinding: 'require' is not possible on ${runtime} without tlsCertificate`, {
      hint: 'Give the certificate that clients see as tlsCertificate, or serve the app on Node.',
    })
}

function nameOf({ bun, deno }: Readonly<Record<string, string | undefined>>): string | undefined {
  if (bun !== undefined) return 'Bun'
  return deno === undefined ? undefined : 'Deno'
}
