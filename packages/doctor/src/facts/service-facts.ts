import { createAcceptor, type Identity } from '@s4u/acceptor'
import type { Directory, DirectoryAccount } from '@s4u/directory'
import {
  createKdcClient,
  evidenceFromS4u2self,
  type EvidenceTicket,
  type KdcClient,
  type KdcSurvey,
  type ServiceTicket,
  signInPrincipal,
  surveyKdcs,
} from '@s4u/kdc-client'
import { ConfigurationError, formatPrincipal, type Keytab } from '@s4u/krb5'
import { type SurveyedController, surveyControllers } from '@s4u/ntlm'
import type { DiagnoseOptions } from './diagnose-options.js'
import { type DnsNames, lookUpNames } from '../observing/dns-names.js'
import { askUrl, type HttpAnswer, type HttpProbe } from '../observing/http-probe.js'
import { type KeytabFile, readKeytabFile } from './keytab-file.js'
import { once } from './once.js'
import { tokenFor } from './own-token.js'

interface OpenedDirectory {
  readonly directory?: Directory
  readonly failure?: { readonly error: unknown }
}

/**
 * What the checks look at. Each fact is found once, by the first check that needs it. If that
 * fails, each check that needs the fact fails too; so checks name what they need.
 */
export class ServiceFacts {
  readonly options: DiagnoseOptions
  readonly now: () => number
  readonly url: URL | undefined
  readonly targets: readonly string[]

  /** @throws ConfigurationError for a text that is not a URL */
  constructor(options: DiagnoseOptions) {
    this.options = options
    this.now = options.now ?? Date.now
    this.url = options.url === undefined ? undefined : readUrl(options.url)
    this.targets = options.to ?? []
  }

  /** Whether the service is to call others in users' names, as far as the options say. */
  get wantsDelegation(): boolean {
    return this.targets.length > 0
  }

  readonly keytabFile: () => Promise<KeytabFile> = once(() => readKeytabFile(this.options.keytab))

  /** The service principal name without a realm: `HTTP/web.corp.test`. */
  readonly service: () => Promise<string> = once(async () => {
    const { service } = this.options
    if (service !== undefined) return service.replace(/@.*$/, '')
    if (this.url !== undefined) return `HTTP/${this.url.hostname}`
    const { keytab } = await this.keytabFile()
    const found = keytab.principals.find((name) => name.startsWith('HTTP/')) ?? keytab.principals[0]
    if (found === undefined) throw new ConfigurationError('the keytab is empty', { code: 'KRB5_KT_NOTFOUND' })
    return found.replace(/@.*$/, '')
  })

  /** The host of the service, in small letters. */
  readonly host: () => Promise<string> = once(async () => {
    const named = this.url?.hostname ?? (await this.service()).split('/')[1] ?? ''
    return named.toLowerCase()
  })

  /** The account that speaks to the KDC: `svc-web@CORP.TEST`. */
  readonly principal: () => Promise<string> = once(async () => (await this.client()).principal)

  readonly realm: () => Promise<string> = once(async () => {
    const principal = await this.principal()
    return principal.slice(principal.lastIndexOf('@') + 1)
  })

  /** A client that signs in with the keytab, and remembers no ticket of an earlier run. */
  readonly client: () => Promise<KdcClient> = once(async () => {
    const { keytab } = await this.keytabFile()
    const { kdc, krb5Config, now, timeLimit } = this.options
    const named = this.options.principal ?? signInPrincipal(keytab)
    if (named === undefined) throw new ConfigurationError('the keytab is empty', { code: 'KRB5_KT_NOTFOUND' })
    const principal = typeof named === 'string' ? named : formatPrincipal(named)
    const credentials = { principal, keytab }
    return createKdcClient({ credentials, kdc, krb5Config, now, timeLimit })
  })

  /** The KDCs of the realm, each asked once by UDP and by TCP. */
  readonly kdcs: () => Promise<KdcSurvey> = once(async () => {
    const { kdc, krb5Config, now } = this.options
    return surveyKdcs(await this.realm(), { kdc, krb5Config, now })
  })

