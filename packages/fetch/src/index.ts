/**
 * A `fetch` that answers `Negotiate`: `createFetch` binds one to whoever's tickets it is given, and `fetch` acts as the identity that is
 * ambient where it is called.
 */

export { type AmbientIdentity, currentIdentity, fetch, runAs } from './ambient.js'
export { createFetch, type Fetch, type NegotiatedFetchOptions } from './negotiated-fetch.js'
export { serviceNameOf, type ServiceNameOptions } from './service-name.js'
