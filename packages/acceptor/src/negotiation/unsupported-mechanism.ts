import { Mechanism } from '@s4u/gssapi'
import { RejectedTokenError } from '@s4u/krb5'

/**
 * Returns the refusal for a client that comes with something other than Kerberos.
 * @param mechanism `ntlm`, `negoex`, `iakerb` or `unknown`
 * @param offered the OIDs of the client's list
 * @param hint of an app that knows why the client did so
 */
export function unsupportedMechanism(
  mechanism: string,
  offered: readonly string[],
  hint = HINTS[mechanism],
): RejectedTokenError {
  if (mechanism === 'unknown' && offered[0] === Mechanism.MS_KRB5) return numberOfLists()
  const shown = offered.slice(0, MAX_SHOWN).join(', ')
  const list = offered.length === 0 ? '' : `; it offered ${shown}${offered.length > MAX_SHOWN ? ', …' : ''}`
  return new RejectedTokenError(
    `the client did not come with Kerberos but with ${NAMES[mechanism] ?? 'an unknown mechanism'}${list}`,
    {
      code: 'GSS_S_BAD_MECH',
      hint: hint ?? 'Only Kerberos is accepted here.',
    },
  )
}

/**
 * The object identifier that Windows uses for Kerberos in SPNEGO lists is wrong as the frame of a
 * token, so there is no token to open. Source: MS-SPNG section 1.9, RFC 4121 section 4.1.
 */
function numberOfLists(): RejectedTokenError {
  const message = `the client came with Kerberos under the number ${Mechanism.MS_KRB5}, which stands in lists of SPNEGO alone`
  const hint = `Its token must be framed with ${Mechanism.KRB5}, inside of SPNEGO or without it: update the client's GSS-API library.`
  return new RejectedTokenError(message, { code: 'GSS_S_BAD_MECH', hint })
}

/** Windows offers five mechanisms; an attacker may offer thousands. */
const MAX_SHOWN = 10

const NAMES: Readonly<Record<string, string>> = { ntlm: 'NTLM', negoex: 'NegoEx', iakerb: 'IAKERB' }

const HINTS: Readonly<Record<string, string>> = {
  ntlm: 'Windows falls back to NTLM when it gets no ticket. The usual causes: the URL has an IP address instead of a name, the site is not in the intranet zone, the SPN HTTP/host is missing or on two accounts (setspn -X), or the client is not in the domain or cannot reach a domain controller.',
  negoex:
    'The client is joined to a cloud directory and found no domain controller that knows this host: register the SPN HTTP/host.',
  iakerb: 'The client cannot reach a KDC itself and asks the service to pass its messages on, which is not done here.',
}
