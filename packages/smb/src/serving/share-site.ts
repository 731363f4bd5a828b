import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigurationError } from '@s4u/krb5'
import { ConnectionsPerIdentity } from '@s4u/sasl'
import { FileError } from '../errors.js'
import { findSharePath } from '../formats/file-name.js'
import type { DfsTarget } from '../files/dfs-links.js'
import { dfsControllersOf, dfsTargetsOf, openShare } from '../open-share.js'
import { plainAnswer } from './answer.js'
import { AnswerPlaces } from './answer-places.js'
import {
  type Asked,
  askedOfKoa,
  askedOfNode,
  askedOfWeb,
  type KoaContext,
  sendToKoa,
  sendToNode,
  toWeb,
} from './handlers.js'
import type { ServeShareOptions } from './serve-share-options.js'
import { answerTo, type Found, type ServedCaller, ServedShare } from './served-share.js'

type ShareErrorHandler = (error: unknown, request: object) => void

/**
 * Callers whose connections are kept at the same time; the one that was idle longest goes first.
 */
const MAX_CALLERS = 1_000
/** Files that are sent at once: with 1 MiB each about as much memory as a small server has. */
const MAX_ANSWERS = 1_000
/**
 * How long the connection of a caller stays without use; milliseconds. People read a page for
 * about so long.
 */
const IDLE_TIMEOUT = 60_000

/** A share at a place of a web site. */
export class ShareSite implements AsyncDisposable {
  readonly #served: ServedShare
  readonly #mount: string
  readonly #onError: ShareErrorHandler

  /** @throws ConfigurationError */
  constructor(path: string, options: ServeShareOptions) {
    const { as: _as, index = ['index.html'], mount = '/', onError = logged, ...more } = options
    const { trustContent = false, hidden = false, maxAnswers = MAX_ANSWERS, ...rest } = more
    const { maxCallers: maxIdentities = MAX_CALLERS, ...ofShare } = { idleTimeout: IDLE_TIMEOUT, ...rest }
    this.#mount = mount.replace(/\/+$/, '')
    this.#onError = safely(onError)
    // It is opened once for nobody, so that what is wrong with it is told at once.
    openShare(path, { ...ofShare, as: NOBODY })
    const spnOf = ({ host, service: spn = `cifs/${host.toLowerCase()}` }: DfsTarget): string => spn
    const controllers = dfsControllersOf(ofShare).map(spnOf)
    const service = ofShare.service ?? controllers[0] ?? `cifs/${findSharePath(path)?.host}`
    const behindLinks = new Set([...controllers, ...dfsTargetsOf(ofShare).map(spnOf)])
    const sessions = new ConnectionsPerIdentity({
      service,
      alsoServices: (spn) => behindLinks.has(spn),
      open: (user) => openShare(path, { ...ofShare, as: { contextFor: (spn, how) => user.contextFor(spn, how) } }),
      close: (share) => share.close(),
      maxIdentities,
      idleTimeout: ofShare.idleTimeout,
      ...(ofShare.now && { now: ofShare.now }),
    })
    const content = { trustContent, hidden, now: ofShare.now ?? Date.now }
    this.#served = new ServedShare(sessions, { index, ...content }, new AnswerPlaces(maxAnswers))
  }

  async forExpress(
    request: IncomingMessage & { readonly identity?: ServedCaller | undefined },
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): Promise<void> {
    const gone = goneSignal(response)
    try {
      const found = await this.#answer(askedOfNode(request), request.identity, gone, request)
      if (found === 'missing') return next()
      await sendToNode(response, found)
    } catch (error) {
      // The body failed, and the connection was closed with it.
      if (!gone.aborted) this.#onError(error, request)
    }
  }

  async forKoa(context: KoaContext, next: () => Promise<unknown>): Promise<void> {
    const found = await this.#answer(askedOfKoa(context), context.identity, goneSignal(context.res), context)
    if (found === 'missing') await next()
    else sendToKoa(context, found)
  }

  async forWeb(request: Request, identity: ServedCaller | undefined): Promise<Response> {
    const found = await this.#answer(askedOfWeb(request), identity, request.signal, request)
    if (found !== 'missing') return toWeb(found)
    const isKnown = request.method === 'GET' || request.method === 'HEAD'
    return toWeb(isKnown ? plainAnswer(404) : plainAnswer(405, { Allow: 'GET, HEAD' }))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#served[Symbol.asyncDispose]()
  }

  async #answer(
    { method, path, query, originalPath, header }: Asked,
    identity: ServedCaller | undefined,
    signal: AbortSignal,
    request: object,
  ): Promise<Found> {
    const below = this.#below(path)
    if (below === undefined || (method !== 'GET' && method !== 'HEAD')) return 'missing'
    const isFolder = below.endsWith('/') && (below !== '/' || originalPath.endsWith('/'))
    const withSlash = `./${originalPath.split('/').at(-1)}/${query}`
    const asked = { method, path: isFolder ? below : below.replace(/\/$/, ''), withSlash, header, signal } as const
    try {
      if (identity === undefined) throw unknownCaller()
      const caller = identity.impersonate()
      return await this.#served.answer(caller, asked, () => caller[Symbol.dispose]?.())
    } catch (error) {
      if (!signal.aborted) this.#onError(error, request)
      return answerTo(error)
    }
  }

  /** The path from where the share is mounted, beginning with a slash; undefined elsewhere. */
  #below(path: string): string | undefined {
    const rest = path.startsWith(this.#mount) ? path.slice(this.#mount.length) : undefined
    if (rest === '') return '/'
    return rest?.startsWith('/') ? rest : undefined
  }
}

const NOBODY = { contextFor: () => Promise.reject(unknownCaller()) }

function unknownCaller(): ConfigurationError {
  return new ConfigurationError(
    'serveShare: the request has no identity, so that there is no caller to read files as',
    {
      code: 'SEC_E_NO_IMPERSONATION',
      status: 403,
      hint: "Put negotiate() in front of serveShare. With mode 'optional' callers who have not signed in get nothing from the share.",
    },
  )
}

/** What the file server keeps from a caller is no fault. */
function logged(error: unknown): void {
  if (error instanceof FileError && (error.status === 403 || error.status === 404)) return
  // oxlint-disable-next-line no-console
  console.error(error)
}

/** What fails while an error is told must neither end the process nor leave the client waiting. */
function safely(onError: ShareErrorHandler): ShareErrorHandler {
  return (error, request) => {
    try {
      onError(error, request)
    } catch (failure) {
      logged(failure)
    }
  }
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  // It may have gone while the caller was looked for.
  if (response.destroyed) gone.abort()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return gone.signal
}
