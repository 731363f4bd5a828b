import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'

/** Refuses a request that is not one, or that two programs could read in two ways. */
export function badRequest(path: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `request.${path}`, expected, found, code: 'S4U_BAD_REQUEST', status: 400 })
}

/** Nothing is published under this name and path. */
export function noSite(): RejectedTokenError {
  return new RejectedTokenError('no site has this host and path', { code: 'S4U_NO_SITE', status: 404 })
}

/**
 * The connection was made for another name, whose rules differ. A client tries again on a
 * connection of its own. RFC 9110 section 15.5.20.
 */
export function misdirected(): RejectedTokenError {
  return new RejectedTokenError('the connection was made for the name of another site', {
    code: 'S4U_NO_SITE',
    status: 421,
  })
}

/** A rule of the site says no. @param why for the log */
export function notPermitted(why: string): RejectedTokenError {
  return new RejectedTokenError(why, {
    code: 'S4U_NOT_PERMITTED',
    status: 403,
    hint: 'Rules are under access of the site; the first that fits path and method decides.',
  })
}

/** A machine asks what only the proxies of `forwardAuth.from` may ask. */
export function notNamed(): RejectedTokenError {
  return new RejectedTokenError('a machine that is not in forwardAuth.from asks whether a request may pass', {
    code: 'S4U_PEER_NOT_NAMED',
    status: 403,
    hint: 'Add the address of the proxy to forwardAuth.from, if it is one of yours: it gets tickets of users.',
  })
}
