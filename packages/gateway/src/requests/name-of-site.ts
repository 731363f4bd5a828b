import type { SiteSettings } from '../configuration/gateway-options.js'

/** Returns what logs and metrics call a site. */
export function nameOfSite({ name, hosts }: Pick<SiteSettings, 'name' | 'hosts'>): string {
  return name ?? hosts[0]
}
