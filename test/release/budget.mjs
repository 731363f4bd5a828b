/** The room that each package may take on a user's disk. */
import { filesIn } from './tar-files.mjs'

/**
 * Kilobytes, unpacked, with sources and declarations; about a fifth above what 0.2.0 has. A package
 * that outgrows its number gets a larger one with the change that needs it, so that nobody ships a
 * folder by mistake.
 *
 * @type {Record<string, number>}
 */
export const BUDGET = {
  acceptor: 1_160,
  cli: 860,
  directory: 920,
  doctor: 420,
  express: 60,
  fastify: 80,
  fetch: 770,
  gateway: 1_400,
  gssapi: 420,
  hono: 80,
  'kdc-client': 2_420,
  kerberos: 300,
  koa: 50,
  krb5: 2_030,
  negotiate: 1_400,
  nest: 150,
  passport: 60,
  redis: 260,
  sasl: 390,
  'sign-in': 1_270,
  ntlm: 400,
  smb: 1_050,
  'test-kdc': 750,
}

/**
 * Kilobytes, minified, of what a bundler makes of `import { NAMES } from 'PACKAGE'` with what these
 * need of other packages, `node:` and the framework left out; about a tenth above what 0.2.0 has.
 * What is loaded when it is needed (undici) does not count.
 *
 * @type {readonly (readonly [names: string, from: string, kilobytes: number])[]}
 */
export const BUNDLE_BUDGET = [
  ['S4uError', '@s4u/krb5', 28],
  ['Keytab', '@s4u/krb5', 60],
  ['decode, ApReq', '@s4u/krb5', 38],
  ['parseKrb5Conf', '@s4u/krb5', 54],
  ['Pac', '@s4u/krb5', 60],
  ['parseAuthorization', '@s4u/gssapi', 30],
  ['createInitiator', '@s4u/gssapi', 98],
  ['createAcceptor', '@s4u/acceptor', 255],
  ['createKdcClient', '@s4u/kdc-client', 365],
  ['fetch', '@s4u/fetch', 2],
  ['createFetch', '@s4u/fetch', 175],
  ['challengeSchemes', '@s4u/negotiate', 2],
  ['createNegotiator', '@s4u/negotiate', 705],
  ['negotiate', '@s4u/express', 705],
  ['requireGroup', '@s4u/express', 36],
  ['negotiate', '@s4u/hono', 705],
  ['basic', '@s4u/sign-in', 37],
  ['form', '@s4u/sign-in', 61],
  ['createSaslClient', '@s4u/sasl', 47],
  ['openDirectory', '@s4u/directory', 225],
  ['openShare', '@s4u/smb', 320],
  ['redisReplayStore', '@s4u/redis', 52],
]

/**
 * Returns the kilobytes that a tarball takes on the disk.
 *
 * @param {Uint8Array} tarball gzipped tar
 */
export function kilobytesOf(tarball) {
  return Math.ceil(filesIn(tarball).reduce((sum, { size }) => sum + size, 0) / 1_000)
}
