import { KRB_ERROR_CODES as KRB } from '@s4u/krb5'
import {
  DelegationRefusedError,
  type DirectorySetting,
  type KdcAnswer,
  KdcError,
  type RefusalReason,
} from './errors.js'
import { explainSignIn } from './sign-in-refusal.js'

/** What is known of a refused delegation beside the KDC's answer. */
export interface DelegationFacts {
  /** The evidence of an S4U2Proxy request. */
  readonly evidence?: { readonly origin: 'presented' | 's4u2self'; readonly forwardable: boolean }
  /** This account has had a forwardable S4U2Self ticket before, so it is trusted for protocol transition. */
  readonly mayTransition?: boolean
}

/**
 * Turns a KDC's no to S4U2Self or S4U2Proxy into one sentence about what is missing, and the settings that would supply it.
 * KDCs give the same code for different causes: the evidence tells them apart. Source: MS-SFU section 3.2.5.2.
 */
export function explainDelegation(answer: KdcAnswer, facts: DelegationFacts = {}): DelegationRefusedError | KdcError {
  return answer.step === 'S4U2Self' ? explainS4u2self(answer) : explainS4u2proxy(answer, facts)
}

function explainS4u2self(answer: KdcAnswer): DelegationRefusedError | KdcError {
  const { account, user } = answer
  switch (answer.errorCode) {
    case KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN:
    case KRB.KDC_ERR_PADATA_TYPE_NOSUPP:
      return refused(answer, 'not-a-service', `${account} cannot ask for tickets of other users: it is not a service`, [
        registerSpn(account, 'HTTP/HOST'),
      ])
    case KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN:
      return new KdcError(answer, {
        hint: `The KDC knows no user ${user}. Write name@REALM, or the user principal name.`,
      })
    case KRB.KRB_AP_ERR_BADMATCH:
      return refused(answer, 'not-a-service', `the KDC does not take ${account} for the service that asks`, [
        registerSpn(account, 'HTTP/HOST'),
      ])
    default:
      return explainSignIn(answer)
  }
}

function explainS4u2proxy(answer: KdcAnswer, facts: DelegationFacts): DelegationRefusedError | KdcError {
  const { account, target } = answer
  switch (answer.errorCode) {
    case KRB.KDC_ERR_BADOPTION:
    case KRB.KDC_ERR_POLICY:
      return explainNotDelegable(answer, facts)
    case KRB.KRB_AP_ERR_BADMATCH:
    case KRB.KDC_ERR_SERVER_NOMATCH:
      return refused(answer, 'evidence-unusable', `the ticket shown as evidence is not one for ${account}`, [])
    case KRB.KRB_AP_ERR_MODIFIED:
    case KRB.KRB_AP_ERR_BAD_INTEGRITY:
    case KRB.KRB_AP_ERR_BADKEYVER: {
      const sentence = `the KDC cannot open the ticket shown as evidence: it was changed, or issued before the password of ${account} was`
      return refused(answer, 'evidence-unusable', sentence, [])
    }
    case KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN:
      return refused(answer, 'target-unknown', `no account has the service principal name ${target}`, [
        registerSpn('the account of the target', target),
      ])
    case KRB.KDC_ERR_TGT_REVOKED:
      return refused(
        answer,
        'no-pac',
        `the KDC wants a PAC in the tickets of ${account} and its users, and there is none`,
        [restorePac(account)],
      )
    case KRB.KDC_ERR_ETYPE_NOSUPP:
      return new KdcError(answer, {
        hint: `${target} has no key of an encryption type that we offer: set msDS-SupportedEncryptionTypes to 24 (AES) on its account and reset the password.`,
      })
    default:
      return explainSignIn(answer)
  }
}

/** The KDC refused the delegation itself. Which setting it missed follows from its NTSTATUS, if there is one, and from the evidence. */
function explainNotDelegable(answer: KdcAnswer, { evidence, mayTransition }: DelegationFacts): DelegationRefusedError {
  const { account, target, user = 'the user', ntStatus = '' } = answer
  const forwardable = evidence?.forwardable ?? true
  if (NOT_LISTED.has(ntStatus) || (forwardable && ntStatus !== ACCOUNT_RESTRICTION)) {
    return refused(answer, 'target-not-allowed', `${account} may not delegate to ${target}`, [
      allowTarget(account, target),
      allowOnTarget(account, target),
    ])
  }
  if (evidence === undefined || forwardable) return userNotDelegable(answer, user)
  if (evidence.origin === 'presented') {
    const sentence = `the ticket that ${user} presented to ${account} cannot be passed on: it is not forwardable`
    return refused(answer, 'evidence-not-forwardable', sentence, [allowUser(user)])
  }
  if (mayTransition) return userNotDelegable(answer, user)
  const sentence = `${account} may not act for users who did not present a ticket (protocol transition), or ${user} may not be impersonated at all`
  return refused(answer, 'protocol-transition-not-allowed', sentence, [allowTransition(account), allowUser(user)])
}

