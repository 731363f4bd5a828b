import { closeOptions, ConfigurationError, type OptionTableOf, shownInput } from '@s4u/krb5'
import { type ShareOptions, SHARE_OPTIONS } from '../open-share.js'

/** Options of `serveShare`: those of a share, and how its files are served. */
export interface ServeShareOptions extends Omit<ShareOptions, 'as' | 'streams' | 'idleTimeout'> {
  /** In whose name files are read: in that of each caller, so that the file server decides. */
  readonly as: 'caller'
  /**
   * The files that stand for their folder, the first that is there; without one a folder is not
   * found. Default: `['index.html']`.
   */
  readonly index?: readonly string[]
  /**
   * The path of URLs that the share is served below, where the framework does not cut it off: in
   * Koa without koa-mount, and for web requests. Default: `'/'`. Example: `'/files'`.
   */
  readonly mount?: string
  /**
   * Whether pages of the share may run scripts, with the rights of each reader on this site. Only
   * where all who may write into the share are trusted as those who write the app. Default:
   * `false`: pages are shown in a sandbox, and no file is run as a script.
   */
  readonly trustContent?: boolean
  /**
   * Whether files are served that are hidden or the system's own, or in a folder that is. Default:
   * `false`: they are not found, as with IIS.
   */
  readonly hidden?: boolean
  /**
   * The most files that are sent at once. Each keeps up to 1 MiB of memory, for as long as its
   * client reads slowly; one caller has at most an eighth of them. Who asks for more gets 503.
   * Default: 1,000.
   */
  readonly maxAnswers?: number
  /** The most callers who have a session at once. Default: 1,000. */
  readonly maxCallers?: number
  /** How long a caller's session is kept after the last request; milliseconds, default 60,000. */
  readonly idleTimeout?: number
  /**
   * Receives what was not served because of an error, for the log. Default: `console.error`, but
   * for files that the file server keeps from the caller.
   */
  readonly onError?: (error: unknown, request: object) => void
}

const { streams: _streams, ...OF_SHARES } = SHARE_OPTIONS

/** Every name in ServeShareOptions; others are refused. */
export const SERVE_SHARE_OPTIONS = {
  ...OF_SHARES,
  index: 'texts',
  mount: 'value',
  trustContent: 'flag',
  hidden: 'flag',
  maxAnswers: 'value',
  maxCallers: 'value',
  onError: 'function',
} as const satisfies OptionTableOf<ServeShareOptions>

/** @throws ConfigurationError */
export function checkedServeShareOptions(given: ServeShareOptions): ServeShareOptions {
  const options = closeOptions('serveShare', given, SERVE_SHARE_OPTIONS)
  const { as, mount = '/', index = [], maxAnswers = 1 } = options
  if (as !== 'caller')
    throw new ConfigurationError(`serveShare: as must be 'caller', not ${shownInput(as)}`, {
      hint: "Write serveShare(path, { as: 'caller' }). What one account may read is served by createReadStream of openShare.",
    })
  if (typeof mount !== 'string' || !mount.startsWith('/'))
    throw new ConfigurationError(
      `serveShare: mount must be the path of a URL, such as '/files', not ${shownInput(mount)}`,
    )
  if (!Number.isInteger(maxAnswers) || maxAnswers < 1)
    throw new ConfigurationError(`serveShare: maxAnswers must be a whole number above 0, not ${shownInput(maxAnswers)}`)
  const wrong = index.find((name) => name === '' || /[/\\]/.test(name))
  if (wrong !== undefined)
    throw new ConfigurationError(`serveShare: index must have names of files, not ${shownInput(wrong)}`)
  return options
}
