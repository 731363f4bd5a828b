import { formatPrincipal, type Principal } from '@s4u/krb5'

const names = new WeakMap<Principal, string>()

/** Returns `alice@AD.TEST`. The text is made once for each principal object. */
export function nameOf(principal: Principal): string {
  const known = names.get(principal)
  if (known !== undefined) return known
  const name = formatPrincipal(principal)
  names.set(principal, name)
  return name
}
