import { ConfigurationError } from '@s4u/krb5'
import { type AskedLevel, requireAskedLevel, type SignInSite } from '@s4u/negotiate'

/**
 * Refuses a source whose users have no password for the KDC, where the app has not permitted itself
 * to vouch for them.
 * @param source as in the options: `oidc`
 * @param level that of its options; undefined where it has no such option, or the default
 * @throws ConfigurationError KDC_ERR_POLICY
 */
export function requireVouching(
  source: string,
  level: AskedLevel | undefined,
  { vouches }: Pick<SignInSite, 'vouches'>,
): void {
  requireAskedLevel(level)
  if (level === 'identification' || vouches) return
  const other = KNOW_ONLY.has(source)
    ? `, or ${source}({ level: 'identification' }) to know users and never act as one`
    : ''
  throw new ConfigurationError(`${source}: this app does not permit itself to vouch for users at the KDC`, {
    code: 'KDC_ERR_POLICY',
    hint: `Write negotiate({ delegation: { protocolTransition: true } })${other}.`,
  })
}

/** Those that need no session, which would need a ticket. */
const KNOW_ONLY: ReadonlySet<string> = new Set(['bearer', 'certificate', 'digest'])
