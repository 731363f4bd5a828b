/** A fetch that answers Negotiate, as a user or as the service. */
export {}
