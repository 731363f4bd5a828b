// @ts-check
/**
 * Preloaded into the examples (`--import`): the hosts of AD.TEST are on this machine, and no DNS
 * knows them. In real life DNS does.
 */
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'

const { lookup } = dns

dns.lookup = /** @type {typeof dns.lookup} */ (
  (/** @type {string} */ host, /** @type {unknown[]} */ ...rest) =>
    Reflect.apply(lookup, dns, [host.endsWith('.ad.test') ? '127.0.0.1' : host, ...rest])
)
syncBuiltinESMExports()
