import { asciiLower, RejectedTokenError } from '@s4u/krb5'
import { LogonFlag, type ValidationInfo } from './netlogon/validation-info.js'

/** A caller whom a domain controller has let in. Frozen; holds no key. */
export interface NtlmLogon {
  /** The name of the account (sAMAccountName): `alice`. */
  readonly user: string
  /** The NetBIOS name of its domain: `CORP`. */
  readonly domain: string
  /** The DNS name of its domain: `corp.test`. Undefined where an old controller does not say it. */
  readonly dnsDomain: string | undefined
  readonly sid: string
  /** The SIDs of groups that grant something, as far as the domain may say them. */
  readonly groups: readonly string[]
  /** SIDs that the domain has said and may not: they grant nothing. */
  readonly withheld: readonly string[]
}

/** Which domains count. */
export interface LogonDomains {
  /** Our own, NetBIOS. */
  readonly own: string
  /** The SID of our own; undefined where the first user of it will tell. */
  readonly ownSid: string | undefined
  /** The SIDs of other domains whose users may come, by NetBIOS name in lower case. */
  readonly trusted: ReadonlyMap<string, string>
}

/**
 * Returns what is believed of a verdict. Our own controller passes on what a trusted domain says,
 * and that domain could say that its user is one of ours (CVE-2022-21857): so each domain has one
 * SID, and speaks for it alone. MS-PAC section 4.1.2.2.
 *
 * @throws RejectedTokenError
 */
export function believedLogon(info: ValidationInfo, { own, ownSid, trusted }: LogonDomains): NtlmLogon {
  if ((info.userFlags & LogonFlag.GUEST) !== 0) throw refused('the domain controller let the user in as a guest only')
  if ((info.userFlags & LogonFlag.LM_PASSWORD) !== 0) throw refused('the user was let in by a password of LAN Manager')
  const { logonDomainId, logonDomainName, dnsDomainName } = info
  const isOwn = asciiLower(logonDomainName) === asciiLower(own)
  const expected = isOwn ? ownSid : trusted.get(asciiLower(logonDomainName))
  if (!isOwn && expected === undefined) throw otherDomain(logonDomainName)
  const claimsAnother = (expected !== undefined && expected !== logonDomainId) || (!isOwn && logonDomainId === ownSid)
  if (claimsAnother || info.userId === 0 || !DOMAIN_SID.test(logonDomainId)) throw foreignSid(logonDomainName)
  const sid = `${logonDomainId}-${info.userId}`
  const ids = [info.primaryGroupId, ...info.groupIds].map((id) => `${logonDomainId}-${id}`)
  const extra = (info.userFlags & LogonFlag.EXTRA_SIDS) === 0 ? [] : info.extraSids
  const maySay = (one: string): boolean => isOwn || one.startsWith(`${logonDomainId}-`)
  const groups = [...new Set([...ids, ...extra.filter(maySay)])].filter((one) => one !== sid)
  const withheld = Object.freeze(extra.filter((one) => !maySay(one)))
  const dnsDomain = dnsDomainName === '' ? undefined : dnsDomainName
  return Object.freeze({
    ...{ user: info.effectiveName, domain: logonDomainName, dnsDomain, sid },
    groups: Object.freeze(groups),
    withheld,
  })
}

function otherDomain(domain: string): RejectedTokenError {
  return new RejectedTokenError(`the user is of the domain ${domain}, whose users are not taken here`, {
    code: 'SEC_E_LOGON_DENIED',
    status: 403,
    hint: `To let them in, name the domain and its SID: ntlm({ trustedDomains: { ${domain}: 'S-1-5-21-…' } }).`,
  })
}

function foreignSid(domain: string): RejectedTokenError {
  return new RejectedTokenError(`a user of ${domain} was given a SID that is not of that domain`, {
    code: 'KDC_ERR_POLICY',
    status: 403,
    hint: 'If the domain was made again, write its new SID. Else ask who runs its controllers.',
  })
}

function refused(message: string): RejectedTokenError {
  return new RejectedTokenError(message, { code: 'STATUS_LOGON_FAILURE' })
}

/** MS-DTYP section 2.4.2.4: a domain, with its three numbers. */
const DOMAIN_SID = /^S-1-5-21-\d+-\d+-\d+$/
