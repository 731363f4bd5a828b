/**
 * Ways to sign in beside Kerberos. Each is a source that a negotiator is given (`signIn`), and each
 * ends in the same `Identity`, which can be impersonated.
 */

export { basic, type BasicOptions } from './basic/basic.js'
export { form } from './form/form.js'
export type { FormOptions } from './form/form-options.js'
export type { FormTexts } from './form/form-texts.js'
export { pageStyle, pageStyleSource } from './form/page-style.js'
export type { OwnTexts } from './form/language.js'
export { renderPage } from './form/render-page.js'
export type { FormTheme, SignInPage } from './form/sign-in-page.js'
export { digest } from './digest/digest.js'
export { type DigestAlgorithm, digestSecret, digestUserHash } from './digest/digest-arithmetic.js'
export type { DigestOptions, DigestSecret, DigestUser, HashedDigestUser } from './digest/digest-options.js'
export { passcode } from './passcode/passcode.js'
export type { PageOptions, PasscodeOptions, TypedCode } from './passcode/passcode-options.js'
export {
  createRadiusClient,
  type RadiusAnswer,
  type RadiusChallenge,
  type RadiusClient,
  type RadiusQuestion,
} from './radius/radius-client.js'
export { type FailedRadiusServer, RadiusUnreachableError } from './radius/radius-errors.js'
export type { RadiusOptions } from './radius/radius-options.js'
export type { RadiusTlsOptions } from './radius/tls-options.js'
export { certificate } from './certificate/certificate.js'
export type { CertificateOptions, CertificateProxyOptions } from './certificate/certificate-options.js'
export type { CertificateMapping } from './certificate/mapping/certificate-owner.js'
export type { MappingDirectory } from './certificate/mapping/directory-owner.js'
export type { WeakMapping } from './certificate/mapping/security-identities.js'
export type { ForwardedFormat } from './certificate/proxy/forwarded-certificate.js'
export type { RevocationOptions } from './certificate/revocation/revocation-options.js'
export type { AuthorityCertificates } from './certificate/trust/authorities.js'
export type { ClientCertificate } from './certificate/x509/client-certificate.js'
export type { NamedPeers } from './trusted-header/named-peers.js'
export { trustedHeader, type TrustedHeaderOptions } from './trusted-header/trusted-header.js'
export { bearer } from './bearer/bearer.js'
export type { BearerOptions } from './bearer/bearer-options.js'
export type { AccountForm } from './accounts/named-account.js'
export type { AccountClaimOptions, AccountOfClaims, IssuerClaims } from './issuers/account-claim.js'
export type { FetchLike } from './issuers/fetch-like.js'
export type { IssuerOptions } from './issuers/issuer-options.js'
export { IssuerUnreachableError } from './issuers/issuer-unreachable-error.js'
export { oidc, type OidcSource } from './oidc/oidc.js'
export type { OidcOptions } from './oidc/oidc-options.js'
export type { OidcSubject } from './oidc/oidc-subject.js'
export { ntlm } from './ntlm/ntlm.js'
export type { NtlmSourceOptions } from './ntlm/ntlm-options.js'
