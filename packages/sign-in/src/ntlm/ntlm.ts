import { RejectedTokenError, sameRealmIgnoringCase } from '@s4u/krb5'
import {
  type CallerIdentity,
  channelBindingsOf,
  connectionOf,
  type OpenedSignInSource,
  type SignInRequest,
  type SignInResult,
  type SignInSite,
  type SignInSource,
} from '@s4u/negotiate'
import {
  createNtlmAcceptor,
  findNtlmNegotiation,
  NetlogonUnreachableError,
  type NtlmAcceptor,
  type NtlmAnsweredStep,
  type NtlmConfirmStep,
  type NtlmLogon,
  ntlmMessageType,
  type NtlmNegotiation,
  type NtlmReply,
} from '@s4u/ntlm'
import { requireVouching } from '../vouching/require-vouching.js'
import { Handshakes, type NextLeg } from './handshakes.js'
import { ntlmChallenge, ntlmHeaderOf, type NtlmScheme, tokenIn } from './ntlm-header.js'
import { type NtlmSourceOptions, type NtlmSourceSettings, readNtlmSourceOptions } from './ntlm-options.js'

/**
 * Returns a way to sign in with NTLM, for clients that cannot come with Kerberos. NTLM proves no
 * server to its client and can be relayed; Microsoft is removing it. Turn it off as soon as the
 * events of the source `ntlm` say that nobody comes with it.
 *
 * A domain controller judges each handshake. The user's ticket then comes by S4U2Self, so
 * `delegation.protocolTransition` must permit it, and the ticket must be that of the same SID. It
 * works over HTTP/1.1 and without a proxy in front, since a handshake belongs to its connection.
 *
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { ntlm } from '@s4u/sign-in'
 *
 * export const source = ntlm({
 *   domain: 'CORP',
 *   dnsDomain: 'corp.test',
 *   domainSid: 'S-1-5-21-1004336348-1177238915-682003330',
 *   account: { name: 'WEB01$', keytab: '/etc/krb5.keytab' },
 *   controllers: ['dc1.corp.test', 'dc2.corp.test'],
 *   channelBinding: 'require',
 * })
 * ```
 */
export function ntlm(options: NtlmSourceOptions): SignInSource {
  const settings = readNtlmSourceOptions(options)
  const { domain, domainSid, trustedDomains = {}, hosts = [], targetName, channelBinding, mic } = settings.ofAcceptor
  return Object.freeze<SignInSource>({
    name: 'ntlm',
    rules: { domain, domainSid, trustedDomains, hosts, targetName, channelBinding, mic },
    open: (site) => new OpenedNtlm(settings, site),
  })
}

class OpenedNtlm implements OpenedSignInSource {
  readonly requireTls: boolean
  readonly #level: NtlmSourceSettings['level']
  readonly #domain: string
  readonly #site: SignInSite
  readonly #acceptor: NtlmAcceptor
  readonly #handshakes: Handshakes

  constructor({ ofAcceptor, level, requireTls }: NtlmSourceSettings, site: SignInSite) {
    requireVouching('ntlm', level, site)
    this.requireTls = requireTls
    this.#level = level
    this.#domain = ofAcceptor.domain
    this.#site = site
    this.#handshakes = new Handshakes(() => site.now())
    const clock = { now: () => site.now(), random: (length: number) => site.random(length) }
    // Else somebody who relays a client would come with NTLM where a ticket must be bound.
    const channelBinding = ofAcceptor.channelBinding ?? (site.requiresBinding ? 'require' : 'allow')
    this.#acceptor = createNtlmAcceptor({ ...ofAcceptor, ...clock, channelBinding })
  }

  brings(request: SignInRequest): boolean {
    return ntlmHeaderOf(request)?.scheme === 'NTLM'
  }

  /** Where no handshake can be finished, the client is told to come with Kerberos. */
  takesToken(token: Uint8Array, { request }: SignInRequest): boolean {
    const connection = connectionOf(request)
    if (connection === undefined) return false
    if (ntlmMessageType(token) !== undefined || findNtlmNegotiation(token) !== undefined) return true
    if (isLaterToken(token)) return this.#handshakes.isWaiting(connection, 'Negotiate')
    // Kerberos begins on this connection: what follows is for Kerberos.
    this.#handshakes.forget(connection)
    return false
  }

  async signIn(request: SignInRequest): Promise<SignInResult> {
    const connection = connectionOf(request.request)
    if (connection === undefined) throw noConnection()
    const { scheme, text } = ntlmHeaderOf(request) ?? NO_TOKEN
    const token = tokenIn(text)
    const first = firstStepOf(token, scheme)
    if (first === undefined) return this.#handshakes.take(connection, scheme)(token)
    this.#handshakes.forget(connection)
    return this.#begin(first, { scheme, connection, request })
  }

  /** Nothing is offered where no handshake can be finished. */
  offer({ request }: SignInRequest): { readonly challenges?: readonly string[] } {
    return connectionOf(request) === undefined ? {} : { challenges: ['NTLM'] }
  }

