/**
 * GSS-API context tokens, SPNEGO and the Negotiate header, as state machines without I/O. An
 * acceptor gives a token to `beginNegotiation` and follows the steps; an initiator starts with
 * `createInitiator`. Both get a `SecurityContext` at the end. `parseAuthorization`,
 * `formatChallenge` and `findNegotiateChallenge` are for HTTP.
 */

export { type ApRepOptions, openApRep, type SealedApRep, sealApRep } from './context-tokens/ap-rep.js'
export {
  type AuthenticatorChecksum,
  decodeAuthenticatorChecksum,
  encodeAuthenticatorChecksum,
  GSS_CHECKSUM_TYPE,
  readAuthenticatorChecksum,
} from './context-tokens/authenticator-checksum.js'
export {
  type ChannelAddress,
  type ChannelBindings,
  channelBindingsHash,
  isUnbound,
  tlsExporter,
  tlsServerEndPoint,
} from './context-tokens/channel-bindings.js'
export { ContextFlag, type ContextFlagName, contextFlagNames } from './context-tokens/context-flags.js'
export { type ForwardableCredential, sealForwardedCredential } from './context-tokens/forwarded-credential.js'
export { createDceInitiator, type DceInitiator, type DceInitiatorOptions } from './dce-initiator.js'
export { DCE_TOKEN_LENGTH, DceContext, type DceContextKeys, type DceMessage } from './per-message/dce-messages.js'
export { createInitiator, type Initiator, type InitiatorOptions, type InitiatorStep } from './initiator.js'
export type { ForeignMechanism } from './negotiation/foreign-mechanism.js'
export {
  frameKrb5Token,
  type Krb5MessageKind,
  type Krb5Token,
  Krb5TokenId,
  readKrb5Token,
} from './context-tokens/krb5-token.js'
export {
  findNegotiateChallenge,
  formatAuthorization,
  formatChallenge,
  MAX_TOKEN_OCTETS,
  type NegotiateChallenge,
  parseAuthorization,
  type ParsedAuthorization,
} from './negotiate-header.js'
export { beginNegotiation, rejectionOf } from './negotiation/negotiation.js'
export type {
  AcceptedApReq,
  ApReqStep,
  CompletedNegotiation,
  ContinueStep,
  MicAwaited,
  NegotiationOptions,
  NegotiationReply,
  NegotiationStep,
  UnsupportedStep,
} from './negotiation/negotiation-step.js'
export { findNtlmNegotiation } from './negotiation/ntlm-negotiation.js'
export type {
  MechListSigner,
  NtlmAnsweredStep,
  NtlmAskedStep,
  NtlmBegunStep,
  NtlmChallengedStep,
  NtlmConfirmStep,
  NtlmNegotiation,
  NtlmReply,
} from './negotiation/ntlm-negotiation-step.js'
export { isKerberos, Mechanism, ObjectIdentifier } from './framing/oids.js'
export type { Role } from './per-message/per-message.js'
export { type ExposedSessionKey, SecurityContext, type SecurityContextOptions } from './per-message/security-context.js'
export type { ContextRequest, ServiceCredential } from './context-tokens/sent-ap-req.js'
export {
  decodeNegTokenInit,
  decodeNegTokenResp,
  encodeNegTokenInit,
  encodeNegTokenResp,
  type MechTypeList,
  type NegState,
  type NegTokenInit,
  type NegTokenResp,
} from './negotiation/spnego.js'
export { frame, type InitialContextToken, isFramed, unframe } from './framing/token-framing.js'
