import type { DirectorySetting } from '../errors/directory-setting.js'
import { disabled, expired, lockedOut, passwordExpired } from './account-advice.js'
import { type AdviceAbout, bareName, nameForCommand } from './advice.js'
import {
  allowOnTarget,
  allowTarget,
  allowTransition,
  clearSensitive,
  leaveProtectedUsers,
  restorePac,
} from './directory-settings.js'
import { newKey } from './new-key.js'
import { aesForAccount } from './request-advice.js'
import { mitAndFreeIpa } from './same-command.js'
import { editAttribute } from './samba-edit.js'
import { powershell, sh } from './shell-command.js'
import { letAllIn, quarantine, refuseSidHistory } from './trust-settings.js'
import { wrongKey } from './wrong-key.js'

/**
 * Settings of accounts and trusts, each with its commands, for programs that have looked into the
 * directory and know which setting is missing. Accounts are principals: `svc-web@CORP.TEST`;
 * domains are those of DNS: `corp.test`.
 *
 * @example
 * ```ts
 * import { directorySettings } from '@s4u/kdc-client'
 *
 * const target = 'HTTP/api.corp.test'
 * const { attribute, samba } = directorySettings.allowTarget('svc-web@CORP.TEST', target)
 * console.log(attribute, samba)
 * ```
 */
export const directorySettings = {
  allowTarget,
  allowOnTarget,
  allowTransition,
  clearSensitive,
  leaveProtectedUsers,
  restorePac,
  addSpn,
  removeSpn,
  allowAes,
  clearUnconstrained,
  requirePreauthentication,
  exportKeytab,
  enableAccount: (account: string): DirectorySetting => disabled(about(account)),
  unlockAccount: (account: string): DirectorySetting => lockedOut(about(account)),
  neverExpire: (account: string): DirectorySetting => expired(about(account)),
  setPassword: (account: string): DirectorySetting => passwordExpired(about(account)),
  letAllIn,
  quarantine,
  refuseSidHistory,
} as const

/**
 * Makes the input for the tables of advice, which normally comes from the answer of a KDC. Here no
 * KDC was asked.
 */
function about(principal: string): AdviceAbout {
  const answer = { step: 'AS', code: '', errorCode: 0, account: principal, target: '' } as const
  return { principal, name: bareName(principal), target: '', answer, facts: {} }
}

function addSpn(account: string, spn: string): DirectorySetting {
  const name = bareName(account)
  return {
    attribute: `servicePrincipalName of ${account} must list ${spn}`,
    activeDirectory: powershell`setspn -S ${spn} ${name}`,
    samba: sh`samba-tool spn add ${spn} ${name}`,
    mit: sh`kadmin.local addprinc -randkey ${spn}`,
    heimdal: sh`kadmin -l add --random-key --use-defaults ${spn}`,
    freeIpa: sh`ipa service-add ${spn}`,
  }
}

function removeSpn(account: string, spn: string): DirectorySetting {
  const name = bareName(account)
  return {
    attribute: `servicePrincipalName of ${account} must not list ${spn}, which is another account's`,
    activeDirectory: powershell`setspn -D ${spn} ${name}`,
    samba: sh`samba-tool spn delete ${spn} ${name}`,
  }
}

/**
 * Allows AES for an account. Afterwards the password must be set again: the keys are made when a
 * password is set.
 */
function allowAes(account: string): DirectorySetting {
  return {
    attribute: `msDS-SupportedEncryptionTypes of ${account} must be 24 (AES)`,
    ...aesForAccount(bareName(account)),
    ...newKey(nameForCommand(account)),
  }
}

function clearUnconstrained(account: string): DirectorySetting {
  const name = bareName(account)
  return {
    attribute: `userAccountControl of ${account} must not have TRUSTED_FOR_DELEGATION (0x80000)`,
    activeDirectory: powershell`Set-ADAccountControl ${name} -TrustedForDelegation $false`,
    samba: sh`samba-tool delegation for-any-service ${name} off`,
    ...mitAndFreeIpa(sh`kadmin.local modprinc -ok_as_delegate ${account}`),
    heimdal: sh`kadmin -l modify --attributes=-ok-as-delegate ${account}`,
  }
}

function requirePreauthentication(account: string): DirectorySetting {
  const name = bareName(account)
  return {
    attribute: `userAccountControl of ${account} must not have DONT_REQ_PREAUTH (0x400000)`,
    activeDirectory: powershell`Set-ADAccountControl ${name} -DoesNotRequirePreAuth $false`,
    samba: editAttribute(sh`(sAMAccountName=${name})`, 'userAccountControl', { without: 0x400000 }),
    ...mitAndFreeIpa(sh`kadmin.local modprinc +requires_preauth ${account}`),
    heimdal: sh`kadmin -l modify --attributes=+requires-pre-auth ${account}`,
  }
}

/**
 * Exports the keys of an account to a keytab.
 *
 * @param principal `svc-web@CORP.TEST`, `HTTP/web.corp.test@CORP.TEST`
 * @param file the path of the keytab
 */
function exportKeytab(principal: string, file: string): DirectorySetting {
  const subject = { ...about(principal), facts: { credentials: { kind: 'keytab', file } } } as const
  return {
    ...wrongKey(subject),
    attribute: `The keytab must have the present keys of ${principal}: export it again`,
  }
}
