import { isIP } from 'node:net'
import { shownInput } from '@s4u/krb5'
import type { GatewaySettings, SignInSettings } from './gateway-options.js'
import { parseNetwork } from './networks.js'
import type { ConfigPath, Problem } from './problem.js'
import { onePageForHost } from './sign-in-pages.js'
import { SITE_CHECKS } from './site-checks.js'

/** What options must not say together. Each check returns its problems. */
export const CROSS_CHECKS: readonly ((settings: GatewaySettings) => readonly Problem[])[] = [
  sitesAreApart,
  sitesHaveTls,
  onePageForHost,
  groupsHaveNames,
  ownersAreLookedUp,
  controllersAreAsked,
  idleSessionsAreRenewed,
  networksAreNetworks,
  radiusHasSecrets,
  machinesAreRight,
  ...SITE_CHECKS.map(
    (check) =>
      ({ sites }: GatewaySettings) =>
        sites.flatMap(check),
  ),
]

/** Two sites of one name and path: which of them is meant would depend on their order. */
function sitesAreApart({ sites }: GatewaySettings): Problem[] {
  const seen = new Map<string, number>()
  return sites.flatMap(({ hosts, paths }, index) =>
    hosts.flatMap((host) =>
      (paths.length === 0 ? ['/'] : paths).flatMap((path) => {
        const key = `${host.toLowerCase()}${path}`
        const earlier = seen.get(key)
        if (earlier === undefined) seen.set(key, index)
        if (earlier === undefined) return []
        return [
          { path: ['sites', index], message: `has the host ${host} and the path ${path}, as sites[${earlier}] has` },
        ]
      }),
    ),
  )
}

/** Whoever listens on the way would have the session of each user. */
function sitesHaveTls({ listeners, session }: GatewaySettings): Problem[] {
  const isOpen = listeners.map(({ tls, redirect, plain }) => tls === undefined && redirect === undefined && !plain)
  const problems: Problem[] = isOpen.flatMap((open, index) =>
    open ? [{ path: ['listeners', index], message: 'needs tls, or redirect: https, or plain: true' }] : [],
  )
  if (session.sameSite === 'none' && !session.secure)
    problems.push({ path: ['session', 'sameSite'], message: 'none needs a cookie that is secure' })
  return problems
}

const SID = /^S-1-\d{1,15}(?:-\d{1,10}){0,15}$/i

function groupsHaveNames({ kerberos, sites }: GatewaySettings): Problem[] {
  if (hasDirectory(kerberos)) return []
  return sites.flatMap(({ access }, site) =>
    access.flatMap(({ groups }, rule) =>
      groups.flatMap((name, index) =>
        SID.test(name)
          ? []
          : [
              {
                path: ['sites', site, 'access', rule, 'groups', index],
                message: 'is a name: only kerberos.directory: true knows the groups by name; or give the SID',
              },
            ],
      ),
    ),
  )
}

/** A program may give its own directory beside the other options of the negotiator. */
function hasDirectory({ directory, negotiator }: GatewaySettings['kerberos']): boolean {
  const isGiven = typeof negotiator === 'object' && negotiator !== null && 'directory' in negotiator
  return directory || (isGiven && negotiator.directory !== undefined)
}

/** The accounts whose attribute names certificates are in the directory. */
function ownersAreLookedUp({ kerberos, signIn, sites }: GatewaySettings): Problem[] {
  if (hasDirectory(kerberos)) return []
  return everyWay({ signIn, sites }).flatMap(({ way, path }) =>
    way.name === 'certificate' && way.options.mapping === 'altSecurityIdentities'
      ? [
          {
            path: [...path, 'certificate', 'mapping'],
            message: 'is altSecurityIdentities: that needs kerberos.directory: true',
          },
        ]
      : [],
  )
}

/** Who names controllers does not mean that none is asked. */
function controllersAreAsked({ kerberos: { directory, controllers } }: GatewaySettings): Problem[] {
  if (directory || controllers.length === 0) return []
  return [{ path: ['kerberos', 'controllers'], message: 'means nothing without kerberos.directory: true' }]
}

/** The ways to sign in of the gateway and of its sites, with their places. */
function everyWay({ signIn, sites }: Pick<GatewaySettings, 'signIn' | 'sites'>) {
  const placed = (path: ConfigPath, ways: readonly SignInSettings[]) =>
    ways.map((way, index) => ({ way, path: [...path, index] }))
  return [...placed(['signIn'], signIn), ...sites.flatMap((site, at) => placed(['sites', at, 'signIn'], site.signIn))]
}

/**
 * A proxy that asks by forwardAuth does not pass our Set-Cookie on to the browser. The cookie would
 * never be renewed, and even busy sessions would end.
 */
function idleSessionsAreRenewed({ session, forwardAuth }: GatewaySettings): Problem[] {
  if (session.maxIdle === undefined || forwardAuth === undefined) return []
  return [
    {
      path: ['session', 'maxIdle'],
      message: 'cannot be beside forwardAuth: answers of other proxies do not renew the cookie; use maxAge',
    },
  ]
}

/** Without TLS the secret is all that protects a code, and its answer. */
function radiusHasSecrets({ signIn, sites }: GatewaySettings): Problem[] {
  return everyWay({ signIn, sites }).flatMap(({ way: { name, options }, path }) =>
    name === 'passcode' && options.radius && !options.radius.secret && !options.radius.tls
      ? [{ path: [...path, 'passcode', 'radius', 'secret'], message: 'is needed, or tls' }]
      : [],
  )
}

/** A network that is misspelt would shut out, or let in, the wrong clients. */
function networksAreNetworks({ listeners, sites, forwardAuth, operation }: GatewaySettings): Problem[] {
  const wrong = (path: ConfigPath, texts: readonly string[]): Problem[] =>
    texts.flatMap((text, index) =>
      parseNetwork(text) === undefined
        ? [{ path: [...path, index], message: 'must be an address or a network, such as 10.0.0.0/8 or fd00::/8' }]
        : [],
    )
  return [
    ...listeners.flatMap(({ proxies }, index) => wrong(['listeners', index, 'proxies'], proxies)),
    ...wrong(['forwardAuth', 'from'], forwardAuth?.from ?? []),
    ...wrong(['operation', 'metricsFrom'], operation.metricsFrom),
    ...sites.flatMap(({ access }, site) =>
      access.flatMap(({ networks }, rule) => wrong(['sites', site, 'access', rule, 'networks'], networks)),
    ),
  ]
}

/** Of two secrets nobody could say which counts; and an address is no second name. */
function machinesAreRight({ signIn, sites }: GatewaySettings): Problem[] {
  return everyWay({ signIn, sites }).flatMap(({ way, path }) => {
    if (way.name !== 'ntlm') return []
    const at = [...path, 'ntlm']
    const { keytab, password } = way.options.account
    const isOne = (keytab === undefined) !== (password === undefined)
    const secret = isOne ? [] : [{ path: [...at, 'account'], message: 'must have one of keytab and password' }]
    return [...secret, ...wrongAddresses([...at, 'controllers'], way.options.controllers)]
  })
}

function wrongAddresses(path: ConfigPath, entries: readonly { readonly address: string | undefined }[]): Problem[] {
  return entries.flatMap(({ address }, index) =>
    address === undefined || isIP(address) !== 0
      ? []
      : [
          {
            path: [...path, index, 'address'],
            message: `must be an IP address such as 10.0.0.7, not ${shownInput(address)}`,
          },
        ],
  )
}
