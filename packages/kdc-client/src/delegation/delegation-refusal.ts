import { KRB_ERROR_CODES as KRB, sameRealmIgnoringCase } from '@s4u/krb5'
import { OWNER_OF_CERTIFICATE } from '../tickets/s4u-user.js'
import { realmOf, SOME_USER } from '../advice/advice.js'
import { policyOfService } from '../advice/account-advice.js'
import {
  allowOnTarget,
  allowTarget,
  freshTicket,
  nameServiceAt,
  ownName,
  registerSpn,
  restorePac,
} from '../advice/directory-settings.js'
import { unknownTarget } from '../advice/unknown-target.js'
import type { DelegationFacts } from './delegation-facts.js'
import { DelegationRefusedError, KdcError, type RefusalReason } from '../errors/kdc-errors.js'
import type { DirectorySetting } from '../errors/directory-setting.js'
import type { KdcAnswer } from '../errors/kdc-answer.js'
import type { EvidenceFindings } from './evidence-inspection.js'
import { explainForwardability } from './forwardability-refusal.js'
import { explainSignIn, explainUnknownUser } from '../advice/sign-in-refusal.js'

/**
 * Converts a KDC's refusal of S4U2Self or S4U2Proxy into one sentence about what is missing, and
 * the settings that would supply it. KDCs give the same code for different causes; the evidence
 * tells them apart. Source: MS-SFU section 3.2.5.2.
 */
export function explainDelegation(answer: KdcAnswer, facts: DelegationFacts = {}): DelegationRefusedError | KdcError {
  return answer.step === 'S4U2Self' ? explainS4u2self(answer, facts) : explainS4u2proxy(answer, facts)
}

function explainS4u2self(answer: KdcAnswer, facts: DelegationFacts): DelegationRefusedError | KdcError {
  const { account, user = SOME_USER } = answer
  const { askedRealm } = facts
  switch (answer.errorCode) {
    case KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN:
    case KRB.KDC_ERR_PADATA_TYPE_NOSUPP: {
      const sentence = `${account} cannot ask for tickets of other users: it is not a service`
      if (answer.errorCode === KRB.KDC_ERR_PADATA_TYPE_NOSUPP && facts.byCertificate) return noCertificates(answer)
      if (askedRealm !== undefined && !sameRealmIgnoringCase(askedRealm, realmOf(account)))
        return refused(answer, 'not-a-service', `${sentence} that the KDC of ${askedRealm} knows`, [
          nameServiceAt(askedRealm, account),
        ])
      return refused(answer, 'not-a-service', sentence, [registerSpn(account)])
    }
    case KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN:
      return explainUnknownUser(answer, user, facts)
    case KRB.KRB_AP_ERR_BADMATCH:
      return refused(answer, 'not-a-service', `the KDC does not take ${account} for the service that asks`, [
        registerSpn(account),
      ])
    default:
      return explainSignIn(answer, facts)
  }
}

function noCertificates(answer: KdcAnswer): KdcError {
  const { user = OWNER_OF_CERTIFICATE } = answer
  const who = user === OWNER_OF_CERTIFICATE ? 'the user' : user
  return new KdcError(answer, {
    hint: `This KDC knows users by their names only, as Samba up to 4.22, and not by certificates: name ${who} instead of giving the certificate.`,
  })
}

function explainS4u2proxy(answer: KdcAnswer, facts: DelegationFacts): DelegationRefusedError | KdcError {
  const { account, target } = answer
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
    case KRB.KRB_AP_ERR_BADKEYVER:
      return brokenEvidence(answer, facts.sight)
    case KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN:
      return refused(answer, 'target-unknown', `no account has the service principal name ${target}`, [
        unknownTarget(target, facts),
      ])
    case KRB.KDC_ERR_TGT_REVOKED:
      return noPac(answer)
    default:
      return explainSignIn(answer, facts)
  }
}

/**
 * Explains a refusal of the delegation itself. The NTSTATUS, if there is one, and the evidence tell
 * which setting is missing.
 */
