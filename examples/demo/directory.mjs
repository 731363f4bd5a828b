/**
 * Who and what is in the demo's realm: what an administrator would have set up in Active Directory.
 */

export const REALM = 'AD.TEST'

export const users = {
  alice: { password: 'wonderland', displayName: 'Alice', groups: ['Sales', 'Staff'] },
  bob: { password: 'builder', displayName: 'Bob', groups: ['Support', 'Staff'] },
  // "Account is sensitive and cannot be delegated": nobody may act as carol.
  carol: { password: 'christmas', displayName: 'Carol', groups: ['Executives', 'Staff'], sensitive: true },
}

export const services = {
  'svc-web': {
    spns: ['HTTP/web.ad.test'],
    // May act for users who signed in by other means than Kerberos (protocol transition).
    trustedToAuthForDelegation: true,
    // msDS-AllowedToDelegateTo: constrained delegation, decided at the front.
    allowedToDelegateTo: ['HTTP/api.ad.test'],
  },
  'svc-api': { spns: ['HTTP/api.ad.test'], allowedToDelegateTo: ['HTTP/data.ad.test'] },
  'svc-data': { spns: ['HTTP/data.ad.test'] },
  // msDS-AllowedToActOnBehalfOfOtherIdentity: resource-based delegation, decided at the target.
  'svc-archive': { spns: ['HTTP/archive.ad.test'], allowedToActOnBehalfOf: ['svc-web'] },
  // In front of intranet, for people on the internet: it checks their passwords with the KDC.
  'svc-gateway': { spns: ['HTTP/gateway.example.com'], allowedToDelegateTo: ['HTTP/intranet.ad.test'] },
  'svc-intranet': { spns: ['HTTP/intranet.ad.test'] },
  // Nobody may act on behalf of anybody here.
  'svc-vault': { spns: ['HTTP/vault.ad.test'] },
}

export const groups = [...new Set(Object.values(users).flatMap((user) => user.groups))]

/**
 * Passwords of the web application itself, for people outside the domain. Kerberos has never heard
 * of them.
 */
export const formPasswords = { alice: 'looking-glass', bob: 'can-we-fix-it', carol: 'humbug' }
