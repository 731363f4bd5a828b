import { RejectedTokenError } from '@s4u/krb5'
import type { HandshakeReader } from '../layer/handshake-reader.js'

/** What the server was asked for. */
interface Question {
  readonly yes: string
  readonly what: string
  readonly spn: string
}

/**
 * Reads the one octet that answers. Text behind an `E` comes from nobody that is proven.
 * @throws RejectedTokenError if the server does not agree
 */
export async function requireYes(reader: HandshakeReader, { yes, what, spn }: Question): Promise<void> {
  const answer = String.fromCharCode((await reader.read(1))[0])
  if (answer === yes) return refuseStuffing(reader, spn)
  throw new RejectedTokenError(`${spn} does not offer ${what}`, {
    code: 'GSS_S_UNAVAILABLE',
    status: 502,
    hint:
      yes === 'G'
        ? "Let the server encrypt with GSS-API (its build needs --with-gssapi, krb_server_keyfile a keytab), or use encryption: 'tls'."
        : 'Let the server have a certificate: ssl = on in postgresql.conf.',
  })
}

/** CVE-2021-23222: what comes in clear text must not be read as if it had been encrypted. */
export function refuseStuffing(reader: HandshakeReader, spn: string): void {
  if (reader.pending === 0) return
  throw new RejectedTokenError(`${spn} sent more in clear text than the answer that ends it`, {
    code: 'protocolError',
    status: 502,
  })
}

/** Returns the error for a server that closes the connection in the handshake. */
export function endedByServer(spn: string): RejectedTokenError {
  return new RejectedTokenError(`${spn} ended the connection without a reason`, {
    code: 'GSS_S_FAILURE',
    status: 502,
    hint: 'The log of the server has the reason. Mostly the keytab of krb_server_keyfile has no key for this service principal name, or a clock is wrong.',
  })
}