function explainNotDelegable(answer: KdcAnswer, facts: DelegationFacts): DelegationRefusedError {
  const { ntStatus = '' } = answer
  if (BY_POLICY.has(ntStatus)) return refusedByPolicy(answer)
  if (facts.sight?.unusable) return unusable(answer, facts.sight.unusable)
  return (
    (NOT_LISTED.has(ntStatus) ? undefined : explainForwardability(answer, facts)) ??
    refused(answer, 'target-not-allowed', `${answer.account} may not delegate to ${answer.target}`, listsOf(answer))
  )
}

/**
 * Returns the lists that may name a target. In another realm only the list on the account of the
 * target counts. Source: MS-SFU section 3.2.5.2.2.
 */
function listsOf({ account, target }: KdcAnswer): readonly DirectorySetting[] {
  if (target.startsWith('krbtgt/'))
    return [{ attribute: `no KDC delegates to itself: name the service that is to be reached, and not ${target}` }]
  const isElsewhere = target.includes('@') && !sameRealmIgnoringCase(realmOf(target), realmOf(account))
  const onTarget = allowOnTarget(account, target)
  return isElsewhere
    ? [{ ...onTarget, attribute: onTarget.attribute.replace(/^or /, '') }]
    : [allowTarget(account, target), onTarget]
}

/**
 * Explains a refusal that does not depend on the lists: KDCs check the service that delegates, and
 * the user, like clients that sign in at the target.
 */
function refusedByPolicy(answer: KdcAnswer): DelegationRefusedError {
  const { account, target, user = SOME_USER } = answer
  const sentence = `a policy of ${target} does not let ${account} act for ${user} there`
  return refused(answer, 'refused-by-policy', sentence, [
    {
      attribute: `the authentication policy, or that of the silo, of the account of ${target} must allow ${account} and ${user} to authenticate to it; where a trust is one with selective authentication, "Allowed to authenticate" on that account must be granted to them`,
      ...policyOfService(target),
    },
  ])
}

function noPac(answer: KdcAnswer): DelegationRefusedError {
  const { account } = answer
  const sentence = `the KDC wants a PAC in the tickets of ${account} and its users, and there is none`
  return refused(answer, 'no-pac', sentence, [restorePac(account)])
}

/** Explains evidence that the KDC calls modified. MIT's KDC says that of evidence without a PAC. */
function brokenEvidence(answer: KdcAnswer, sight: EvidenceFindings = {}): DelegationRefusedError {
  if (sight.unusable) return unusable(answer, sight.unusable)
  if (sight.hasPac === false) return noPac(answer)
  const { account, user = SOME_USER } = answer
  const sentence = `the KDC cannot open the ticket shown as evidence: it was changed, or issued before the password of ${account} was`
  return refused(answer, 'evidence-unusable', sentence, [freshTicket(account, user), ownName(account)])
}

/**
 * Explains a ticket that is no evidence. KDCs refuse it with many different codes, but the ticket
 * itself tells what it is.
 */
function unusable(answer: KdcAnswer, why: NonNullable<EvidenceFindings['unusable']>): DelegationRefusedError {
  const { account, user = SOME_USER } = answer
  if (why === 'granting-ticket')
    return refused(answer, 'evidence-unusable', `the ticket shown as evidence is a ticket-granting ticket of ${user}`, [
      ownName(account),
    ])
  const sentence = `no key of ${account} opens the ticket shown as evidence: it is one for another service, or older than the keys`
  return refused(answer, 'evidence-unusable', sentence, [ownName(account), freshTicket(account, user)])
}

/**
 * Statuses by which a KDC says that the target is on no list, whatever the evidence. Source: MS-SFU
 * section 3.2.5.2.1 and section 3.2.5.2.3.
 */
const NOT_LISTED: ReadonlySet<string> = new Set(['STATUS_NOT_SUPPORTED', 'STATUS_NOT_FOUND'])

/** Statuses of policies. Source: MS-KILE section 3.3.5.7; MS-ERREF section 2.3.1. */
const BY_POLICY: ReadonlySet<string> = new Set(['STATUS_AUTHENTICATION_FIREWALL_FAILED', 'STATUS_INVALID_WORKSTATION'])

function refused(
  answer: KdcAnswer,
  reason: RefusalReason,
  sentence: string,
  settings: readonly DirectorySetting[],
): DelegationRefusedError {
  return new DelegationRefusedError(answer, reason, sentence, settings)
}
