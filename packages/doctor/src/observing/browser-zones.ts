/**
 * Whether browsers send tickets to a site, by the patterns that their policies list. Each browser
 * reads a pattern in its own way.
 */

/** A site as browsers see it. */
export interface Site {
  /** `https:` */
  readonly protocol: string
  /** In small letters. */
  readonly host: string
}

/**
 * AuthServerAllowlist of Chromium, Edge and Chrome: a host, or one with `*` for any letters.
 * `corp.test` is that host alone; `.corp.test` is `*.corp.test`.
 */
export function isInChromiumPattern(pattern: string, site: Site): boolean {
  const host = hostIn(pattern, site)
  if (host === undefined) return false
  const wild = host.startsWith('.') ? `*${host}` : host
  const expression = wild.split('*').map((text) => text.replace(/[^a-z\d]/g, String.raw`\$&`))
  return new RegExp(`^${expression.join('.*')}$`).test(site.host)
}

/**
 * network.negotiate-auth.trusted-uris of Firefox: a domain and all below it. A `*` is a letter as
 * any other, and no host has it.
 */
export function isInFirefoxPattern(pattern: string, site: Site): boolean {
  const host = hostIn(pattern, site)
  if (host === undefined || host === '') return false
  return site.host === host || site.host.endsWith(host.startsWith('.') ? host : `.${host}`)
}

/** Undefined where the pattern names another scheme. */
function hostIn(pattern: string, { protocol }: Site): string | undefined {
  const [, scheme, host] = /^(?:([a-z]+:)\/\/)?([^/:]*)/.exec(pattern.trim().toLowerCase()) ?? []
  return scheme === undefined || scheme === protocol ? host : undefined
}

/** What administrators write so that browsers send tickets to a host, a line for each browser. */
export function policyLines({ protocol, host }: Site): readonly string[] {
  return [
    String.raw`Edge (registry): Software\Policies\Microsoft\Edge\AuthServerAllowlist = ${host}`,
    String.raw`Chrome (registry): Software\Policies\Google\Chrome\AuthServerAllowlist = ${host}`,
    `Chrome and Chromium (Linux, policies/managed/NAME.json): {"AuthServerAllowlist": "${host}"}`,
    `Firefox (policies.json): {"policies": {"Authentication": {"SPNEGO": ["${host}"]}}}`,
    `Windows (Site to Zone Assignment List): ${protocol}//${host} = 1`,
  ]
}
