import { platformRandom, S4uError } from '@s4u/krb5'
import type { ChannelForm } from './controllers/channel-session.js'
import { channelsOf } from './machine-channels.js'
import { type NtlmOptions, readNtlmOptions } from './ntlm-options.js'

/** How a domain controller takes the machine account. */
export interface SurveyedController {
  /** As the options name it. */
  readonly host: string
  /** `kerberos`: with a ticket; `aes`: with the NT hash. Undefined where it takes neither. */
  readonly form: ChannelForm | undefined
  /** Why a ticket was not taken, where the NT hash was. */
  readonly ticketRefusal: S4uError | undefined
  /** Why there is no secure channel. */
  readonly error: S4uError | undefined
}

/**
 * Signs the machine account in at each controller, says how, and ends the channels again.
 *
 * @throws ConfigurationError for wrong options
 *
 * @example
 * ```ts
 * import { type NtlmOptions, surveyControllers } from '@s4u/ntlm'
 *
 * export async function formsOf(options: NtlmOptions): Promise<readonly (string | undefined)[]> {
 *   return (await surveyControllers(options)).map(({ form }) => form) // [ 'kerberos', 'aes' ]
 * }
 * ```
 */
export async function surveyControllers(options: NtlmOptions): Promise<readonly SurveyedController[]> {
  const settings = readNtlmOptions(options)
  const { now = Date.now, random = platformRandom } = options
  const channels = channelsOf(settings, now, random)
  return await Promise.all(
    settings.controllers.map(async ({ host }, at) => {
      const channel = channels[at]
      try {
        const { form, ticketRefusal } = await channel.state(AbortSignal.timeout(settings.timeLimit))
        return { host, form, ticketRefusal: S4uError.is(ticketRefusal) ? ticketRefusal : undefined, error: undefined }
      } catch (error) {
        if (!S4uError.is(error)) throw error
        return { host, form: undefined, ticketRefusal: undefined, error }
      } finally {
        channel.close()
      }
    }),
  )
}
