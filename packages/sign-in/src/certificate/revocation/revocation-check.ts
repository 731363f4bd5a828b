import { createHash } from 'node:crypto'
import { RejectedTokenError, S4uError } from '@s4u/krb5'
import type { AskedDirectory } from '../mapping/directory-owner.js'
import type { VerifiedChain } from '../trust/verify-chain.js'
import { hexOf } from '../x509/read-der.js'
import { readX509, type X509Fields } from '../x509/x509-certificate.js'
import { askResponder } from './ask-responder.js'
import { readStatusSources } from './certificate-sources.js'
import type { CertificateStatus } from './certificate-status.js'
import { download, isOfTheWeb } from './download.js'
import { KeptAnswers } from './kept-answers.js'
import { downloadFromDirectory, isLdap } from './ldap-list.js'
import { openRevocationList, statusInList } from './read-list.js'
import type { RevocationList } from './revocation-list.js'
import type { RevocationRules } from './revocation-options.js'

/**
 * A list of half a million certificates; larger ones take memory and time from everybody. Octets.
 */
const MAX_LIST = 16 * 1024 * 1024

/** Certificates of so many people at a time, and lists of so many authorities. */
const MAX_KEPT_STATUS = 10_000
/** Revocation lists that are kept: one for each authority, and each may have megabytes. */
const MAX_KEPT_LISTS = 100

/** Addresses of one certificate that are tried: more would be a way to make this service ask. */
const MAX_ADDRESSES = 3

type ListDirectory = Pick<AskedDirectory, 'search'>

/**
 * Finds out whether certificates were revoked, by OCSP and then by revocation lists, and refuses
 * where nobody says that they were not. Source: RFC 6960, RFC 5280 section 6.3.
 */
export class RevocationCheck {
  readonly #rules: RevocationRules
  readonly #now: () => number
  readonly #random: (length: number) => Uint8Array
  readonly #status: KeptAnswers<CertificateStatus>
  readonly #lists: KeptAnswers<RevocationList>
  readonly #directory: ListDirectory | undefined

  /** @param directory the one of the own domain, for lists whose address names no server */
  constructor(
    rules: RevocationRules,
    now: () => number,
    random: (length: number) => Uint8Array,
    directory?: ListDirectory,
  ) {
    this.#rules = rules
    this.#directory = directory
    this.#now = now
    this.#random = random
    this.#status = new KeptAnswers(MAX_KEPT_STATUS, now)
    this.#lists = new KeptAnswers(MAX_KEPT_LISTS, now)
  }

  /**
   * Checks every certificate of a chain but the trusted one at its end.
   * @throws RejectedTokenError KDC_ERR_REVOKED_CERTIFICATE, KDC_ERR_REVOCATION_STATUS_UNAVAILABLE
   */
  async require(chain: VerifiedChain): Promise<void> {
    const fields = chain.map(readX509)
    await Promise.all(
      fields.slice(0, -1).map(async (certificate, index) => {
        const issuer = fields[index + 1]
        const key = `${hashKey(certificate.der)} ${hashKey(issuer.der)}`
        const { status } = await this.#status.get(key, () => this.#find(certificate, issuer))
        if (status !== 'good') throw revoked(certificate)
      }),
    )
  }

  /** Tries one source after the other until one says yes or no. */
  async #find(certificate: X509Fields, issuer: X509Fields): Promise<{ value: CertificateStatus; until: number }> {
    const reasons: unknown[] = []
    for (const ask of this.#sources(certificate, issuer)) {
      try {
        const answer = await ask()
        if (answer.status !== 'unknown') return { value: answer, until: this.#limited(answer.until) }
        reasons.push(new Error('the responder does not know the certificate'))
      } catch (reason) {
        reasons.push(reason)
      }
    }
    throw unavailable(reasons)
  }

  #sources(certificate: X509Fields, issuer: X509Fields): readonly (() => Promise<CertificateStatus>)[] {
    const named = readStatusSources(certificate)
    const { responders = some(named.responders.filter(isOfTheWeb)), lists = this.#listsOf(named.lists) } = this.#rules
    return [
      ...responders.map((url) => () => this.#ask(url, certificate, issuer)),
      ...lists.map((url) => () => this.#lookUp(url, certificate, issuer)),
    ]
  }

  /** Lists of the web first: a directory answers more slowly, and needs a sign-in. */
  #listsOf(urls: readonly string[]): readonly string[] {
    return some([...urls.filter(isOfTheWeb), ...urls.filter(isLdap)])
  }

  #ask(url: string, certificate: X509Fields, issuer: X509Fields): Promise<CertificateStatus> {
    const responder = { ...this.#rules, url, now: this.#now, random: this.#random }
    return askResponder(certificate, issuer, responder)
  }

  async #lookUp(url: string, certificate: X509Fields, issuer: X509Fields): Promise<CertificateStatus> {
    const list = await this.#lists.get(`${url} ${hashKey(issuer.der)}`, async (before) => {
      const limits = { ...this.#rules, most: MAX_LIST }
      const octets = await (isLdap(url)
        ? downloadFromDirectory(url, { ...limits, directory: this.#directory })
        : download(url, limits))
      const opened = openRevocationList(octets, issuer)
      // An older list than before does not have what was revoked since.
      const value = before !== undefined && before.thisUpdate > opened.thisUpdate ? before : opened
      return { value, until: this.#limited(value.nextUpdate) }
    })
    return statusInList(certificate, list, this.#now())
  }

  #limited(until: number): number {
    return Math.min(until, this.#now() + this.#rules.maxAge)
  }
}

function some(urls: readonly string[]): readonly string[] {
  return urls.slice(0, MAX_ADDRESSES)
}

function hashKey(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64')
}

function revoked({ serialNumber }: X509Fields): RejectedTokenError {
  return new RejectedTokenError(`the certificate with the serial number ${hexOf(serialNumber)} was revoked`, {
    code: 'KDC_ERR_REVOKED_CERTIFICATE',
    hint: 'Have a new certificate issued.',
  })
}

function unavailable(reasons: readonly unknown[]): RejectedTokenError {
  const because = reasons.map(reasonOf).join('; ')
  return new RejectedTokenError(
    `nobody says whether the certificate was revoked: ${because || 'it names no responder and no list that can be asked'}`,
    {
      code: 'KDC_ERR_REVOCATION_STATUS_UNAVAILABLE',
      status: 503,
      hint: "Make the authority's responder or list reachable from here, name one in certificate({ revocation: { ocsp, crl } }), or write revocation: 'off' to believe certificates until they end.",
      cause: reasons.at(-1),
    },
  )
}

/** The reason of a failed `fetch` stands in its cause. */
function reasonOf(reason: unknown): string {
  if (S4uError.is(reason)) return reason.message
  const { message, cause }: { message?: unknown; cause?: unknown } = Object(reason)
  const { message: inner, code }: { message?: unknown; code?: unknown } = Object(cause)
  return [message, inner ?? code].filter((one) => typeof one === 'string').join(': ')
}
