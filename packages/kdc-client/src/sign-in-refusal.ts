import { encryptionTypeName } from '@s4u/krb5'
import { ACCOUNT_ADVICE, STATUS_ADVICE } from './account-advice.js'
import { type Advice, type AdviceAbout, bareName, nameForCommand } from './advice.js'
import { type KdcAnswer, KdcError } from './errors.js'
import { REQUEST_ADVICE } from './request-advice.js'
import { powershell, sh } from './shell-command.js'

/**
 * A KDC's no that is about an account, the target or the request rather than about delegation, with what to do about it. The NTSTATUS
 * of Active Directory and Samba is more precise than the code.
 */
export function explainSignIn(answer: KdcAnswer): KdcError {
  const advice = (answer.ntStatus && STATUS_ADVICE[answer.ntStatus]) || BY_CODE[answer.errorCode] || askTheLog
  return new KdcError(answer, { hint: format(advice(aboutOf(answer))) })
}

/** The hint for a user whom the KDC of the service does not know. */
export function unknownUser(user: string): string {
  const name = bareName(user)
  return format({
    sentence: `The KDC knows no user ${user}. Write name@REALM, or the user principal name`,
    commands: [
      powershell`Get-ADUser ${name}`,
      sh`samba-tool user show ${name}`,
      sh`kadmin getprinc ${nameForCommand(user)}`,
    ],
  })
}

/** The hint for an account whose keys at the KDC are all of other encryption types than ours. */
export function noCommonKey({ account }: KdcAnswer, offered: readonly number[], ours: readonly number[]): string {
  const name = bareName(account)
  const list = (etypes: readonly number[]): string => etypes.map(encryptionTypeName).join(', ') || 'none'
  return format({
    sentence: `The KDC has keys of ${account} of the encryption types ${list(offered)}, and we have ${list(ours)}: give the account AES, set its password anew, and export its keytab again if it has one`,
    commands: [
      powershell`Set-ADUser ${name} -KerberosEncryptionType AES128,AES256`,
      sh`net ads enctypes set ${name} 24`,
      sh`kadmin cpw ${account}`,
    ],
  })
}

const BY_CODE: Readonly<Record<number, (about: AdviceAbout) => Advice>> = { ...REQUEST_ADVICE, ...ACCOUNT_ADVICE }

/** In a delegation step it is mostly about the user, whose account the KDC looks at as well. */
function aboutOf(answer: KdcAnswer): AdviceAbout {
  const { step, account, user, target } = answer
  const principal = step === 'AS' || step === 'TGS' || user === undefined ? account : user
  return { principal, name: bareName(principal), target, answer }
}

/** For a code that tells nothing, and for one that nobody has named. */
const askTheLog = ({ principal, target, answer: { errorText } }: AdviceAbout): Advice => ({
  sentence: `The KDC refused ${principal} a ticket for ${target} for a reason that its own log tells${errorText === undefined ? '' : `; it says ${JSON.stringify(errorText)}`}`,
  commands: [
    "Get-WinEvent -FilterHashtable @{LogName='Security';Id=4768,4769,4771} on the domain controller",
    'journalctl -u samba-ad-dc',
    'journalctl -u krb5-kdc',
  ],
})

function format({ sentence, commands }: Advice): string {
  return `${sentence}. ${[...new Set(commands)].join(' | ')}`
}
