/**
 * Advice if the KDC does not know a service. Mostly the service is not registered, but some names
 * are not the name of a service at all.
 */

import { asciiLower } from '@s4u/krb5'
import type { DirectorySetting } from '../errors/directory-setting.js'
import { bareName, type RequestFacts } from './advice.js'
import { TRUSTS } from './request-advice.js'
import { powershell, sh } from './shell-command.js'

export function unknownTarget(target: string, facts: RequestFacts = {}): DirectorySetting {
  const realm = /^krbtgt\/([^@]+)/.exec(target)?.[1]
  if (realm !== undefined) return unknownRealm(realm, facts)
  const written = whatToWrite(target)
  if (written !== undefined)
    return { attribute: `${target} is not the name of a service: write ${written}, with the class of the service.` }
  const setting = registerTarget(target)
  const meant = fullNameOf(target, facts)
  return meant === undefined ? setting : { ...setting, attribute: `${setting.attribute} ${meant}` }
}

/**
 * Returns a sentence for a host that was called by a short name or an address: that is another
 * service than the one that is registered with the full name.
 */
function fullNameOf(target: string, { askedRealm }: RequestFacts): string | undefined {
  const [, serviceClass, host] = /^([^/@]+)\/([^/@]+)$/.exec(bareName(target)) ?? []
  if (host === undefined || !/^(?:[^.:[\]]+|[\d.]+(?::\d+)?|\[.*)$/.test(host)) return undefined
  const domain = askedRealm === undefined ? 'ad.test' : asciiLower(askedRealm)
  const name = /^[A-Za-z]/.test(host) && host !== 'localhost' ? host : 'api'
  return `Or ${host} is not what it is called: hosts are mostly registered by their full names, as in ${serviceClass}/${name}.${domain}.`
}

/** Tells to register the name on an account, and on only one. */
export function registerTarget(target: string): DirectorySetting {
  const spn = bareName(target)
  const account = '   # ACCOUNT: the one that the service runs as'
  return {
    attribute: `No account has the service principal name ${spn}, or several have it: servicePrincipalName of the account that the service runs as must list it, and of no other.`,
    activeDirectory: powershell`setspn -S ${spn} ACCOUNT` + account,
    samba: sh`samba-tool spn add ${spn} ACCOUNT` + account,
    mit: sh`kadmin.local addprinc -randkey ${target}`,
    heimdal: sh`kadmin -l add --random-key --use-defaults ${target}`,
    freeIpa: sh`ipa service-add ${target}`,
  }
}

/**
 * The advice for an unknown `krbtgt`, which cannot be registered: there is no trust, or the realm
 * has another name.
 */
function unknownRealm(realm: string, { otherSpelling, askedRealm }: RequestFacts): DirectorySetting {
  const spelling = otherSpelling?.(realm)
  if (spelling !== undefined)
    return {
      attribute: `No KDC leads to a realm ${realm}. Realms are case-sensitive, and krb5.conf has [realms] ${spelling}: write that.`,
    }
  const by = askedRealm === undefined ? 'The KDC' : `The KDC of ${askedRealm}`
  const host = HOST.test(realm) ? ` If ${realm} is a host, write the service as HTTP/${realm}.` : ''
  return {
    attribute: `${by} leads to no realm ${realm}: it has no trust with it, or the realm is spelt otherwise (realms are case-sensitive, mostly in capitals).${host} The realms that it leads to:`,
    ...TRUSTS,
  }
}

/**
 * Returns the right name for a host, or for the form of GSS-API (`ldap@dc1.ad.test`): people who do
 * not know SPNs yet write these.
 */
function whatToWrite(target: string): string | undefined {
  const [, serviceClass, host] = /^([A-Za-z][\w-]*)@([^@]+)$/.exec(target) ?? []
  if (host !== undefined && HOST.test(host)) return `${serviceClass}/${host}`
  const name = bareName(target)
  return /^(?:[\w-]+\.)+[\w-]+$/.test(name) ? `HTTP/${name}` : undefined
}

/**
 * Matches a host in small letters, which is how people write hosts and do not write realms.
 */
const HOST = /^[a-z\d-]+(?:\.[a-z\d-]+)+$/
