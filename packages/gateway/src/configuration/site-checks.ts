import { isIP } from 'node:net'
import type { SiteSettings } from './gateway-options.js'
import type { Problem } from './problem.js'

/** What the options of one site must not say together. */
export const SITE_CHECKS: readonly ((site: SiteSettings, index: number) => readonly Problem[])[] = [
  drainsItsOwnMembers,
  namesServiceForTicketsOnly,
  namesServiceOfAddress,
  letsDirectOnlyWithNone,
  sendsNoPasswordsInTheClear,
  listsUsersWhereTheyCount,
]

/** Who lists users, or groups, does not mean everybody. */
function listsUsersWhereTheyCount({ access }: SiteSettings, site: number): Problem[] {
  return access.flatMap(({ allow, users, groups }, rule) =>
    allow === 'users' || (users.length === 0 && groups.length === 0)
      ? []
      : [
          {
            path: ['sites', site, 'access', rule, 'allow'],
            message: `is ${allow}: users and groups mean nothing then`,
          },
        ],
  )
}

/** A member that is misspelt would go on getting users. */
function drainsItsOwnMembers({ to, farm }: SiteSettings, site: number): Problem[] {
  const members = new Set(to.map(({ href }) => href))
  return farm.draining.flatMap(({ href, origin }, index) =>
    members.has(href)
      ? []
      : [{ path: ['sites', site, 'farm', 'draining', index], message: `${origin} is no member: \`to\` has it not` }],
  )
}

function namesServiceForTicketsOnly({ delegation: { as, service } }: SiteSettings, site: number): Problem[] {
  const path = ['sites', site, 'delegation', 'service']
  if (service === undefined) return []
  if (as !== 'kerberos') return [{ path, message: `means nothing with as: ${as}: only kerberos has tickets` }]
  // Of `*.farm` no one could say which part of the name it stands for.
  const isStar = service.includes('*') && !/^[^*]+\/\*(?::\d+)?$/.test(service)
  return isStar ? [{ path, message: 'may have * only as the whole host: http/*' }] : []
}

/** No directory has a service principal name that is made of an address. RFC 4559 section 4. */
function namesServiceOfAddress({ to, access, delegation: { as, service } }: SiteSettings, site: number): Problem[] {
  const byAddress = to.find(({ hostname }) => isIP(hostname.replace(/^\[|\]$/g, '')) !== 0)
  if (as !== 'kerberos' || service !== undefined || byAddress === undefined || isOfNoUser(access)) return []
  return [
    {
      path: ['sites', site, 'delegation', 'service'],
      message: `is missing: ${byAddress.origin} is an address, which has no service principal name; write delegation: { service: http/orders.ad.test }, with the name that is registered for the inner server, or the name of the host in \`to\``,
    },
  ]
}

/** Where no rule asks who the user is, and one fits every request, no ticket is needed. */
function isOfNoUser(access: SiteSettings['access']): boolean {
  const fitsAll = access.some(({ paths, methods, networks }) => paths.length + methods.length + networks.length === 0)
  return fitsAll && access.every(({ allow }) => allow !== 'users')
}

/** Whoever listens on the way inside would have the password of each user. RFC 7617 section 4. */
function sendsNoPasswordsInTheClear({ to, delegation }: SiteSettings, site: number): Problem[] {
  const { as, direct, passwordInClear } = delegation
  const path = ['sites', site, 'delegation']
  const isSent = as === 'basic' || direct
  if (passwordInClear && !isSent)
    return [{ path: [...path, 'passwordInClear'], message: `means nothing with as: ${as}, which sends no passwords` }]
  const open = to.find(({ protocol }) => protocol === 'http:')
  if (!isSent || passwordInClear || open === undefined) return []
  return [
    {
      path,
      message: `sends passwords in the clear to ${open.origin}, for everybody on the way to read: use https: in \`to\`, or say passwordInClear: true`,
    },
  ]
}

function letsDirectOnlyWithNone({ delegation: { as, direct } }: SiteSettings, site: number): Problem[] {
  if (!direct || as === 'none') return []
  return [{ path: ['sites', site, 'delegation', 'direct'], message: `is for as: none, and as is ${as}` }]
}
