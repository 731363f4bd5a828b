import { Tree } from '../connection/tree.js'
import { type Attempt, refusalOf, requireSuccess } from '../connection/attempt.js'
import { FileError, FileServerUnreachableError } from '../errors.js'
import { findSharePath, type SharePath, wireName } from '../formats/file-name.js'
import { readReferral, type Referral, REFERRAL_OCTETS, referralRequest } from '../formats/referral.js'
import { Command } from '../wire/header.js'
import { RELATED_FILE } from '../wire/file-messages.js'
import { ControlCode, controlRequest, readControlOutput } from '../wire/query-messages.js'
import { Status } from '../wire/status.js'
import { ShareAccess } from './share-access.js'
import { describe } from './whole-files.js'

/** A path, and the share that it is in. */
export interface Place {
  readonly access: ShareAccess
  readonly path: string
}

/** A server that links of DFS may lead to. */
export interface DfsTarget {
  /** Its name in referrals, and in its service principal name: `files2.ad.test`. */
  readonly host: string
  /** The IP address of the server. Default: what its name resolves to. */
  readonly address?: string | undefined
  /** The service principal name to ask a ticket for. Default: `cifs/` and the name. */
  readonly service?: string | undefined
}

/** The share of each server on which it is asked for links. */
const PIPES = 'IPC$'

/** Links that one path may lead through. */
const MAX_HOPS = 8

/** Links that are kept; the oldest goes first. */
const MAX_LINKS = 1_000

interface KnownLink {
  /** Where it stands: the share, and the names in it, in small letters. */
  readonly at: ShareAccess
  readonly names: string
  readonly to: Place
  readonly until: number
}

/**
 * Follows links of DFS to the servers that the app has allowed: a referral chooses to whom a ticket
 * of the user goes.
 */
export class DfsLinks {
  readonly #named: ShareAccess
  readonly #controllers: readonly DfsTarget[]
  /** Where the root of DFS is that the app has named by its domain. */
  #rootOfDomain: { readonly access: ShareAccess; readonly until: number } | undefined
  readonly #allowed: readonly DfsTarget[]
  readonly #targets = new Map<string, ShareAccess>()
  readonly #now: () => number
  #links: KnownLink[] = []

  /**
   * @param allowed servers beside that of the share, which its own links may lead to as well
   * @param controllers where to ask for the root, if the share is named by its domain
   */
  constructor(named: ShareAccess, allowed: readonly DfsTarget[], controllers: readonly DfsTarget[]) {
    this.#named = named
    this.#controllers = controllers
    const { host, demand } = named.target
    const own =
      controllers.length > 0 ? controllers : [{ host, address: demand.server.address, service: demand.service }]
    this.#allowed = allowed.length + controllers.length === 0 ? [] : [...allowed, ...own]
    this.#now = demand.now
  }

