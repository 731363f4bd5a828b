/**
 * Advice for refusals whose reason is the request, the ticket that was shown with it, a clock, or
 * the KDC itself.
 */

import { encryptionTypeName, KRB_ERROR_CODES as KRB } from '@s4u/krb5'
import type { DirectorySetting } from '../errors/directory-setting.js'
import { type AdviceAbout, type AdviceTable, bareName, nameForCommand } from './advice.js'
import { newKey } from './new-key.js'
import { everyShell, mitAndFreeIpa } from './same-command.js'
import { editAttribute } from './samba-edit.js'
import { powershell, sh } from './shell-command.js'

/** Tells the reader to get the shown ticket again. */
function newTicket(attribute: string): (about: AdviceAbout) => DirectorySetting {
  return ({ principal }) => ({
    attribute,
    activeDirectory: 'klist purge',
    ...everyShell(sh`kinit ${nameForCommand(principal)}`),
  })
}

/**
 * AES with SHA-1, which all implementations have. Active Directory and Samba have only RC4 besides.
 * Source: MS-KILE section 3.1.5.2.
 */
const AES: ReadonlySet<number> = new Set([17, 18])

/**
 * Returns advice if the client itself is the reason, whatever keys the account has; undefined if
 * the client offers what all have.
 */
export function offersTooLittle(etypes: readonly number[] = []): DirectorySetting | undefined {
  if (etypes.length === 0 || etypes.some((etype) => AES.has(etype))) return undefined
  const offered = etypes.map(encryptionTypeName).join(', ')
  return {
    attribute: `This client offers ${offered} alone. Leave encryptionTypes out, or name AES as well (encryptionTypes: [18, 17]): Active Directory and Samba know neither SHA-2 nor Camellia, and RC4 is mostly off. If the key of this client is of no other type, its keytab must be exported again.`,
  }
}

function noCommonEtype({ principal, target, answer, facts: { etypes = [] } }: AdviceAbout): DirectorySetting {
  const ofClient = offersTooLittle(etypes)
  if (ofClient) return ofClient
  const offered = etypes.map(encryptionTypeName).join(', ')
  const account = answer.step === 'AS' ? principal : target
  const what = `${account} and this client${offered === '' ? '' : ` (${offered})`} have no encryption type in common`
  return {
    attribute: `${what}: set msDS-SupportedEncryptionTypes of the account to 24 (AES), and its password anew if it has no keys of these types; then its keytab, if it has one, is exported again.`,
    ...(answer.step === 'AS' ? aesForAccount(bareName(account)) : aesForService(bareName(account))),
    ...newKey(account),
  }
}

export function aesForAccount(name: string) {
  return {
    activeDirectory: powershell`Set-ADUser ${name} -KerberosEncryptionType AES128,AES256`,
    samba: editAttribute(sh`(sAMAccountName=${name})`, 'msDS-SupportedEncryptionTypes', '24'),
  }
}

function aesForService(spn: string) {
  return {
    activeDirectory: powershell`Get-ADObject -Filter {servicePrincipalName -eq ${{ quoted: spn }}} | Set-ADObject -Replace @{'msDS-SupportedEncryptionTypes'=24}`,
    samba: editAttribute(sh`(servicePrincipalName=${spn})`, 'msDS-SupportedEncryptionTypes', '24'),
  }
}

const otherPreauth = ({ principal, name }: AdviceAbout): DirectorySetting => ({
  attribute: `The KDC wants ${principal} to sign in by something else than a password or key: a smart card, or a second factor.`,
  activeDirectory: powershell`Set-ADUser ${name} -SmartcardLogonRequired $false`,
  samba: editAttribute(sh`(sAMAccountName=${name})`, 'userAccountControl', { without: 0x40000 }),
  ...mitAndFreeIpa(sh`kadmin.local modprinc -requires_hwauth ${nameForCommand(principal)}`),
})

