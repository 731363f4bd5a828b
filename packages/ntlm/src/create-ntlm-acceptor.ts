import { platformRandom } from '@s4u/krb5'
import { DomainControllers } from './controllers/domain-controllers.js'
import { channelsOf } from './machine-channels.js'
import { ControllerJudgedAcceptor, type NtlmAcceptor } from './ntlm-acceptor.js'
import { type NtlmOptions, readNtlmOptions } from './ntlm-options.js'

/**
 * Creates an acceptor of NTLM. It is for callers who cannot come with Kerberos: NTLM proves no
 * server to its client, can be relayed, and is being removed from Windows.
 *
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { createNtlmAcceptor } from '@s4u/ntlm'
 *
 * export const acceptor = createNtlmAcceptor({
 *   domain: 'CORP',
 *   dnsDomain: 'corp.test',
 *   domainSid: 'S-1-5-21-1004336348-1177238915-682003330',
 *   account: { name: 'WEB01$', keytab: '/etc/krb5.keytab' },
 *   controllers: ['dc1.corp.test', 'dc2.corp.test'],
 * })
 * ```
 */
export function createNtlmAcceptor(options: NtlmOptions): NtlmAcceptor {
  const settings = readNtlmOptions(options)
  const { now = Date.now, random = platformRandom } = options
  const { timeLimit } = settings
  const channels = channelsOf(settings, now, random)
  return new ControllerJudgedAcceptor({
    ...{ settings, now, random },
    controllers: new DomainControllers(channels, timeLimit, now),
  })
}