  /**
   * Signs the machine account in. This is the last way in: a controller that is away at the start
   * keeps nobody out who comes in another way, and is asked again for the next caller.
   */
  async ready(): Promise<void> {
    try {
      await this.#acceptor.ready()
    } catch (error) {
      if (!(error instanceof NetlogonUnreachableError)) throw error
      const { code, message, hint } = error
      const text = `ntlm: no domain controller gives verdicts yet: ${message}`
      this.#site.journal.warn(code, () => ({ level: 'warn', text, ...(hint !== undefined && { hint }) }))
    }
  }

  close(): void {
    this.#acceptor.close()
  }

  #begin(step: NtlmNegotiation, leg: Leg): SignInResult {
    if (step.status === 'asked') return this.#ask(step.reply, leg, (token) => this.#begin(step.next(token), leg))
    const { reply, next } = step.challenge(this.#acceptor.challenge(step.message, leg.connection))
    return this.#ask(reply, leg, (token) => this.#judge(next(token), leg))
  }

  async #judge({ message, accept }: NtlmAnsweredStep, leg: Leg): Promise<SignInResult> {
    const { connection, request, scheme } = leg
    const claim = this.#acceptor.open(message, connection, { channelBindings: channelBindingsOf(request.request) })
    const user = claim.domain === '' ? claim.user : `${claim.domain}\\${claim.user}`
    const ends: NtlmReply[] = []
    const verify = (): Promise<NtlmLogon> => claim.verify((signer) => void ends.push(accept(signer)))
    const logon = await this.#site.attempts.check({ user, clientAddress: request.clientAddress }, verify)
    const identity = await this.#identityOf(logon)
    const [end] = ends
    if (end.status === 'confirm') return this.#confirm(end, identity, leg)
    const headers = end.reply && { 'WWW-Authenticate': ntlmChallenge(scheme, end.reply) }
    return { status: 'signed-in', identity, ...(headers && { headers }) }
  }

  /** The caller is known when the list of mechanisms is confirmed. */
  #confirm({ reply, next }: NtlmConfirmStep, identity: CallerIdentity, leg: Leg): SignInResult {
    return this.#ask(reply, leg, (token) => {
      next(token)
      return { status: 'signed-in', identity }
    })
  }

  /** Answers with a token, and keeps what is done with the next one. */
  #ask(reply: Uint8Array, { scheme, connection }: Leg, next: NextLeg): SignInResult {
    this.#handshakes.keep(connection, scheme, next)
    const headers = {
      'Content-Type': 'text/plain; charset=utf-8',
      'WWW-Authenticate': ntlmChallenge(scheme, reply),
    }
    return { status: 'answer', answer: { statusCode: 401, headers, body: 'Answer the challenge.\n' } }
  }

  /**
   * Returns the identity of the account that the controller has let in. The KDC is asked for its
   * ticket by name, and both must mean the same SID.
   */
  async #identityOf(logon: NtlmLogon): Promise<CallerIdentity> {
    const realm = await this.#realmOf(logon)
    const level = this.#level === undefined ? {} : { level: this.#level }
    const identity = await this.#site.identityFor(`${logon.user}@${realm}`, { method: 'ntlm', ...level })
    if (identity.sid === logon.sid) return identity
    throw new RejectedTokenError(`the KDC knows ${logon.user} of ${realm} under another SID than the controller`, {
      code: 'KRB_AP_ERR_BADMATCH',
      status: 403,
      hint: 'The account was renamed or made again at this moment, or domain names the domain of another realm.',
    })
  }

  async #realmOf({ domain, dnsDomain }: NtlmLogon): Promise<string> {
    const own = await this.#site.realm()
    const isOwn = domain.toUpperCase() === this.#domain.toUpperCase()
    if (isOwn && (dnsDomain === undefined || sameRealmIgnoringCase(dnsDomain.toUpperCase(), own))) return own
    if (!isOwn && dnsDomain !== undefined) return dnsDomain.toUpperCase()
    throw new RejectedTokenError(`the domain controller does not say in which realm ${domain} is`, {
      code: 'KRB_AP_ERR_BADMATCH',
      status: 403,
      hint: `domain and dnsDomain of ntlm() must be those of the realm of this service, ${own}.`,
    })
  }
}

/** Which handshake a request belongs to. */
interface Leg {
  readonly scheme: NtlmScheme
  readonly connection: object
  readonly request: SignInRequest
}

/** In the scheme NTLM there is no SPNEGO. The last message begins nothing. */
function firstStepOf(token: Uint8Array, scheme: NtlmScheme): NtlmNegotiation | undefined {
  const type = ntlmMessageType(token)
  return type === 1 || (type === undefined && scheme === 'Negotiate') ? findNtlmNegotiation(token) : undefined
}

/** Returns whether a token of SPNEGO continues a negotiation. RFC 4178 section 4.2. */
function isLaterToken(token: Uint8Array): boolean {
  return token[0] === 0xa1
}

const NO_TOKEN = { scheme: 'NTLM', text: '' } as const

function noConnection(): RejectedTokenError {
  return new RejectedTokenError('NTLM came over HTTP/2 or through a proxy, where no connection belongs to one client', {
    code: 'GSS_S_UNAVAILABLE',
    status: 403,
    hint: 'Let these clients reach this service over HTTP/1.1 without a proxy, or come with Kerberos.',
  })
}
