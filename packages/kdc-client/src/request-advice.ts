/** What to do where the request, the ticket shown with it, a clock or the KDC itself is the reason. */

import { KRB_ERROR_CODES as KRB } from '@s4u/krb5'
import type { Advice, AdviceAbout, AdviceTable } from './advice.js'
import { powershell, sh } from './shell-command.js'

/** The ticket shown is got anew by whoever got it. */
const newTicket = (sentence: string): Advice => ({ sentence, commands: ['klist purge', 'kdestroy, then kinit'] })

const noCommonEtype = ({ principal, target }: AdviceAbout): Advice => ({
  sentence: `${principal}, ${target} and this client have no encryption type in common: set msDS-SupportedEncryptionTypes to 24 (AES) on the accounts and reset their passwords`,
  commands: [
    'Set-ADUser ACCOUNT -KerberosEncryptionType AES128,AES256',
    'net ads enctypes set ACCOUNT 24',
    sh`kadmin cpw -randkey ${target}`,
  ],
})

const otherPreauth = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `The KDC wants ${principal} to sign in by something else than a password or key: a smart card, or a second factor`,
  commands: [
    powershell`Set-ADUser ${name} -SmartcardLogonRequired $false`,
    sh`samba-tool user edit ${name}, take SMARTCARD_REQUIRED (0x40000) out of userAccountControl`,
    sh`kadmin modprinc -requires_hwauth ${name}`,
  ],
})

const certificateNotTrusted = ({ principal }: AdviceAbout): Advice => ({
  sentence: `The KDC does not trust the certificate of ${principal}: its issuer is not known there, or it is revoked, expired or too weak`,
  commands: [
    'certutil -dspublish -f CA.cer NTAuthCA',
    'pkinit_anchors in the krb5.conf of the domain controller',
    'pkinit_anchors in kdc.conf',
  ],
})

const clocks = ({ answer: { serverTime } }: AdviceAbout): Advice => ({
  sentence: `The clocks differ by more than five minutes${serverTime === undefined ? '' : `: the KDC says that it is ${new Date(serverTime).toISOString()}`}. Check time synchronisation on both sides`,
  commands: ['w32tm /resync', 'chronyc makestep'],
})

const lifetime = ({ name, target }: AdviceAbout): Advice => ({
  sentence: `The ticket would end before it begins: a clock is off, or no ticket for ${target} may live that long`,
  commands: ['w32tm /resync', 'chronyc makestep', sh`kadmin modprinc -maxlife 10h ${name}`],
})

const noTrustPath = ({ target }: AdviceAbout): Advice => ({
  sentence: `The realm of ${target} does not accept the way by which it was reached: a trust is missing, not transitive, or not in [capaths]`,
  commands: ['Get-ADTrust -Filter *', 'samba-tool domain trust list', '[capaths] in the krb5.conf of the KDC'],
})

const changedOnTheWay = (): Advice =>
  newTicket(
    'The KDC found the request changed, or made with another key than the ticket’s: the ticket is got anew with the next one',
  )

const otherPeer = ({ target }: AdviceAbout): Advice =>
  newTicket(`The ticket shown is not one that the KDC takes for ${target}: it belongs to another service or realm`)

const unavailable = (): Advice => ({
  sentence: 'The KDC cannot reach its own database at the moment',
  commands: [
    'Get-Service NTDS,Kdc on the domain controller',
    'systemctl status samba-ad-dc',
    'systemctl status krb5-kdc',
  ],
})

const noPac = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `The KDC wants a PAC in the tickets of ${principal}, and there is none: ask for one at sign-in (pac: true), and clear NO_AUTH_DATA_REQUIRED (0x2000000) in userAccountControl`,
  commands: [
    powershell`Set-ADUser ${name} -Replace @{userAccountControl=VALUE} with VALUE lacking 0x2000000`,
    sh`samba-tool user edit ${name}`,
    sh`kadmin modprinc -no_auth_data_required ${name}`,
  ],
})

const otherRealm = ({ principal, name }: AdviceAbout): Advice => ({
  sentence: `${principal} belongs to another realm: name that one, or sign in with an enterprise name (enterprise: true). Nothing seals what a KDC says of other realms: an enterprise name is followed to realms whose KDCs the kdc option or krb5.conf names, or that mayFollow permits, and of a service’s users to those that it trusts`,
  commands: [
    powershell`Get-ADUser ${name} -Server GLOBALCATALOG:3268`,
    sh`samba-tool user show ${name}`,
    sh`kadmin getprinc ${name}`,
  ],
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
  [KRB.KRB_AP_ERR_BAD_INTEGRITY]: () =>
    newTicket(
      'The KDC could not open what it was shown: the ticket is another KDC’s, or older than the last change of a key. It is got anew with the next request',
    ),
  [KRB.KRB_AP_ERR_BADKEYVER]: () =>
    newTicket(
      'The ticket is sealed with a version of the key that the KDC does not have any more: it was issued before the password of the service, or of krbtgt, was changed',
    ),
  [KRB.KRB_AP_ERR_TKT_EXPIRED]: () => newTicket('The ticket has expired; the user must present a new one'),
  [KRB.KRB_AP_ERR_TKT_NYV]: clocks,
  [KRB.KRB_AP_ERR_REPEAT]: () =>
    newTicket('The KDC has seen this request before: it was sent twice on the way, and the next one is another'),
  [KRB.KRB_AP_ERR_NOT_US]: otherPeer,
  [KRB.KRB_AP_ERR_BADMATCH]: otherPeer,
  [KRB.KRB_AP_ERR_BADADDR]: () =>
    newTicket('The ticket is bound to another network address: get one without addresses (noaddresses in krb5.conf)'),
  [KRB.KRB_AP_ERR_MODIFIED]: changedOnTheWay,
  [KRB.KRB_AP_ERR_INAPP_CKSUM]: changedOnTheWay,
  [KRB.KRB_ERR_RESPONSE_TOO_BIG]: () => ({
    sentence:
      'The answer is too long for a datagram, and TCP port 88 of the KDC was not tried or is not open from here',
    commands: ['Test-NetConnection KDC -Port 88', 'nc -zv KDC 88'],
  }),
}