  /** The ticket of the service for itself, as any user would get it. */
  readonly ownTicket: () => Promise<ServiceTicket> = once(async () => {
    const client = await this.client()
    return client.ticketFor(`${await this.service()}@${client.realm}`)
  })

  readonly names: () => Promise<DnsNames> = once(async () => lookUpNames(await this.host(), this.options.dnsServers))

  /** The directory, once it has answered a first question; or why it has not. */
  readonly openedDirectory: () => Promise<OpenedDirectory> = once(async () => {
    const { directory: given } = this.options
    const directory = typeof given === 'function' ? given(await this.client()) : given
    try {
      await directory?.facts()
      return { directory }
    } catch (error) {
      if (typeof given === 'function') directory?.close()
      return { failure: { error } }
    }
  })

  /** Resolves to the directory; undefined if the options have none, or it does not answer. */
  readonly directory = async (): Promise<Directory | undefined> => (await this.openedDirectory()).directory

  /** The account of the service as the directory has it. */
  readonly account: () => Promise<DirectoryAccount | undefined> = once(async () => {
    const directory = await this.directory()
    return directory?.account(await this.principal())
  })

  /** The user of `as` as the directory has it. */
  readonly user: () => Promise<DirectoryAccount | undefined> = once(async () => {
    const { as } = this.options
    const directory = await this.directory()
    return as === undefined ? undefined : directory?.account(as)
  })

  /** The ticket to ourselves in the name of `as`. */
  readonly userTicket: () => Promise<ServiceTicket> = once(async () => {
    const client = await this.client()
    return client.s4u2self(this.options.as ?? '')
  })

  readonly evidence: () => Promise<EvidenceTicket> = once(async () => evidenceFromS4u2self(await this.userTicket()))

  /** What the service would make of that ticket. */
  readonly identity: () => Promise<Identity> = once(async () => {
    const { keytab } = await this.keytabFile()
    return acceptedAs(keytab, tokenFor(await this.userTicket(), this.now), this.now)
  })

  /**
   * Asks the URL once more. @throws ConfigurationError where there is none; what the network said
   */
  async ask(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    return askUrl({ ...(await this.probe(signal)), headers })
  }

  /** What the URL is asked with: at the addresses that DNS has told. */
  async probe(signal: AbortSignal): Promise<HttpProbe> {
    if (this.url === undefined) throw new ConfigurationError('there is no URL to ask')
    const { addresses } = await this.names()
    return { url: this.url, addresses, ca: this.options.ca, signal }
  }

  /** The domain controllers, and how each takes the machine account; none without NTLM. */
  readonly ntlmControllers: () => Promise<readonly SurveyedController[]> = once(async () => {
    const { ntlm } = this.options
    return ntlm === undefined ? [] : surveyControllers({ now: this.now, ...ntlm })
  })

  /** Ends what the facts have opened themselves. */
  async close(): Promise<void> {
    const { directory } = this.options
    if (typeof directory === 'function') (await this.directory().catch(() => undefined))?.close()
  }
}

function readUrl(url: string | URL): URL {
  const read = URL.canParse(String(url)) ? new URL(url) : undefined
  if (read && (read.protocol === 'https:' || read.protocol === 'http:')) return read
  throw new ConfigurationError('diagnose: the URL of the service is no http: or https: URL', {
    hint: 'Write https://web.corp.test.',
  })
}

async function acceptedAs(keytab: Keytab, token: Uint8Array, now: () => number): Promise<Identity> {
  const acceptor = createAcceptor({ keytab, service: [...keytab.principals], replayCache: false, now })
  await acceptor.ready()
  const outcome = await acceptor.accept(token)
  if (outcome.status === 'accepted') return outcome.identity
  if (outcome.status === 'refused') throw outcome.error
  throw new ConfigurationError('the acceptor asks for another leg, which a token of our own never needs')
}
