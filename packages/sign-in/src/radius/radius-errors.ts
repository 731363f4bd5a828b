import { printable, S4uError } from '@s4u/krb5'

/** A RADIUS server that could not be asked, or did not answer, and why. */
export interface FailedRadiusServer {
  /** `radius1.corp.test:1812` */
  readonly server: string
  readonly reason: string
}

/**
 * No RADIUS server answered in time. `attempts` has the reason for each of them. `code` is
 * `ETIMEDOUT`.
 *
 * @example
 * ```ts
 * import { RadiusUnreachableError } from '@s4u/sign-in'
 *
 * export const serversOf = (error: unknown): readonly string[] =>
 *   error instanceof RadiusUnreachableError ? error.attempts.map(({ server }) => server) : []
 * ```
 */
export class RadiusUnreachableError extends S4uError {
  override readonly name = 'RadiusUnreachableError'
  readonly attempts: readonly FailedRadiusServer[]

  /** @param hint what to do, where an answer that was not believed tells more than silence does */
  constructor(attempts: readonly FailedRadiusServer[], hint: string = COMPARE) {
    const list = attempts.map(({ server, reason }) => `${server}: ${printable(reason)}`).join('; ')
    super(`no RADIUS server has answered (${list})`, { code: 'ETIMEDOUT', status: 503, hint })
    this.attempts = Object.freeze([...attempts])
  }
}

/** What can be wrong between a client and a server over TLS. */
export const COMPARE_TLS =
  'Look whether the server listens for RADIUS over TLS at this port, whether its certificate is of an authority in tls.ca and has the name in servers (or tls.serverName), whether it takes the certificate in tls.cert, and whether its list of clients has the address of this machine with proto = tls.'

/** A server of RADIUS says nothing to those who are not in its list, or have another secret. */
const COMPARE =
  'Look whether the server runs, whether its list of clients has the address of this machine, and whether the secret there is the same: otherwise it does not answer, and only its log says why.'
