/**
 * NTLM accepted on the word of a domain controller, for callers who cannot come with Kerberos:
 * version 2 alone, judged over the secure channel of NETLOGON. It is as safe as NTLM can be, which
 * is not very: see docs/ntlm.md.
 */

export { ConfigurationError, MalformedTokenError, MissingKeyError, RejectedTokenError, S4uError } from '@s4u/krb5'
export {
  findNtlmNegotiation,
  type MechListSigner,
  type NtlmAnsweredStep,
  type NtlmAskedStep,
  type NtlmBegunStep,
  type NtlmChallengedStep,
  type NtlmConfirmStep,
  type NtlmNegotiation,
  type NtlmReply,
} from '@s4u/gssapi'
export { createNtlmAcceptor } from './create-ntlm-acceptor.js'
export { NetlogonUnreachableError } from './errors.js'
export type { ChannelForm } from './controllers/channel-session.js'
export type { MachineAccount } from './machine-account.js'
export { ntlmMessageType } from './messages/security-buffer.js'
export type { NtlmAcceptor, NtlmClaim, NtlmContext } from './ntlm-acceptor.js'
export type { NtlmLogon } from './ntlm-logon.js'
export { NTLM_OPTIONS, type NtlmController, type NtlmOptions } from './ntlm-options.js'
export type { Presence } from './response/response-checks.js'
export { type SurveyedController, surveyControllers } from './survey-controllers.js'