  get #canFollow(): boolean {
    return this.#allowed.length > 0
  }

  /**
   * Does something with a file, wherever it is.
   * @throws what the action throws; FileError EXDEV for a link to a server that is not allowed,
   * ELOOP
   */
  async follow<T>(
    path: string,
    attempt: Attempt,
    signal: AbortSignal | undefined,
    action: (place: Place) => Promise<T>,
  ): Promise<T> {
    const root = await this.root(attempt, signal)
    let place: Place = { access: root, path }
    for (let hops = 0; hops <= MAX_HOPS; hops++) {
      place = this.#known(place, attempt)
      try {
        return await action(place)
      } catch (error) {
        if (!isNotCovered(error)) throw place.access === this.#named ? error : withPath(error, path)
        place = await this.#next(place, attempt, signal)
      }
    }
    throw refusalOf(Status.STOPPED_ON_SYMLINK, attempt)
  }

  /** Finds where a path is, without doing anything with it, so that it need not be there. */
  placeOf(path: string, attempt: Attempt, signal: AbortSignal | undefined): Promise<Place> {
    return this.follow(path, attempt, signal, async (place) => {
      if (this.#canFollow) await describe(place.access, place.path, { signal, follow: true }).catch(unlessNotCovered)
      return place
    })
  }

  /** Does something with two paths of one share. @throws FileError EXDEV for two shares */
  async both<T>(
    paths: readonly [string, string],
    attempt: Attempt,
    signal: AbortSignal | undefined,
    action: (access: ShareAccess, from: string, to: string) => Promise<T>,
  ): Promise<T> {
    const [from, to] = [await this.placeOf(paths[0], attempt, signal), await this.placeOf(paths[1], attempt, signal)]
    if (from.access !== to.access) throw refusalOf(Status.NOT_SAME_DEVICE, attempt)
    return action(from.access, from.path, to.path)
  }

  /**
   * The share that was named; of a domain, the one that the first controller which answers names.
   * MS-DFSC section 3.1.4.1, steps 5 and 6.
   * @throws FileError EXDEV for a server that is not allowed; FileServerUnreachableError
   */
  async root(attempt: Attempt, signal: AbortSignal | undefined): Promise<ShareAccess> {
    if (this.#controllers.length === 0) return this.#named
    if (this.#rootOfDomain !== undefined && this.#rootOfDomain.until > this.#now()) return this.#rootOfDomain.access
    for (const [i, controller] of this.#controllers.entries()) {
      try {
        return await this.#askForRoot(controller.host, attempt, signal)
      } catch (error) {
        if (!(error instanceof FileServerUnreachableError) || i + 1 === this.#controllers.length) throw error
      }
    }
    return this.#named
  }

  async #askForRoot(controller: string, attempt: Attempt, signal: AbortSignal | undefined): Promise<ShareAccess> {
    const { host, share, folder } = this.#named.target
    const asked = this.#accessTo({ host: controller.toLowerCase(), share: PIPES, folder: '' }, true)
    if (asked === undefined) throw refusalOf(Status.PATH_NOT_COVERED, attempt)
    const path = `\\${host}\\${share}`
    const { targets, timeToLive } = await asked.use(signal, (tree) => referralFrom(tree, path, attempt, signal))
    const below = folder === '' ? '' : `\\${folder}`
    // A controller that has the root itself says the name of the domain.
    const named = targets.map((target) => {
      const isOwn = target.toLowerCase().startsWith(`\\${host.toLowerCase()}\\`)
      return `${isOwn ? `\\${controller}${target.slice(host.length + 1)}` : target}${below}`
    })
    const access = await this.#target(named, attempt, signal)
    this.#rootOfDomain = { access, until: this.#now() + timeToLive }
    return access
  }

  /** Ends the sessions with this share and with all targets. */
  async end(): Promise<void> {
    await Promise.all([this.#named, ...this.#targets.values()].map((access) => access.end()))
  }

  #known(place: Place, { syscall }: Attempt): Place {
    if (this.#links.length === 0) return place
    const now = this.#now()
    this.#links = this.#links.filter(({ until }) => until > now)
    let found = place
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      const names = found.access.nameOf(found.path, syscall).toLowerCase()
      const link = this.#links.find(({ at, names: prefix }) => at === found.access && isWithin(names, prefix))
      if (link === undefined) return found
      found = below(link.to, names.slice(link.names.length + 1), found.path)
    }
    return found
  }

  async #next(place: Place, attempt: Attempt, signal: AbortSignal | undefined): Promise<Place> {
    if (!this.#canFollow) throw refusalOf(Status.PATH_NOT_COVERED, attempt)
    const { host, share } = place.access.target
    const names = place.access.nameOf(place.path, attempt.syscall)
    const prefix = `\\${host}\\${share}\\`
    const referral = await requestReferral(place.access, `${prefix}${names}`, attempt, signal)
    // It must stand for a part of this share, or each link could lead the whole of it elsewhere.
    if (referral.consumed.length <= prefix.length) throw refusalOf(Status.PATH_NOT_COVERED, attempt)
    const access = await this.#target(referral.targets, attempt, signal)
    const to: Place = { access, path: '' }
    const at = referral.consumed.slice(prefix.length).toLowerCase()
    this.#links = this.#links.slice(-MAX_LINKS)
    this.#links.push({ at: place.access, names: at, to, until: this.#now() + referral.timeToLive })
    return { access, path: referral.rest }
  }

  /**
   * @param isOfPipes where links are asked for. What a referral names is never that: an app that
   * writes below such a link would give orders to services, as its user.
   */
  #accessTo({ host, share, folder }: SharePath, isOfPipes = false): ShareAccess | undefined {
    const server = this.#allowed.find((each) => each.host.toLowerCase() === host)
    if (server === undefined) return undefined
    const key = [String(isOfPipes), host, share, folder].join('\\').toLowerCase()
    let access = this.#targets.get(key)
    if (access === undefined) {
      const { target } = this.#named
      const { address, service = `cifs/${host}` } = server
      const demand = { ...target.demand, server: { ...target.demand.server, host, address }, service }
      const names = wireName(folder, { syscall: 'open', streams: false })
      this.#targets.set(key, (access = new ShareAccess({ ...target, host, share, folder: names, demand, isOfPipes })))
    }
    return access
  }

  /** The first target that is allowed, and there. */
  async #target(targets: readonly string[], attempt: Attempt, signal: AbortSignal | undefined): Promise<ShareAccess> {
    const allowed = targets.flatMap((target) => {
      const found = findSharePath(`\\${target}`)
      const access = found && this.#accessTo(found)
      return access === undefined ? [] : [access]
    })
    if (allowed.length === 0) throw notAllowed(targets, attempt)
    for (const [i, access] of allowed.entries()) {
      try {
        const { release } = await access.hold(signal)
        release()
        return access
      } catch (error) {
        if (!(error instanceof FileServerUnreachableError) || i + 1 === allowed.length) throw error
      }
    }
    throw notAllowed(targets, attempt)
  }
}

const isWithin = (names: string, prefix: string): boolean => names === prefix || names.startsWith(`${prefix}\\`)

/**
 * The end of the path in its own letters: letters may be as many when they are made small, or not.
 */
function below({ access }: Place, rest: string, path: string): Place {
  return { access, path: rest === '' ? '' : path.split(/[/\\]/).slice(-rest.split('\\').length).join('\\') }
}

const isNotCovered = (error: unknown): boolean =>
  error instanceof FileError && error.ntStatusCode === Status.PATH_NOT_COVERED

function unlessNotCovered(error: unknown): void {
  if (isNotCovered(error)) throw error
}

/** The error of the share behind a link, with the path that the caller gave. */
function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof FileError)) return error
  const { code, ntStatus, ntStatusCode, syscall, hint, status } = error
  return new FileError(code, { ntStatus, ntStatusCode, syscall, path }, { hint, status, cause: error })
}

