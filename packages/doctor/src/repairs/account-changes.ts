import { type DirectoryAccount, type DirectoryChange, planSettings } from '@s4u/directory'

/**
 * The changes of the directory that the findings of the doctor ask for, as an administrator may
 * make them. Each change names the values that the account had when it was read. If another
 * administrator has changed them meanwhile, the directory refuses.
 */

export function addSpn({ dn }: DirectoryAccount, spn: string): DirectoryChange {
  return { kind: 'modify', dn, modifications: [{ operation: 'add', attribute: SPN, values: [spn] }] }
}

/** Removes the name as the account spells it. */
export function removeSpn({ dn, servicePrincipalNames }: DirectoryAccount, spn: string): readonly DirectoryChange[] {
  const values = servicePrincipalNames.filter((one) => one.toLowerCase() === spn.toLowerCase())
  if (values.length === 0) return []
  return [{ kind: 'modify', dn, modifications: [{ operation: 'delete', attribute: SPN, values }] }]
}

export function enable(account: DirectoryAccount): readonly DirectoryChange[] {
  return listOf(planSettings(account, { disabled: false }))
}

/** Source: MS-ADTS section 2.2.18 (accountExpires): 0 is never. */
export function neverExpire({ dn }: DirectoryAccount): readonly DirectoryChange[] {
  return [replaced(dn, 'accountExpires', '0')]
}

/** Source: MS-ADTS section 2.2.18 (lockoutTime): 0 unlocks. */
export function unlock({ dn }: DirectoryAccount): readonly DirectoryChange[] {
  return [replaced(dn, 'lockoutTime', '0')]
}

/** The password counts as set now. Source: MS-ADTS section 3.1.1.5.3.2 (pwdLastSet): -1. */
export function keepPassword({ dn }: DirectoryAccount): readonly DirectoryChange[] {
  return [replaced(dn, 'pwdLastSet', '-1')]
}

export function notSensitive(account: DirectoryAccount): readonly DirectoryChange[] {
  return listOf(planSettings(account, { sensitive: false }))
}

export function allowTransition(account: DirectoryAccount): readonly DirectoryChange[] {
  return listOf(planSettings(account, { protocolTransition: true }))
}

export function notUnconstrained(account: DirectoryAccount): readonly DirectoryChange[] {
  return listOf(planSettings(account, { unconstrained: false }))
}

export function requirePreauthentication(account: DirectoryAccount): readonly DirectoryChange[] {
  return listOf(planSettings(account, { noPreauthentication: false }))
}

export function allowTarget(account: DirectoryAccount, target: string): readonly DirectoryChange[] {
  const allowedToDelegateTo = [...account.delegation.allowedToDelegateTo, target]
  return listOf(planSettings(account, { allowedToDelegateTo }))
}

/** AES only. Keys are made when a password is set, so an old account needs a new one after it. */
export function allowAes(account: DirectoryAccount): readonly DirectoryChange[] {
  return listOf(planSettings(account, { encryptionTypes: [18, 17] }))
}

/** NO_AUTH_DATA_REQUIRED. Source: MS-ADTS section 2.2.16. */
const NO_PAC = 0x200_0000

export function restorePac({ dn, userAccountControl }: DirectoryAccount): readonly DirectoryChange[] {
  if (userAccountControl === undefined) return []
  const [before, after] = [userAccountControl, userAccountControl & ~NO_PAC].map(String)
  const attribute = 'userAccountControl'
  return [
    {
      kind: 'modify',
      dn,
      modifications: [
        { operation: 'delete', attribute, values: [before] },
        { operation: 'add', attribute, values: [after] },
      ],
    },
  ]
}

/** Out of the group, which stands among those that list the account. */
export function leaveProtectedUsers({ dn, memberOf }: DirectoryAccount): readonly DirectoryChange[] {
  return memberOf
    .filter((group) => /^CN=Protected Users,/i.test(group))
    .map((group) => ({
      kind: 'modify',
      dn: group,
      modifications: [{ operation: 'delete', attribute: 'member', values: [dn] }],
    }))
}

const SPN = 'servicePrincipalName'

function replaced(dn: string, attribute: string, value: string): DirectoryChange {
  return { kind: 'modify', dn, modifications: [{ operation: 'replace', attribute, values: [value] }] }
}

function listOf(change: DirectoryChange | undefined): readonly DirectoryChange[] {
  return change === undefined ? [] : [change]
}