const certificateNotTrusted = ({ principal }: AdviceAbout): DirectorySetting => ({
  attribute: `The KDC does not trust the certificate of ${principal}: its issuer is not known there, or it is revoked, expired or too weak. The KDC trusts the issuers in NTAuthCA (Active Directory), in pkinit_anchors of the krb5.conf of the domain controller (Samba) or of kdc.conf (MIT).`,
  activeDirectory: 'certutil -dspublish -f CA.cer NTAuthCA   # CA.cer: the certificate of its issuer',
})

const clocks = ({ answer: { serverTime } }: AdviceAbout): DirectorySetting => ({
  attribute: `The clocks differ by more than five minutes${serverTime === undefined ? '' : `: the KDC says that it is ${new Date(serverTime).toISOString()}`}. Check time synchronisation on both sides.`,
  activeDirectory: 'w32tm /resync',
  ...everyShell('chronyc makestep'),
})

const lifetime = ({ principal, target }: AdviceAbout): DirectorySetting => ({
  attribute: `The ticket would end before it begins: a clock is off, or no ticket for ${target} may live that long.`,
  activeDirectory: 'w32tm /resync',
  samba: 'chronyc makestep',
  ...mitAndFreeIpa(sh`kadmin.local modprinc -maxlife 10h ${nameForCommand(principal)}`),
  heimdal: sh`kadmin -l modify --max-ticket-life=10h ${nameForCommand(principal)}`,
})

/** The commands that list the realms to which a KDC has a trust. */
export const TRUSTS = {
  activeDirectory: 'Get-ADTrust -Filter *',
  samba: 'samba-tool domain trust list',
  mit: "kadmin.local listprincs 'krbtgt/*'",
  heimdal: "kadmin -l list 'krbtgt/*'",
  freeIpa: 'ipa trust-find',
}

const noTrustPath = ({ target }: AdviceAbout): DirectorySetting => ({
  attribute: `The realm of ${target} does not accept the way by which it was reached: a trust is missing, not transitive, or not in [capaths] of the krb5.conf of its KDC.`,
  ...TRUSTS,
})

const changedOnTheWay = newTicket(
  'The KDC found the request changed, or made with another key than the ticket’s: the ticket is got anew with the next one.',
)

const otherPeer = (about: AdviceAbout): DirectorySetting =>
  newTicket(
    `The ticket shown is not one that the KDC takes for ${about.target}: it belongs to another service or realm.`,
  )(about)

const unavailable = (): DirectorySetting => ({
  attribute: 'The KDC cannot reach its own database at the moment. On the domain controller or KDC:',
  activeDirectory: 'Get-Service NTDS,Kdc',
  samba: 'systemctl status samba-ad-dc',
  mit: 'systemctl status krb5-kdc',
  heimdal: 'systemctl status heimdal-kdc',
  freeIpa: 'ipactl status',
})

const noPac = ({ principal, name }: AdviceAbout): DirectorySetting => ({
  attribute: `The KDC wants a PAC in the tickets of ${principal}, and there is none: ask for one at sign-in (pac: true), and clear NO_AUTH_DATA_REQUIRED (0x2000000) in userAccountControl.`,
  ...authDataRequired(name, nameForCommand(principal)),
})

/**
 * Returns the commands that clear NO_AUTH_DATA_REQUIRED.
 *
 * @param name the account as directories name it
 * @param principal the account as KDCs name it
 */
export function authDataRequired(name: string, principal: string) {
  return {
    activeDirectory: powershell`Get-ADObject -Filter {sAMAccountName -eq ${{ quoted: name }}} -Properties userAccountControl | ForEach-Object { Set-ADObject $_ -Replace @{userAccountControl=($_.userAccountControl -band -bnot 0x2000000)} }`,
    samba: editAttribute(sh`(sAMAccountName=${name})`, 'userAccountControl', { without: 0x2000000 }),
    ...mitAndFreeIpa(sh`kadmin.local modprinc -no_auth_data_required ${principal}`),
  }
}

