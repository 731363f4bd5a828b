import { MalformedTokenError, RejectedTokenError, sameRealmIgnoringCase } from '@s4u/krb5'
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
import { createNtlmAcceptor, type NtlmAcceptor, type NtlmLogon, ntlmMessageType } from '@s4u/ntlm'
import { requireVouching } from '../vouching/require-vouching.js'
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

  constructor({ ofAcceptor, level, requireTls }: NtlmSourceSettings, site: SignInSite) {
    requireVouching('ntlm', level, site)
    this.requireTls = requireTls
    this.#level = level
    this.#domain = ofAcceptor.domain
    this.#site = site
    const clock = { now: () => site.now(), random: (length: number) => site.random(length) }
    this.#acceptor = createNtlmAcceptor({ ...ofAcceptor, ...clock })
  }

  brings(request: SignInRequest): boolean {
    return tokenOf(request) !== undefined
  }

  async signIn(request: SignInRequest): Promise<SignInResult> {
    const connection = connectionOf(request.request)
    if (connection === undefined) throw noConnection()
    const token = octetsOf(tokenOf(request) ?? '')
    if (ntlmMessageType(token) === 1) return challenged(this.#acceptor.challenge(token, connection))
    const claim = this.#acceptor.open(token, connection, { channelBindings: channelBindingsOf(request.request) })
    const user = claim.domain === '' ? claim.user : `${claim.domain}\\${claim.user}`
    const logon = await this.#site.attempts.check({ user, clientAddress: request.clientAddress }, () => claim.verify())
    return { status: 'signed-in', identity: await this.#identityOf(logon) }
  }

  /** Nothing is offered where no handshake can be finished. */
  offer({ request }: SignInRequest): { readonly challenges?: readonly string[] } {
    return connectionOf(request) === undefined ? {} : { challenges: ['NTLM'] }
  }

  async ready(): Promise<void> {
    await this.#acceptor.ready()
  }

  close(): void {
    this.#acceptor.close()
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

function challenged(challenge: Uint8Array): SignInResult {
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'WWW-Authenticate': `NTLM ${Buffer.from(challenge).toString('base64')}`,
  }
  return { status: 'answer', answer: { statusCode: 401, headers, body: 'Answer the challenge.\n' } }
}

/** RFC 4559 has the scheme Negotiate; NTLM has the same form. MS-NTHT section 2.2. */
function tokenOf(request: SignInRequest): string | undefined {
  return /^NTLM(?: +(.*))?$/i.exec(request.header('authorization') ?? '')?.[1]
}

/** @throws MalformedTokenError */
function octetsOf(text: string): Uint8Array {
  if (text.length <= MAX_TEXT && /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0)
    return new Uint8Array(Buffer.from(text, 'base64'))
  throw new MalformedTokenError({
    path: 'Authorization',
    expected: `base64 of at most ${MAX_TEXT} characters`,
    found: `${text.length} characters`,
  })
}

function noConnection(): RejectedTokenError {
  return new RejectedTokenError('NTLM came over HTTP/2 or through a proxy, where no connection belongs to one client', {
    code: 'GSS_S_UNAVAILABLE',
    status: 403,
    hint: 'Let these clients reach this service over HTTP/1.1 without a proxy, or come with Kerberos.',
  })
}

/** Of 4 KiB, which the messages may have. */
const MAX_TEXT = 5_464
