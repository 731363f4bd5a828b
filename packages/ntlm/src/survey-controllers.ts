import { asciiLower, platformRandom, S4uError } from '@s4u/krb5'
import type { ChannelForm } from './controllers/channel-session.js'
import { PerhapsJudged } from './controllers/logon-failures.js'
import type { SecureChannel } from './controllers/secure-channel.js'
import { refusalOf } from './logon-status.js'
import { machineSecret } from './machine-account.js'
import { channelsOf } from './machine-channels.js'
import type { LogonRequest } from './netlogon/logon-call.js'
import { type NtlmOptions, type NtlmSettings, readNtlmOptions } from './ntlm-options.js'
import { ownResponse } from './response/own-response.js'

/** How a domain controller takes the machine account. */
export interface SurveyedController {
  /** As the options name it. */
  readonly host: string
  /** `kerberos`: with a ticket; `aes`: with the NT hash. Undefined where it takes neither. */
  readonly form: ChannelForm | undefined
  /** Why a ticket was not taken, where the NT hash was. */
  readonly ticketRefusal: S4uError | undefined
  /**
   * Why there is no secure channel (`form` is undefined then), or why no user can come: the domain
   * blocks NTLM, or `domain` is not its name. With keys of AES alone the last two are not known.
   */
  readonly error: S4uError | undefined
}

/**
 * Signs the machine account in at each controller, asks it for a verdict on that account, whom no
 * controller lets in with NTLM, and ends the channels again.
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
  const request = await requestAboutUs(settings, now(), random)
  const survey = channels.map(async (channel, at): Promise<SurveyedController> => {
    const { host } = settings.controllers[at]
    const signal = AbortSignal.timeout(settings.timeLimit)
    try {
      return { host, ...(await surveyed(channel, request, signal)) }
    } finally {
      channel.close()
    }
  })
  return await Promise.all(survey)
}

async function surveyed(
  channel: SecureChannel,
  request: LogonRequest | undefined,
  signal: AbortSignal,
): Promise<Omit<SurveyedController, 'host'>> {
  const none = { form: undefined, ticketRefusal: undefined }
  const state = await channel.state(signal).catch(ofOurs)
  if (S4uError.is(state)) return { ...none, error: state }
  const { form, ticketRefusal } = state
  const error = request && (await verdictOf(channel, request, signal).catch(ofOurs))
  return { form, ticketRefusal: S4uError.is(ticketRefusal) ? ticketRefusal : undefined, error }
}

/** Returns why no user can come. That a machine may not come with NTLM is the right answer. */
async function verdictOf(
  channel: SecureChannel,
  request: LogonRequest,
  signal: AbortSignal,
): Promise<S4uError | undefined> {
  const refusal = refusalOf(await channel.logon(request, signal), request.user)
  return refusal.code === 'STATUS_ACCOUNT_RESTRICTION' ? undefined : refusal
}

/**
 * Returns a right response of the machine account itself, so that no wrong password is counted;
 * undefined where there is no NT hash to make it with.
 */
async function requestAboutUs(
  { account, computer, domain, dnsDomain }: NtlmSettings,
  now: number,
  random: (length: number) => Uint8Array,
): Promise<LogonRequest | undefined> {
  const ntHash = await machineSecret(account).catch(ofOurs)
  if (S4uError.is(ntHash)) return undefined
  const target = { domain, computer, dnsDomain, dnsComputer: asciiLower(`${computer}.${dnsDomain}`) }
  const asked = { user: account.name, domain, serverChallenge: random(8) }
  const ntResponse = ownResponse(ntHash, { ...asked, target, now, random })
  ntHash.fill(0)
  return { ...asked, workstation: computer, ntResponse }
}

/** @throws what is a fault of this package */
function ofOurs(error: unknown): S4uError {
  const reason = error instanceof PerhapsJudged ? error.reason : error
  if (S4uError.is(reason)) return reason
  throw reason
}
