import { failed, type Verdict } from '../engine/finding.js'
import { verdictOfError } from '../engine/run-checks.js'

/** Says what keeps the URL from being asked, and what to do about it. */
export function connectionVerdict(error: unknown, { hostname, port }: URL): Verdict {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const details = CERTIFICATE_FAULTS[code] ?? NETWORK_FAULTS[code]
  if (details === undefined || !(error instanceof Error)) return verdictOfError(error)
  const { found, ...more } = details
  return failed(found(hostname, port, error.message), { code, ...more })
}

interface Fault {
  readonly found: (host: string, port: string, message: string) => string
  readonly why: string
  readonly hint: string
}

const UNKNOWN_AUTHORITY: Fault = {
  found: (host, _port, message) => `The certificate of ${host} is not trusted here (${message}).`,
  why: 'Its authority is none of those that Node knows, or the service does not send the certificates in between.',
  hint: 'Name the certificates of your authority: s4u doctor --ca FILE, or the option ca. Let the service send its whole chain.',
}

const OUT_OF_TIME: Fault = {
  found: (host, _port, message) => `The certificate of ${host} is out of its time (${message}).`,
  why: 'No client connects to it.',
  hint: 'Renew the certificate, and compare the clocks of both machines.',
}

/** Codes are those of OpenSSL and Node (`tls`). */
const CERTIFICATE_FAULTS: Readonly<Record<string, Fault>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: OUT_OF_TIME,
  CERT_NOT_YET_VALID: OUT_OF_TIME,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    found: (host) => `The certificate is not made out to ${host}.`,
    why: 'Clients refuse it, since anybody could have answered in that name.',
    hint: 'Give the service a certificate with the host of the URL among its names, or use the name that it has.',
  },
}

const NETWORK_FAULTS: Readonly<Record<string, Fault>> = {
  ECONNREFUSED: {
    found: (host, port, message) => `Nothing listens at ${host}${port && `:${port}`} (${message}).`,
    why: 'No client gets an answer there.',
    hint: 'Start the service, or correct the host and the port of the URL.',
  },
  EPROTO: {
    found: (host, port) => `What answers at ${host}${port && `:${port}`} does not speak TLS as it is expected.`,
    why: 'A port that speaks plain HTTP looks so, and so does a server that takes older versions of TLS only.',
    hint: 'Write http:// in place of https://, or let the server take TLS 1.2 or newer.',
  },
}
