import { ConfigurationError } from '@s4u/negotiate'

/**
 * Serialises a user of Passport by its principal, `alice@AD.TEST`: what stands in a session store
 * is a name, and no ticket. Who comes back by the session cannot be impersonated, unless the app
 * asks `negotiator.identityFor` for an identity (protocol transition).
 *
 * ```ts
 * import { serializePrincipal } from '@s4u/passport'
 * import passport from 'passport'
 *
 * passport.serializeUser(serializePrincipal)
 * passport.deserializeUser((principal: string, done) => done(null, { principal }))
 * ```
 */
export function serializePrincipal(user: object, done: (error: unknown, id?: string) => void): void {
  const principal: unknown = 'principal' in user ? user.principal : undefined
  if (typeof principal === 'string' && principal !== '') return done(null, principal)
  done(
    new ConfigurationError('serializePrincipal: the user has no principal', {
      hint: 'Return a user with `principal: identity.principal` from verify, or write a serializeUser of your own.',
    }),
  )
}
