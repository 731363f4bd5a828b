/** Kerberos sign-on and constrained delegation for Koa. */
export {}
