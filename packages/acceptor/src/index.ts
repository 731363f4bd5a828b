/** A keytab and a token in, an Identity out. */
export {}
