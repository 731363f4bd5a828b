import { encodePasswordPolicy, formatName, Key, KPASSWD_RESULTS as RESULT, type PrincipalName } from '@s4u/krb5'
import { type Account, setKeys } from '../directory/account.js'
import type { Kdc } from '../kdc/kdc.js'
import { DOMAIN_ADMINS } from '../directory/security-identifiers.js'
import type { TestPasswordPolicy } from '../directory/settings.js'

/** The result of a change, in the terms of RFC 3244. */
export interface Outcome {
  readonly code: number
  readonly text: string | Uint8Array
}

export interface NewPassword {
  /** The user who asks. */
  readonly client: PrincipalName
  /** The user whose password is changed. Undefined: the one who asks. */
  readonly target: PrincipalName | undefined
  readonly password: string
}

/**
 * Changes a password as Active Directory does. Users change their own, within the rules of the
 * domain; only domain administrators change those of others.
 */
export async function changePassword(kdc: Kdc, { client, target, password }: NewPassword): Promise<Outcome> {
  const { directory, random, passwordPolicy: policy } = kdc
  const asker = directory.findClient(client)
  const account = target === undefined ? asker : directory.findClient(target)
  if (asker === undefined || account === undefined)
    return { code: RESULT.KRB5_KPASSWD_HARDERROR, text: `there is no ${formatName(target ?? client)}` }
  const isAdministrator = asker.groups.includes(`${directory.domainSid}-${DOMAIN_ADMINS}`)
  if (target !== undefined && !isAdministrator)
    return { code: RESULT.KRB5_KPASSWD_ACCESSDENIED, text: 'Not permitted to change password' }
  if (!(await pleases(policy, account, password)))
    return { code: RESULT.KRB5_KPASSWD_SOFTERROR, text: encodePasswordPolicy({ ...NO_AGES, ...sent(policy) }) }
  account.formerKeys = [...(account.formerKeys ?? []), ...account.keys]
  await setKeys(account, password, random)
  account.settings = { ...account.settings, mustChangePassword: false }
  return { code: RESULT.KRB5_KPASSWD_SUCCESS, text: 'Password changed' }
}

async function pleases(policy: TestPasswordPolicy, account: Account, password: string): Promise<boolean> {
  const { minimumLength = 0, historyLength = 0, complexity = false } = policy
  if ([...password].length < minimumLength) return false
  if (complexity && KINDS.filter((kind) => kind.test(password)).length < 3) return false
  const used = [...(account.formerKeys ?? []), ...account.keys].filter(({ etype }) => etype === account.keys[0].etype)
  const key = await Key.fromPassword(account.keys[0].etype, password, account.salt)
  return historyLength === 0 || !used.slice(-historyLength).some((one) => one.equals(key))
}

const KINDS = [/\p{Lu}/u, /\p{Ll}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u]

const NO_AGES = { maximumAge: 0, minimumAge: 0 }

function sent({ minimumLength = 0, historyLength = 0, complexity = false }: TestPasswordPolicy) {
  return { minimumLength, historyLength, properties: complexity ? 1 : 0 }
}
