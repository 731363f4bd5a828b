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
 * Returns the kilobytes that a tarball takes on the disk.
 *
 * @param {Uint8Array} tarball gzipped tar
 */
export function kilobytesOf(tarball) {
  return Math.ceil(filesIn(tarball).reduce((sum, { size }) => sum + size, 0) / 1_000)
}
