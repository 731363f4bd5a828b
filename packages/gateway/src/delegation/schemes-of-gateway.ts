import type { GatewaySettings, SiteSettings } from '../configuration/gateway-options.js'
import { waysOf } from '../configuration/sign-in-pages.js'

/** Of the ways to sign in that take credentials which an inner server might want too. */
const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  basic: ['basic'],
  bearer: ['bearer'],
  // Nothing is known of what a source of a program takes.
  source: ['basic', 'bearer'],
}

/**
 * Returns the schemes, in small letters, whose credentials are for the gateway itself: those of the
 * ways to sign in of all sites under the names of this one. Browsers send a password that was typed
 * for one path of a host to others, and with the session of the user it is still sent.
 */
export function schemesOfGateway(
  { signIn, sites }: Pick<GatewaySettings, 'signIn' | 'sites'>,
  site: SiteSettings,
): ReadonlySet<string> {
  const neighbours = sites.filter((other) => other === site || shareHost(other, site))
  return new Set(neighbours.flatMap((one) => waysOf({ signIn }, one)).flatMap(({ name }) => SCHEMES[name] ?? []))
}

function shareHost({ hosts }: SiteSettings, { hosts: others }: SiteSettings): boolean {
  const wildcards = (name: string): readonly string[] => [name, `*${name.slice(name.indexOf('.'))}`]
  const [ours, theirs] = [hosts, others].map((names) => names.map((name) => name.toLowerCase()))
  return ours.some((one) => theirs.some((other) => wildcards(one).includes(other) || wildcards(other).includes(one)))
}
