import { isIP } from 'node:net'
import { asciiLower } from '@s4u/krb5'
import type { ChannelDeps } from './controllers/channel-session.js'
import { SecureChannel } from './controllers/secure-channel.js'
import { machineSecret } from './machine-account.js'
import { machineTickets } from './machine-tickets.js'
import type { ControllerName, NtlmSettings } from './ntlm-options.js'

/** Returns the secure channel of the machine account to each controller, not signed in yet. */
export function channelsOf(
  settings: NtlmSettings,
  now: () => number,
  random: (length: number) => Uint8Array,
): readonly SecureChannel[] {
  const { account, dnsDomain, kdc } = settings
  const tickets = machineTickets({ account, realm: dnsDomain.toUpperCase(), kdc, now, random })
  const ticketOf = ({ host }: ControllerName): Pick<ChannelDeps, 'ticket'> =>
    isIP(host) === 0 ? { ticket: (request) => tickets(`host/${asciiLower(host)}`, request) } : {}
  return settings.controllers.map((controller) => {
    const { host, address } = controller
    const { domain, computer, timeLimit } = settings
    return new SecureChannel({
      mapper: { host: address, port: ENDPOINT_MAPPER },
      ...{ names: { server: host, computer }, domain, now, random, timeLimit },
      secret: () => machineSecret(account),
      ...ticketOf(controller),
    })
  })
}

/** C706 appendix H. */
const ENDPOINT_MAPPER = 135
