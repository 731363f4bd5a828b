/**
 * Explains why evidence cannot be forwarded: because of the user, of the service, or of the client
 * that requested the ticket.
 */

import { SOME_USER } from '../advice/advice.js'
import {
  allowTransition,
  askForwardable,
  clearSensitive,
  leaveProtectedUsers,
  turnForwardableOn,
} from '../advice/directory-settings.js'
import type { DelegationFacts, OwnTicketFacts } from './delegation-facts.js'
import { DelegationRefusedError } from '../errors/kdc-errors.js'
import type { DirectorySetting } from '../errors/directory-setting.js'
import type { KdcAnswer } from '../errors/kdc-answer.js'
import type { UserRestrictions } from './evidence-inspection.js'

/**
 * Returns undefined if the evidence was forwardable and the KDC does not say that the user is the
 * cause.
 */
export function explainForwardability(answer: KdcAnswer, facts: DelegationFacts): DelegationRefusedError | undefined {
  const { evidence, sight, mayTransition = false, ownTicket } = facts
  const isAboutUser = answer.ntStatus === 'STATUS_ACCOUNT_RESTRICTION'
  const forwardable = evidence?.forwardable ?? true
  if (evidence === undefined || forwardable) {
    if (ownTicket?.forwardable === false && !isAboutUser) return serviceNotDelegable(answer, ownTicket)
    return isAboutUser ? userNotDelegable(answer, sight?.user) : undefined
  }
  if (evidence.origin === 'presented') return notForwardable(answer, sight?.user)
  if (ownTicket?.forwardable === false) return serviceNotDelegable(answer, ownTicket)
  const isRestricted = sight?.user ? sight.user.isSensitive || sight.user.isProtected : mayTransition
  return isRestricted ? userNotDelegable(answer, sight?.user) : transitionNotAllowed(answer, sight?.user)
}

/**
 * Explains that the service's own account is sensitive: none of its tickets is forwardable then,
 * whatever else is allowed.
 */
function serviceNotDelegable(
  answer: KdcAnswer,
  { isFromElsewhere = false, isPlain = false }: OwnTicketFacts,
): DelegationRefusedError {
  const { account } = answer
  if (isPlain && !isFromElsewhere)
    return new DelegationRefusedError(
      answer,
      'service-not-delegable',
      `the ticket-granting ticket of ${account} is not forwardable, because none was asked for: forwardable is off`,
      [turnForwardableOn()],
    )
  if (isFromElsewhere)
    return new DelegationRefusedError(
      answer,
      'service-not-delegable',
      `the ticket-granting ticket of ${account} is not forwardable, so that nothing that is got with it is`,
      [askForwardable(account), clearSensitive(account)],
    )
  const sentence = `the KDC gives ${account} no forwardable tickets, though it was asked for one: the account of the service itself is sensitive`
  const settings = [clearSensitive(account), leaveProtectedUsers(account)]
  return new DelegationRefusedError(answer, 'service-not-delegable', sentence, settings)
}

function userNotDelegable(answer: KdcAnswer, known: UserRestrictions | undefined): DelegationRefusedError {
  const { user = SOME_USER } = answer
  const why = known ? restrictionsOf(known) : 'the account is sensitive or in Protected Users'
  const settings = settingsOf(user, known)
  return new DelegationRefusedError(answer, 'user-not-delegable', `${user} may not be impersonated: ${why}`, settings)
}

function transitionNotAllowed(answer: KdcAnswer, known: UserRestrictions | undefined): DelegationRefusedError {
  const { account, user = SOME_USER } = answer
  const sentence = `${account} may not act for users who did not present a ticket (protocol transition)`
  const [orUser, ofUser] = known ? ['', []] : [`, or ${user} may not be impersonated at all`, settingsOf(user)]
  return new DelegationRefusedError(answer, 'protocol-transition-not-allowed', `${sentence}${orUser}`, [
    allowTransition(account),
    ...ofUser,
  ])
}

/**
 * Explains a presented ticket that is not forwardable. There are three causes; the PAC tells which
 * one it is.
 */
function notForwardable(answer: KdcAnswer, known: UserRestrictions | undefined): DelegationRefusedError {
  const { account, user = SOME_USER } = answer
  const why = known && (known.isSensitive || known.isProtected) ? `: ${restrictionsOf(known)}` : ''
  const sentence = `the ticket that ${user} presented to ${account} cannot be passed on: it is not forwardable${why}`
  const signInAgain = `, and ${user} must sign in again after the change`
  const isRestricted = known === undefined || known.isSensitive || known.isProtected
  return new DelegationRefusedError(answer, 'evidence-not-forwardable', sentence, [
    ...(isRestricted ? settingsOf(user, known, signInAgain) : []),
    ...(known && isRestricted ? [] : [askForwardable(user)]),
  ])
}

function settingsOf(user: string, known?: UserRestrictions, andThen?: string): readonly DirectorySetting[] {
  const { isSensitive, isProtected } = known?.isSensitive || known?.isProtected ? known : UNKNOWN
  return [
    ...(isSensitive ? [clearSensitive(user, andThen)] : []),
    ...(isProtected ? [leaveProtectedUsers(user, andThen)] : []),
  ]
}

const UNKNOWN: UserRestrictions = { isSensitive: true, isProtected: true }

function restrictionsOf({ isSensitive, isProtected }: UserRestrictions): string {
  const all = [...(isSensitive ? ['sensitive'] : []), ...(isProtected ? ['in Protected Users'] : [])]
  return all.length === 0 ? 'the KDC says so' : `the account is ${all.join(' and ')}`
}