function userNotDelegable(answer: KdcAnswer, user: string): DelegationRefusedError {
  const sentence = `${user} may not be impersonated: the account is sensitive or in Protected Users`
  return refused(answer, 'user-not-delegable', sentence, [allowUser(user)])
}

/** Whatever the evidence, the target is on no list. Source: MS-SFU section 3.2.5.2.1 and section 3.2.5.2.3. */
const NOT_LISTED: ReadonlySet<string> = new Set(['STATUS_NOT_SUPPORTED', 'STATUS_NOT_FOUND'])
const ACCOUNT_RESTRICTION = 'STATUS_ACCOUNT_RESTRICTION'

function refused(
  answer: KdcAnswer,
  reason: RefusalReason,
  sentence: string,
  settings: readonly DirectorySetting[],
): DelegationRefusedError {
  return new DelegationRefusedError(answer, reason, sentence, settings)
}

/** `svc-web` of `svc-web@AD.TEST`: how directory tools name the account. */
function bare(principal: string): string {
  return principal.replace(/@[^@]*$/, '')
}

function allowTarget(account: string, target: string): DirectorySetting {
  return {
    attribute: `msDS-AllowedToDelegateTo of ${account} must list ${bare(target)}`,
    activeDirectory: `Set-ADObject (Get-ADObject -Filter "sAMAccountName -eq '${bare(account)}'") -Add @{'msDS-AllowedToDelegateTo'='${bare(target)}'}`,
    samba: `samba-tool delegation add-service '${bare(account)}' '${bare(target)}'`,
    mit: `ldapmodify: dn of ${account}, add krbAllowedToDelegateTo: ${target} (LDAP backend; DB2 has no delegation lists)`,
  }
}

function allowOnTarget(account: string, target: string): DirectorySetting {
  return {
    attribute: `or msDS-AllowedToActOnBehalfOfOtherIdentity of the account of ${bare(target)} must name ${account} (resource-based)`,
    activeDirectory: `Set-ADComputer TARGET -PrincipalsAllowedToDelegateToAccount (Get-ADObject -Filter "sAMAccountName -eq '${bare(account)}'")`,
    samba: `samba-tool delegation add-principal TARGET '${bare(account)}' (from Samba 4.19)`,
    mit: 'not available in the LDAP backend',
  }
}

function allowTransition(account: string): DirectorySetting {
  return {
    attribute: `userAccountControl of ${account} must have TRUSTED_TO_AUTH_FOR_DELEGATION (0x1000000)`,
    activeDirectory: `Set-ADAccountControl '${bare(account)}' -TrustedToAuthForDelegation $true`,
    samba: `samba-tool delegation for-any-protocol '${bare(account)}' on`,
    mit: `kadmin modprinc +ok_to_auth_as_delegate ${account}`,
  }
}

function allowUser(user: string): DirectorySetting {
  return {
    attribute: `userAccountControl of ${user} must not have NOT_DELEGATED (0x100000), and ${user} must not be in Protected Users`,
    activeDirectory: `Set-ADAccountControl '${bare(user)}' -AccountNotDelegated $false`,
    samba: `samba-tool user sensitive '${bare(user)}' off`,
    mit: `kadmin modprinc +allow_forwardable ${user}`,
  }
}

function restorePac(account: string): DirectorySetting {
  return {
    attribute: `userAccountControl of ${account} must not have NO_AUTH_DATA_REQUIRED (0x2000000), and sign-in must ask for a PAC (pac: true)`,
    activeDirectory: `Set-ADUser '${bare(account)}' -Replace @{userAccountControl=VALUE} with VALUE lacking 0x2000000`,
    samba: `samba-tool user edit '${bare(account)}' (userAccountControl)`,
    mit: `kadmin modprinc -no_auth_data_required ${account}`,
  }
}

function registerSpn(account: string, spn: string): DirectorySetting {
  return {
    attribute: `servicePrincipalName of ${account} must list ${bare(spn)}`,
    activeDirectory: `setspn -S ${bare(spn)} ${bare(account)}`,
    samba: `samba-tool spn add '${bare(spn)}' '${bare(account)}'`,
    mit: `kadmin addprinc -randkey ${spn}`,
  }
}
