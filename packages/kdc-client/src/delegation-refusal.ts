import { KRB_ERROR_CODES as KRB } from '@s4u/krb5'
import {
  allowOnTarget,
  allowTarget,
  allowTransition,
  allowUser,
  freshTicket,
  ownName,
  registerSpn,
  registerTarget,
  restorePac,
} from './directory-settings.js'
import {
  DelegationRefusedError,
  type DirectorySetting,
  type KdcAnswer,
  KdcError,
  type RefusalReason,
} from './errors.js'
import { SOME_USER } from './advice.js'
import { explainSignIn, unknownUser } from './sign-in-refusal.js'

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
  const { account, user = SOME_USER } = answer
  switch (answer.errorCode) {
    case KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN:
    case KRB.KDC_ERR_PADATA_TYPE_NOSUPP:
      return refused(answer, 'not-a-service', `${account} cannot ask for tickets of other users: it is not a service`, [
        registerSpn(account),
      ])
    case KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN:
      return new KdcError(answer, { hint: unknownUser(user) })
    case KRB.KRB_AP_ERR_BADMATCH:
      return refused(answer, 'not-a-service', `the KDC does not take ${account} for the service that asks`, [
        registerSpn(account),
      ])
    default:
      return explainSignIn(answer)
  }
}

function explainS4u2proxy(answer: KdcAnswer, facts: DelegationFacts): DelegationRefusedError | KdcError {
  const { account, target, user = SOME_USER } = answer
  switch (answer.errorCode) {
    case KRB.KDC_ERR_BADOPTION:
    case KRB.KDC_ERR_POLICY:
      return explainNotDelegable(answer, facts)
    case KRB.KRB_AP_ERR_BADMATCH:
    case KRB.KDC_ERR_SERVER_NOMATCH:
      return refused(answer, 'evidence-unusable', `the ticket shown as evidence is not one for ${account}`, [
        ownName(account),
      ])
    case KRB.KRB_AP_ERR_MODIFIED:
    case KRB.KRB_AP_ERR_BAD_INTEGRITY:
    case KRB.KRB_AP_ERR_BADKEYVER: {
      const sentence = `the KDC cannot open the ticket shown as evidence: it was changed, or issued before the password of ${account} was`
      return refused(answer, 'evidence-unusable', sentence, [freshTicket(account, user), ownName(account)])
    }
    case KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN:
      return refused(answer, 'target-unknown', `no account has the service principal name ${target}`, [
        registerTarget(target),
      ])
    case KRB.KDC_ERR_TGT_REVOKED:
      return refused(
        answer,
        'no-pac',
        `the KDC wants a PAC in the tickets of ${account} and its users, and there is none`,
        [restorePac(account)],
      )
    default:
      return explainSignIn(answer)
  }
}

/** The KDC refused the delegation itself. Which setting it missed follows from its NTSTATUS, if there is one, and from the evidence. */
function explainNotDelegable(answer: KdcAnswer, { evidence, mayTransition }: DelegationFacts): DelegationRefusedError {
  const { account, target, user = SOME_USER, ntStatus = '' } = answer
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
