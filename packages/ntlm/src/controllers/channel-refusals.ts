import { ConfigurationError, RpcFaultError, type RpcAssociation, type S4uErrorCode } from '@s4u/krb5'
import {
  type Capabilities,
  decodeCapabilities,
  encodeCapabilities,
  NetlogonCall,
  type NetlogonNames,
} from '../netlogon/netlogon-calls.js'

/** @throws ConfigurationError */
export function requireAgreed(status: number, { computer, server }: NetlogonNames): void {
  if (status === 0) return
  const [code, hint] = REFUSALS[status] ?? ['RPC_FAULT', 'Look for this status of Windows in MS-ERREF section 2.3.1.']
  throw new ConfigurationError(
    `the domain controller ${server} does not take the machine account ${computer}$: 0x${status.toString(16)}`,
    { code, hint },
  )
}

/**
 * Asks what a controller has agreed to, or was asked for.
 *
 * @throws ConfigurationError STATUS_DOWNGRADE_DETECTED where it does not say; RpcFaultError
 */
export async function capabilitiesOf(
  association: RpcAssociation,
  names: NetlogonNames,
  proof: Uint8Array,
  level: number,
): Promise<Capabilities> {
  const call = encodeCapabilities(names, proof, level)
  const reply = decodeCapabilities(await association.call(NetlogonCall.GET_CAPABILITIES, call))
  if (reply.status !== 0) throw downgraded()
  return reply
}

/** @throws ConfigurationError STATUS_DOWNGRADE_DETECTED */
export function downgraded(): ConfigurationError {
  return new ConfigurationError('the domain controller agreed to a secure channel without AES, which is not accepted', {
    code: 'STATUS_DOWNGRADE_DETECTED',
    hint: 'Somebody stands between, or the controller is older than Windows Server 2008 R2.',
  })
}

/** Whether a controller says that it does not know the key of a channel. */
export function isForgotten(error: unknown): boolean {
  return error instanceof RpcFaultError
}

const REFUSALS: Readonly<Record<number, readonly [S4uErrorCode, string]>> = {
  0xc000_0022: [
    'STATUS_ACCESS_DENIED',
    'The password or the keytab is not that of the machine account (any more): join the machine again, or export its keytab again. Each instance of a service needs a machine account of its own.',
  ],
  0xc000_018b: [
    'STATUS_NO_TRUST_SAM_ACCOUNT',
    'Join the machine to the domain, and name its account: ntlm({ account: { name: … } }).',
  ],
  0xc000_0388: [
    'STATUS_DOWNGRADE_DETECTED',
    'The controller accepts only secure channels that are authenticated by Kerberos: server reject aes schannel. NTLM cannot be used there.',
  ],
}
