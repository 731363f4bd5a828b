import { ConfigurationError, type OptionTableOf, requireKnownOptions } from '@s4u/krb5'
import type { ContextSource } from '../caller.js'
import { type MailAnswer, signInToMail } from './mail-sign-in.js'

/** Options of `smtpAuthentication`. */
export interface SmtpAuthenticationOptions {
  /** As whom to send: an impersonation, or what `ConnectionsPerIdentity` gives to `open`. */
  readonly as: ContextSource
  /** The service principal name: `smtp/mail.ad.test`. */
  readonly service: string
}

/** Every name in SmtpAuthenticationOptions; others are refused. */
export const SMTP_AUTHENTICATION_OPTIONS = {
  as: 'value',
  service: 'value',
} as const satisfies OptionTableOf<SmtpAuthenticationOptions>

/** What npm's `nodemailer` gives to a way of signing in. */
export interface NodemailerConnection {
  sendCommand(command: string): Promise<{ readonly response?: string }>
}

/** Options of a transport of nodemailer. */
export interface SmtpAuthentication {
  readonly auth: { readonly type: 'custom'; readonly method: 'GSSAPI'; readonly user: string }
  readonly customAuth: { readonly GSSAPI: (connection: NodemailerConnection) => Promise<void> }
  readonly forceAuth: true
  readonly requireTLS: true
}

/**
 * Returns options of a transport of npm's `nodemailer`: it signs in with the caller's ticket (AUTH
 * GSSAPI), within TLS only, and sends nothing to a server that offers no sign-in. What it fails
 * with has code `EAUTH`; its `cause` is the typed error.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { type ContextSource, smtpAuthentication } from '@s4u/sasl'
 *
 * export const optionsFor = (caller: ContextSource) => ({
 *   host: 'mail.ad.test',
 *   port: 587,
 *   ...smtpAuthentication({ as: caller, service: 'smtp/mail.ad.test' }),
 * })
 * ```
 */
export function smtpAuthentication(given: SmtpAuthenticationOptions): SmtpAuthentication {
  const options = requireKnownOptions('smtpAuthentication', given, SMTP_AUTHENTICATION_OPTIONS)
  const { as, service } = options
  if (typeof as?.contextFor !== 'function')
    throw new ConfigurationError('smtpAuthentication: as is missing', {
      hint: 'Give the impersonation of the caller: smtpAuthentication({ as: identity.impersonate(), service }).',
    })
  if (typeof service !== 'string')
    throw new ConfigurationError('smtpAuthentication: service is missing', {
      hint: "nodemailer does not tell which host it is connected to. Write service: 'smtp/mail.ad.test'.",
    })
  return {
    auth: { type: 'custom', method: 'GSSAPI', user: as.principal },
    customAuth: { GSSAPI: (connection) => signIn(as, service, connection) },
    // By default nodemailer sends without a sign-in where the server does not offer one, and in
    // clear text where it does not offer TLS: both are what somebody on the way can bring about.
    forceAuth: true,
    requireTLS: true,
  }
}

async function signIn(as: ContextSource, spn: string, connection: NodemailerConnection): Promise<void> {
  const send = async (line: string): Promise<MailAnswer> => answerOf((await connection.sendCommand(line)).response)
  try {
    await signInToMail({ as, spn, begin: () => send('AUTH GSSAPI'), respond: send })
  } catch (error) {
    // nodemailer writes its own code and the server's words into what it is given, and a refusal of
    // the KDC is one object for all who ask meanwhile.
    const { message } = error instanceof Error ? error : new Error('the sign-in failed')
    throw new Error(message, { cause: error })
  }
}

/** Source: RFC 4954 section 4: 334 with a challenge, 235 at the end. */
function answerOf(response = ''): MailAnswer {
  const [, code, text = ''] = /^(\d{3})(?: (.*))?$/s.exec(response) ?? []
  if (code === '334') return { status: 'challenge', base64: text }
  return code === '235' ? { status: 'accepted' } : { status: 'refused', text: response }
}
