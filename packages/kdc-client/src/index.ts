/** Asks a KDC for tickets, as the service or as a user (S4U2Self, S4U2Proxy). */
export {}
