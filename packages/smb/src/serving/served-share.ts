import type { Caller, ConnectionsPerIdentity } from '@s4u/sasl'
import { finished } from 'node:stream/promises'
import { S4uError } from '@s4u/krb5'
import { FileError } from '../errors.js'
import type { Share } from '../files/share.js'
import { type Answer, plainAnswer } from './answer.js'
import type { AnswerPlaces } from './answer-places.js'
import { isToBeRun } from './content-headers.js'
import { answerWithFile, type ContentRules, type FileRequest, isOfFolder } from './served-file.js'
import { pathOfUrl } from './url-path.js'

/** Who asks, as `req.identity` is. */
export interface ServedCaller {
  impersonate(): Caller & Partial<Disposable>
}

/** A request for a file of the share. */
export interface ShareRequest extends FileRequest {
  /** The path of the URL from the folder that is served, as it was sent: `/a%20b/`. */
  readonly path: string
  /** Where a folder was asked for without the slash at its end: the same URL with it. */
  readonly withSlash: string
}

export interface ServedShareRules extends ContentRules {
  /** Names of files that stand for their folder, the first that is there. */
  readonly index: readonly string[]
}

/** What the app's own handlers may answer better: there is no such file. */
export type Found = Answer | 'missing'

/** Serves files of a share to callers, each in a session of its own. */
export class ServedShare implements AsyncDisposable {
  readonly #sessions: ConnectionsPerIdentity<Share>
  readonly #rules: ServedShareRules
  readonly #places: AnswerPlaces

  constructor(sessions: ConnectionsPerIdentity<Share>, rules: ServedShareRules, places: AnswerPlaces) {
    this.#sessions = sessions
    this.#rules = rules
    this.#places = places
  }

  /**
   * Answers as the caller, whose impersonation must last until the body has ended; `ended` is
   * called then.
   * @throws S4uError whatever signing in and the file server refuse
   */
  async answer(caller: Caller, request: ShareRequest, ended: () => void): Promise<Found> {
    return new Promise((resolve, reject) => {
      const serve = async (): Promise<void> => {
        const leave = this.#places.take(caller.principal)
        try {
          await this.#sessions.use(caller, async (share) => {
            const found = await this.#find(share, request)
            resolve(found)
            if (found !== 'missing' && typeof found.body === 'object') await finished(found.body).catch(() => {})
          })
        } finally {
          leave()
        }
      }
      serve().catch(reject).finally(ended)
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sessions[Symbol.asyncDispose]()
  }

  async #find(share: Share, request: ShareRequest): Promise<Found> {
    const { path, header } = request
    const { trustContent, index } = this.#rules
    if (!trustContent && isToBeRun(header('sec-fetch-dest'))) return plainAnswer(403)
    const name = pathOfUrl(path)
    if (typeof name !== 'string') return name.status === 404 ? 'missing' : plainAnswer(name.status)
    if (name !== '' && !path.endsWith('/')) {
      const answer = await this.#file(share, name, request)
      if (answer !== 'folder') return answer
    }
    if (!path.endsWith('/')) return index.length === 0 ? 'missing' : plainAnswer(301, { Location: request.withSlash })
    for (const each of index) {
      const answer = await this.#file(share, name === '' ? each : `${name}/${each}`, request)
      if (answer !== 'missing' && answer !== 'folder') return answer
    }
    return 'missing'
  }

  async #file(share: Share, name: string, request: ShareRequest): Promise<Found | 'folder'> {
    try {
      return (await answerWithFile(share, name, request, this.#rules)) ?? 'missing'
    } catch (error) {
      if (isOfFolder(error)) return 'folder'
      if (error instanceof FileError && MISSING.includes(error.code)) return 'missing'
      throw error
    }
  }
}

/** What a path that names nothing, or cannot name anything, is answered with. */
const MISSING: readonly string[] = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL']

/** What is answered for an error, which is told to the operator alone. */
export function answerTo(error: unknown): Answer {
  if (!S4uError.is(error)) return plainAnswer(500)
  // An older copy of the package knows no status.
  return plainAnswer(error.status ?? 500)
}
