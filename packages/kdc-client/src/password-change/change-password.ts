/**
 * Changes a password, the own one or that of another user. Source: RFC 3244, MS-KILE section
 * 3.1.1.1.
 */

import {
  ChangePasswdData,
  closeOptions,
  ConfigurationError,
  encode,
  formatPrincipal,
  KPASSWD_RESULTS,
  KRB_ERROR_CODES as KRB,
  KpasswdVersion,
  NameType,
  type PrincipalName,
  type Principal,
  RejectedTokenError,
  S4uError,
  samePrincipal,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import { requestTgt } from '../as-exchange/as-exchange.js'
import { type ClientSetup, setUpClient } from '../client/client-setup.js'
import { Client } from '../client/client.js'
import { ABOUT_THE_USER, KdcError } from '../errors/kdc-errors.js'
import { tell, tellNotice } from '../events/events.js'
import { signInArmorOf } from '../fast/armor-use.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { parseSignInName, type SignIn } from '../credentials/authority.js'
import { CHANGE_PASSWORD_OPTIONS, type ChangePasswordOptions } from './change-password-options.js'
import { openAnswer, sealChange, untrusted } from './kpasswd-message.js'
import { requireNewPassword } from './new-password.js'
import { type ChangeSubject, PasswordChangeRefusedError, refusalOf, unconfirmedRefusal } from './refused-change.js'

/** A password that was changed. */
export interface PasswordChange {
  /** The user: `alice@AD.TEST`. If the user signed in, this is the name that the KDC uses. */
  readonly principal: string
}

/**
 * Changes the password of a user with the old password, also after it has expired; or sets the
 * password of any account as an administrator. Source: RFC 3244.
 *
 * A user signs in with the old password, and no other ticket is used; the new password is encrypted
 * with a key of this exchange only. The promise resolves only when the server has confirmed the
 * change in an answer that is encrypted with a key of this exchange.
 *
 * @throws PasswordChangeRefusedError with the text of the policy; KdcError if the sign-in was
 * refused (KDC_ERR_PREAUTH_FAILED: the old password is wrong); KdcUnreachableError, with the code
 * KRB5_KPASSWD_OUTCOME_UNKNOWN if the answer was lost; RejectedTokenError for an answer that cannot
 * be believed; ConfigurationError
 *
 * @example
 * ```ts
 * import { changePassword } from '@s4u/kdc-client'
 *
 * const [oldPassword, newPassword] = ['Winter-2025!', 'a longer sentence in Spring']
 * await changePassword({ principal: 'alice@AD.TEST', oldPassword, newPassword })
 *
 * const credentials = { principal: 'helpdesk@AD.TEST', keytab: '/etc/helpdesk.keytab' }
 * await changePassword({ principal: 'alice@AD.TEST', newPassword, credentials })
 * ```
 */
export async function changePassword(given: ChangePasswordOptions): Promise<PasswordChange> {
  const options = closeOptions('changePassword', given, CHANGE_PASSWORD_OPTIONS)
  const newPassword = requireNewPassword(options.newPassword)
  const { signal } = options
  signal?.throwIfAborted()
  const setup = setUpClient({ ...options, credentials: credentialsOf(options) }, signal)
  if (options.credentials === undefined) return changeOwn(setup, newPassword)
  const { realm = setup.authority.principal.realm, enterprise } = options
  const target = parseSignInName(options.principal, realm, enterprise)
  if (isItself(setup, target)) return changeOwn(setup, newPassword)
  return setOf(setup, target, newPassword)
}

/** A service that changes its own password with the key of its keytab is no administrator. */
function isItself({ authority }: ClientSetup, target: Principal): boolean {
  return authority.kind === 'sign-in' && samePrincipal(authority.principal, target)
}

function credentialsOf({ principal, oldPassword, enterprise, credentials }: ChangePasswordOptions) {
  if (typeof principal !== 'string') throw unclear()
  if (credentials !== undefined && oldPassword === undefined) return credentials
  if (credentials !== undefined || oldPassword === undefined) throw unclear()
  return { principal, password: oldPassword, ...(enterprise && { enterprise }) }
}

function unclear(): ConfigurationError {
  return new ConfigurationError(
    'changePassword: principal is to be a text, and one of oldPassword and credentials is to be there',
    {
      hint: "Write { principal: 'alice@AD.TEST', oldPassword, newPassword }, or for an administrator { principal, newPassword, credentials: { principal: 'admin@AD.TEST', password } }.",
    },
  )
}

/**
 * Changes the own password with version 1 of the protocol: Samba refuses this by the other request,
 * and MIT demands a target there.
 */
async function changeOwn(setup: ClientSetup, newPassword: string): Promise<PasswordChange> {
  const { authority } = setup
  if (authority.kind !== 'sign-in') throw new TypeError('nobody to sign in')
  const ticket = await signInForChange(setup, authority).catch(blameUser)
  const principal = formatPrincipal(ticket.client)
  const userData = new TextEncoder().encode(newPassword)
  await exchange(setup, ticket, { version: KpasswdVersion.CHANGE, userData, newPassword, subject: { principal } })
  return { principal }
}

async function setOf(setup: ClientSetup, target: Principal, newPassword: string): Promise<PasswordChange> {
  const ticket = await ticketOfAdministrator(setup, target.realm)
  const principal = formatPrincipal(target)
  const newpasswd = new TextEncoder().encode(newPassword)
  const userData = encode(ChangePasswdData, { newpasswd, targname: target.name, targrealm: target.realm })
  newpasswd.fill(0)
  const subject = { principal, administrator: formatPrincipal(ticket.client) }
  await exchange(setup, ticket, { version: KpasswdVersion.SET, userData, newPassword, subject })
  return { principal }
}

/**
 * Returns the ticket of the administrator for the password server. It comes from a sign-in, as
 * servers want it. With credentials that are a ticket, or in another realm, it comes from the
 * ticket-granting service.
 */
function ticketOfAdministrator(setup: ClientSetup, realm: string): Promise<ServiceTicket> {
  const { context, authority, conf, armor } = setup
  if (authority.kind === 'sign-in' && sameRealmIgnoringCase(authority.principal.realm, realm))
    return signInForChange(setup, authority)
  const client = new Client({ context, authority, conf, domains: undefined, cache: {}, armor })
  const { signal } = context
  return client.ticketFor(`${CHANGEPW.nameString.join('/')}@${realm}`, { ...(signal && { signal }) }).catch(wantSignIn)
}

/**
 * Adds a hint to the refusal of MIT's KDC, which issues no ticket for kadmin/changepw to a client
 * that shows a ticket (DISALLOW_TGT_BASED).
 */
function wantSignIn(error: unknown): never {
  if (!(error instanceof KdcError) || error.answer.errorCode !== KRB.KDC_ERR_POLICY) throw error
  throw new KdcError(error.answer, {
    hint: 'This KDC gives tickets for kadmin/changepw by sign-in alone: give the administrator’s password or keytab as credentials, in the realm of whose password it is.',
    cause: error,
  })
}

/** The one service for which a user with an expired password still gets a ticket. */
const CHANGEPW: PrincipalName = { nameType: NameType.SRV_INST, nameString: ['kadmin', 'changepw'] }

function signInForChange({ context, armor: given }: ClientSetup, signIn: SignIn): Promise<ServiceTicket> {
  const armor = signInArmorOf(given)
  const options = { service: CHANGEPW, ...(typeof armor === 'object' && { armor }) }
  const told = {
    step: 'AS',
    account: formatPrincipal(signIn.principal),
    target: 'kadmin/changepw',
    cache: 'miss',
    shownAs: context.shownAs,
  } as const
  return tell(told, async () => (await requestTgt(context, signIn, options)).tgt, context.journal)
}

/** Gives the error of a wrong password a status that tells the user to act. */
function blameUser(error: unknown): never {
  if (error instanceof KdcError && ABOUT_THE_USER.has(error.answer.errorCode)) error.status = 401
  // A KDC that wants no pre-authentication does not notice the wrong password itself.
  if (error instanceof RejectedTokenError && error.code === 'KDC_ERR_PREAUTH_FAILED') error.status = 401
  throw error
}

interface Change {
  readonly version: number
  readonly userData: Uint8Array
  readonly newPassword: string
  readonly subject: ChangeSubject
}

/**
 * Sends the change. The caller learns the outcome from the result; logs and the audit learn it from
 * the notices.
 */
async function exchange(setup: ClientSetup, ticket: ServiceTicket, change: Change): Promise<void> {
  const { principal, administrator } = change.subject
  const { journal } = setup.context
  try {
    await exchangeOnce(setup, ticket, change)
  } catch (error) {
    const [code, message] = S4uError.is(error) ? [error.code, error.message] : ['KRB5_KPASSWD_FAILED', String(error)]
    tellNotice({ kind: 'notice', level: 'info', code, message }, journal)
    throw error
  }
  const message = `the password of ${principal} was changed by ${administrator ?? 'its owner'}`
  tellNotice({ kind: 'notice', level: 'info', code: 'KRB5_KPASSWD_SUCCESS', message }, journal)
}

async function exchangeOnce({ context, kpasswd }: ClientSetup, ticket: ServiceTicket, change: Change): Promise<void> {
  const { version, userData, newPassword, subject } = change
  const sent = sealChange(context, ticket, version, userData)
  userData.fill(0)
  const { signal } = context
  const answer = await kpasswd(sent.bytes, { realm: ticket.service.realm, prefersTcp: true, ...(signal && { signal }) })
  const heard = openAnswer(sent, answer)
  const isSuccess = heard.result?.code === KPASSWD_RESULTS.KRB5_KPASSWD_SUCCESS
  if (heard.proven && isSuccess) return
  if (heard.proven) throw new PasswordChangeRefusedError(subject, refusalOf(heard.result, newPassword))
  if (isSuccess) throw untrusted('says in an error that nobody has signed that the password is changed')
  throw new PasswordChangeRefusedError(subject, unconfirmedRefusal(heard.error, heard.result, newPassword))
}