/** Asks the server itself, on its share of pipes. MS-DFSC section 3.1.4.2. */
async function requestReferral(
  access: ShareAccess,
  path: string,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<Referral> {
  const { host, encrypt } = access.target
  return access.use(signal, async ({ session }) => {
    const tree = await Tree.connect(session, `\\\\${host}\\${PIPES}`, encrypt, signal)
    try {
      return await referralFrom(tree, path, attempt, signal)
    } finally {
      await tree.disconnect().catch(() => {})
    }
  })
}

async function referralFrom(
  tree: Tree,
  path: string,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<Referral> {
  const body = controlRequest({
    fileId: RELATED_FILE,
    code: ControlCode.DFS_GET_REFERRALS,
    input: referralRequest(path),
    maxOutput: REFERRAL_OCTETS,
  })
  const [reply] = await tree.request([{ command: Command.IOCTL, body, payload: REFERRAL_OCTETS }], { signal })
  requireSuccess(reply, attempt)
  return readReferral(readControlOutput(reply.message, REFERRAL_OCTETS), path)
}

function notAllowed(targets: readonly string[], { syscall, path }: Attempt): FileError {
  return new FileError(
    'EXDEV',
    { ntStatus: 'STATUS_PATH_NOT_COVERED', ntStatusCode: Status.PATH_NOT_COVERED, syscall, path },
    {
      hint: `The path lies behind a link of DFS to \\${targets.join(', \\')}. To follow it, give the name of that server in the option dfsTargets, and let the service delegate to its cifs/ too.`,
    },
  )
}
