/**
 * Ways to sign in beside Kerberos. Each is a source that a negotiator is given (`signIn`), and each
 * ends in the same `Identity`, which can be impersonated.
 */

export {}
