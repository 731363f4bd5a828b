/** An embedded Kerberos realm for demos and tests; never for production. */
export {}
