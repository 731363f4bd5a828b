import { encryptionTypeName } from '@s4u/krb5'
import { ACCOUNT_ADVICE, STATUS_ADVICE } from './account-advice.js'
import { type AdviceAbout, bareName, nameForCommand, type RequestFacts } from './advice.js'
import { offersTooLittle, REQUEST_ADVICE } from './request-advice.js'
import { newKey } from './new-key.js'
import { mitAndFreeIpa } from './same-command.js'
import { editAttribute } from './samba-edit.js'
import { powershell, sh } from './shell-command.js'
import { unknownUser } from './unknown-client.js'
import type { DirectorySetting } from '../errors/directory-setting.js'
import { KdcError } from '../errors/kdc-errors.js'
import type { KdcAnswer } from '../errors/kdc-answer.js'

/**
 * Explains a refusal that is about an account, the target or the request and not about delegation,
 * and says what to do. The NTSTATUS of Active Directory and Samba is more precise than the code.
 */
export function explainSignIn(answer: KdcAnswer, facts: RequestFacts = {}): KdcError {
  const advice = (answer.ntStatus && STATUS_ADVICE[answer.ntStatus]) || BY_CODE[answer.errorCode] || askTheLog
  return new KdcError(answer, {}, [advice(aboutOf(answer, facts))])
}

/** Explains that the KDC of the service does not know a user. */
export function explainUnknownUser(answer: KdcAnswer, user: string, facts: RequestFacts): KdcError {
  return new KdcError(answer, {}, [unknownUser(user, answer.account, facts)])
}

/**
 * Explains that the KDC has keys of the account, but none of an encryption type for which this
 * client has a key.
 */
export function explainNoCommonKey(answer: KdcAnswer, offered: readonly number[], ours: readonly number[]): KdcError {
  const { account } = answer
  const name = bareName(account)
  const list = (etypes: readonly number[]): string => etypes.map(encryptionTypeName).join(', ') || 'none'
  const setting = {
    attribute: `The KDC has keys of ${account} of the encryption types ${list(offered)}, and we have ${list(ours)}: give the account AES, set its password anew, and export its keytab again if it has one; or name one of the KDC’s in encryptionTypes.`,
    activeDirectory: powershell`Set-ADUser ${name} -KerberosEncryptionType AES128,AES256`,
    samba: editAttribute(sh`(sAMAccountName=${name})`, 'msDS-SupportedEncryptionTypes', '24'),
    ...newKey(nameForCommand(account)),
  }
  return new KdcError(answer, { code: 'KDC_ERR_ETYPE_NOSUPP' }, [offersTooLittle(ours) ?? setting])
}

const BY_CODE: Readonly<Record<number, (about: AdviceAbout) => DirectorySetting>> = {
  ...REQUEST_ADVICE,
  ...ACCOUNT_ADVICE,
}

/**
 * Returns the account that the refusal is about. In a delegation step it is mostly the user, whose
 * account the KDC checks as well.
 */
function aboutOf(answer: KdcAnswer, facts: RequestFacts): AdviceAbout {
  const { step, account, user, target } = answer
  const principal = step === 'AS' || step === 'TGS' || user === undefined ? account : user
  return { principal, name: bareName(principal), target, answer, facts }
}

/**
 * The text with which MIT's krb5kdc refuses if a service accepts only clients who proved their
 * identity at sign-in.
 */
const NO_PREAUTHENTICATION = 'NO PREAUTH'

const signInWithProof = ({ principal, target }: AdviceAbout): DirectorySetting => ({
  attribute: `${target} takes only tickets of clients that have pre-authenticated, and the KDC has not asked ${principal} for that: it must, or ${target} must take others as well. Then this client signs in again, at the latest when it is started anew.`,
  ...mitAndFreeIpa(sh`kadmin.local modprinc +requires_preauth ${nameForCommand(principal)}`),
})

/** The advice for a code that says nothing, and for an unknown code. */
const askTheLog = (about: AdviceAbout): DirectorySetting => {
  const { errorText } = about.answer
  return errorText === NO_PREAUTHENTICATION ? signInWithProof(about) : logs(about)
}

const logs = ({ principal, target, answer: { errorText } }: AdviceAbout): DirectorySetting => ({
  attribute: `The KDC refused ${principal} a ticket for ${target} for a reason that its own log tells${errorText === undefined ? '' : `; it says ${JSON.stringify(errorText)}`}. On the domain controller or KDC:`,
  activeDirectory: "Get-WinEvent -FilterHashtable @{LogName='Security';Id=4768,4769,4771}",
  samba: 'journalctl -u samba-ad-dc',
  mit: 'journalctl -u krb5-kdc',
  heimdal: 'journalctl -u heimdal-kdc',
  freeIpa: 'journalctl -u krb5kdc',
})
