/** Kerberos V5 as data: messages, keys, keytab, credential cache and PAC, without sockets or a clock. */
export {}
