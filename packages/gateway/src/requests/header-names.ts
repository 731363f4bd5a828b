/** Which headers concern one connection, and which say who somebody is. */

/** RFC 9110 section 7.6.1, and what older programs have. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authorization', 'http2-settings'],
])

const IDENTITY_BEGINNINGS = [
  ...['x-s4u-', 'remote-', 'x-remote-', 'x-forwarded-', 'x-original-', 'x-auth-request-', 'x-authentik-'],
  ...['x-pomerium-', 'x-client-cert', 'ssl-client-', 'x-ssl-', 'x-arr-'],
  // Those that Grafana, Kong, mod_auth_openidc, WebSEAL, Tailscale, and the proxies of Amazon,
  // Cloudflare, Google and Microsoft write, for programs that are set up to believe them.
  ...['x-webauth-', 'x-authenticated-', 'x-consumer-', 'oidc-claim-', 'iv-', 'tailscale-user-', 'x-vouch-'],
  ...['x-amzn-oidc-identity', 'cf-access-authenticated-', 'x-goog-authenticated-', 'x-ms-client-principal'],
]

const IDENTITY_NAMES: ReadonlySet<string> = new Set([
  ...['forwarded', 'x-rewrite-url', 'x-real-ip', 'x-http-method-override', 'x-http-method', 'x-method-override'],
  ...[
    'x-client-ip',
    'true-client-ip',
    'x-cluster-client-ip',
    'x-user',
    'x-request-id',
    'client-cert',
    'client-cert-chain',
    'sm-user',
    'x-proxy-user',
  ],
])

/**
 * Returns what all spellings of a name have in common, for a program behind CGI: it sees one
 * variable for `_` and `-`, and behind some servers (lighttpd) for every other mark too, so that
 * `x.remote~user` is `HTTP_X_REMOTE_USER` there. RFC 3875 section 4.1.18.
 *
 * @param name in small letters
 */
export function plainHeaderName(name: string): string {
  return name.replaceAll(/[^a-z\d]/g, '-')
}

/**
 * Whether a header tells an inner server who calls, from where, or for what, in whichever spelling:
 * only the gateway may say so.
 */
export function isIdentityHeader(name: string): boolean {
  const plain = plainHeaderName(name)
  return IDENTITY_NAMES.has(plain) || IDENTITY_BEGINNINGS.some((beginning) => plain.startsWith(beginning))
}

const NEVER_IN_CONNECTION: ReadonlySet<string> = new Set([
  ...['host', 'cookie', 'authorization', 'content-length', 'content-type', 'origin', 'range', 'expect'],
])

/**
 * Whether a client may name this header in `Connection`: a proxy in front or behind would drop the
 * identity, or the credential, that the header carries.
 */
export function mayBeConnectionOption(name: string): boolean {
  return !NEVER_IN_CONNECTION.has(name) && !isIdentityHeader(name)
}
