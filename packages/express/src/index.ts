/** Kerberos sign-on and constrained delegation for Express. */
export {}
