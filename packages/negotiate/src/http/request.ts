/**
 * What a negotiator reads of a request. An `IncomingMessage` of `node:http` fits, and so does that
 * of HTTP/2.
 */
export interface NegotiableRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** A request without a method counts as one that changes something. */
  readonly method?: string | undefined
  /** Path and query. Sign-in pages need it. */
  readonly url?: string | undefined
  readonly httpVersionMajor?: number
  /**
   * The connection. Several legs, sessions of connections and channel bindings need the real one.
   */
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined
}

/** Returns the value of a header; the first value where a peer sent the header twice. */
export function headerOf({ headers }: NegotiableRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}
