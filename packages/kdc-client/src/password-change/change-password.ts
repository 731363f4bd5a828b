/** Changing a password, one's own or another's. Source: RFC 3244, MS-KILE section 3.1.1.1. */

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
  S4uError,
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
  /** Whose: `alice@AD.TEST`, as the KDC names it where the user signed in. */
  readonly principal: string
}

/**
 * Changes the user's own password, also one that has expired, or as an administrator that of another. The user is who signs in with
 * the old password: nobody else has any part in it, and the new password goes under a key of this one exchange.
 *
 * ```ts
 * await changePassword({ principal: 'alice@AD.TEST', oldPassword, newPassword })
 * await changePassword({ principal: 'alice@AD.TEST', newPassword, credentials: { keytab: '/etc/helpdesk.keytab' } })
 * ```
 *
 * Resolves when the server has said under the seal of this exchange that the password is changed, and never else. Source: RFC 3244.
 * @throws PasswordChangeRefusedError with the policy's text; KdcError when the sign-in was refused (a wrong old password is
 * KDC_ERR_PREAUTH_FAILED); KdcUnreachableError, with the code KRB5_KPASSWD_OUTCOME_UNKNOWN when the answer was lost;
 * RejectedTokenError for an answer that is not to be believed; ConfigurationError
 */
export async function changePassword(given: ChangePasswordOptions): Promise<PasswordChange> {
  const options = closeOptions('changePassword', given, CHANGE_PASSWORD_OPTIONS)
  const newPassword = requireNewPassword(options.newPassword)
  const { signal } = options
  signal?.throwIfAborted()
  const setup = setUpClient({ ...options, credentials: credentialsOf(options) }, signal)
  if (options.credentials === undefined) return changeOwn(setup, newPassword)
  const { realm = setup.authority.principal.realm, enterprise } = options
  return setOf(setup, parseSignInName(options.principal, realm, enterprise), newPassword)
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

/** By version 1: Samba refuses one's own password by the other request, and MIT wants a target there. */
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

/** By sign-in, as servers want it; with a ticket from elsewhere, or in another realm, from the ticket-granting service. */
function ticketOfAdministrator(setup: ClientSetup, realm: string): Promise<ServiceTicket> {
  const { context, authority, conf, armor } = setup
  if (authority.kind === 'sign-in' && sameRealmIgnoringCase(authority.principal.realm, realm))
    return signInForChange(setup, authority)
  const client = new Client({ context, authority, conf, domains: undefined, cache: {}, armor })
  const { signal } = context
  return client.ticketFor(`${CHANGEPW.nameString.join('/')}@${realm}`, { ...(signal && { signal }) }).catch(wantSignIn)
}

/** MIT's KDC gives no ticket for kadmin/changepw to whoever shows a ticket (DISALLOW_TGT_BASED). */
function wantSignIn(error: unknown): never {
  if (!(error instanceof KdcError) || error.answer.errorCode !== KRB.KDC_ERR_POLICY) throw error
  throw new KdcError(error.answer, {
    hint: 'This KDC gives tickets for kadmin/changepw by sign-in alone: give the administrator’s password or keytab as credentials, in the realm of whose password it is.',
    cause: error,
  })
}

/** The service that a user whose password has expired still gets a ticket for. */
const CHANGEPW: PrincipalName = { nameType: NameType.SRV_INST, nameString: ['kadmin', 'changepw'] }

function signInForChange({ context, armor: given }: ClientSetup, signIn: SignIn): Promise<ServiceTicket> {
  const armor = signInArmorOf(given)
  const options = { service: CHANGEPW, ...(typeof armor === 'object' && { armor }) }
  const told = {
    step: 'AS',
    account: formatPrincipal(signIn.principal),
    target: 'kadmin/changepw',
    cache: 'miss',
  } as const
  return tell(told, async () => (await requestTgt(context, signIn, options)).tgt, context.journal)
}

/** A wrong password is the user's to mend. */
function blameUser(error: unknown): never {
  if (error instanceof KdcError && ABOUT_THE_USER.has(error.answer.errorCode)) error.status = 401
  throw error
}

interface Change {
  readonly version: number
  readonly userData: Uint8Array
  readonly newPassword: string
  readonly subject: ChangeSubject
}

/** Whoever asked is told by the outcome; who reads along, and the audit, by these. */
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