const otherRealm = ({ principal }: AdviceAbout): DirectorySetting => ({
  attribute: `${principal} belongs to another realm: name that one, or sign in with an enterprise name (enterprise: true). Nothing seals what a KDC says of other realms: an enterprise name is followed to realms whose KDCs the kdc option or krb5.conf names, or that mayFollow permits, and of a service’s users to those that it trusts.`,
})

const tooLong = (): DirectorySetting => ({
  attribute:
    'The answer is too long for a datagram, and TCP port 88 of the KDC was not tried or is not open from here. To see whether it is:',
  activeDirectory: 'Test-NetConnection KDC -Port 88   # KDC: its host name',
  ...everyShell('nc -zv KDC 88   # KDC: its host name'),
})

export const REQUEST_ADVICE: AdviceTable = {
  [KRB.KDC_ERR_CANNOT_POSTDATE]: lifetime,
  [KRB.KDC_ERR_NEVER_VALID]: lifetime,
  [KRB.KRB_AP_ERR_SKEW]: clocks,
  [KRB.KDC_ERR_ETYPE_NOSUPP]: noCommonEtype,
  [KRB.KDC_ERR_SUMTYPE_NOSUPP]: noCommonEtype,
  [KRB.KDC_ERR_PADATA_TYPE_NOSUPP]: otherPreauth,
  [KRB.KDC_ERR_PREAUTH_REQUIRED]: otherPreauth,
  [KRB.KDC_ERR_PREAUTH_EXPIRED]: otherPreauth,
  [KRB.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED]: otherPreauth,
  [KRB.KDC_ERR_TGT_REVOKED]: noPac,
  [KRB.KDC_ERR_SERVER_NOMATCH]: otherPeer,
  [KRB.KDC_ERR_PATH_NOT_ACCEPTED]: noTrustPath,
  [KRB.KRB_AP_PATH_NOT_ACCEPTED]: noTrustPath,
  [KRB.KDC_ERR_SVC_UNAVAILABLE]: unavailable,
  [KRB.KDC_ERR_CLIENT_NOT_TRUSTED]: certificateNotTrusted,
  [KRB.KDC_ERR_INVALID_SIG]: certificateNotTrusted,
  [KRB.KDC_ERR_KEY_TOO_WEAK]: certificateNotTrusted,
  [KRB.KDC_ERR_WRONG_REALM]: otherRealm,
  [KRB.KRB_AP_ERR_BAD_INTEGRITY]: newTicket(
    'The KDC could not open what it was shown: the ticket is another KDC’s, or older than the last change of a key. It is got anew with the next request.',
  ),
  [KRB.KRB_AP_ERR_BADKEYVER]: newTicket(
    'The ticket is sealed with a version of the key that the KDC does not have any more: it was issued before the password of the service, or of krbtgt, was changed.',
  ),
  [KRB.KRB_AP_ERR_TKT_EXPIRED]: newTicket('The ticket has expired; the user must present a new one.'),
  [KRB.KRB_AP_ERR_TKT_NYV]: clocks,
  [KRB.KRB_AP_ERR_REPEAT]: newTicket(
    'The KDC has seen this request before: it was sent twice on the way, and the next one is another.',
  ),
  [KRB.KRB_AP_ERR_NOT_US]: otherPeer,
  [KRB.KRB_AP_ERR_BADMATCH]: otherPeer,
  [KRB.KRB_AP_ERR_BADADDR]: newTicket(
    'The ticket is bound to another network address: get one without addresses (noaddresses in [libdefaults] of the client’s krb5.conf).',
  ),
  [KRB.KRB_AP_ERR_MODIFIED]: changedOnTheWay,
  [KRB.KRB_AP_ERR_INAPP_CKSUM]: changedOnTheWay,
  [KRB.KRB_ERR_RESPONSE_TOO_BIG]: tooLong,
}
