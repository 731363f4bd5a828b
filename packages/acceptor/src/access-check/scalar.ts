/** One value of a condition or an attribute. Octets are hexadecimal, so that values can be compared as they are; booleans are 0 and 1. */
export type Scalar =
  | { readonly type: 'integer'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'sid'; readonly value: string }
  | { readonly type: 'octets'; readonly value: string }
