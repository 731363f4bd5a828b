/** GSS-API context tokens, SPNEGO and the Negotiate header, as state machines without I/O. */
export {}
