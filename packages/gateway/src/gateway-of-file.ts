import { unwatchFile, watchFile } from 'node:fs'
import { ConfigurationError, S4uError } from '@s4u/krb5'
import { createGateway } from './create-gateway.js'
import { readConfigFile } from './configuration/config-file.js'
import type { GatewaySettings } from './configuration/gateway-options.js'
import { problemsError } from './configuration/problem.js'
import type { Gateway } from './gateway.js'

/** What became of a file that was read again. */
export type ReloadNotice =
  | { readonly kind: 'reloaded' }
  /** The configuration before is in force. */
  | { readonly kind: 'refused'; readonly error: S4uError }

/** Options of `openGatewayFile`, which reads a configuration file. */
export interface GatewayOfFileOptions {
  /** Told of each time that the file was read again. */
  readonly onReload?: (notice: ReloadNotice) => void
}

/** A gateway whose configuration is a file. */
export interface GatewayOfFile extends AsyncDisposable {
  readonly gateway: Gateway
  /** Reads the file now: for SIGHUP. Never throws: `onReload` is told. */
  reload(): Promise<void>
  stop(): Promise<void>
}

/** How often the file is looked at. Editors, and volumes of containers, replace files. */
const INTERVAL = 2_000

/**
 * Opens a gateway of a file, which it follows: a change is put in force without losing a
 * connection; one that is wrong leaves the configuration before in force, and is told.
 *
 * ```ts
 * import { openGatewayFile } from '@s4u/gateway'
 *
 * const opened = await openGatewayFile('gateway.yaml', { onReload: console.log })
 * process.on('SIGHUP', () => void opened.reload())
 * process.once('SIGTERM', () => void opened.stop())
 * ```
 *
 * @throws ConfigurationError with all mistakes of the file; MissingKeyError
 */
export async function openGatewayFile(
  path: string,
  { onReload = () => {} }: GatewayOfFileOptions = {},
): Promise<GatewayOfFile> {
  const gateway = createGateway(settingsIn(path))
  const reload = async (): Promise<void> => {
    const notice = await reloaded(gateway, path)
    try {
      onReload(notice)
    } catch {
      process.emitWarning('onReload of openGatewayFile has thrown an error', { type: 'S4uWarning' })
    }
  }
  await gateway.listen()
  const onChange = (): void => void reload()
  watchFile(path, { interval: INTERVAL, persistent: false }, onChange)
  const stop = (): Promise<void> => {
    unwatchFile(path, onChange)
    return gateway.stop()
  }
  return { gateway, reload, stop, [Symbol.asyncDispose]: stop }
}

/** Never rejects: nobody waits for a reload, and one that fails must not end a running gateway. */
async function reloaded(gateway: Gateway, path: string): Promise<ReloadNotice> {
  try {
    await gateway.reload(settingsIn(path))
    gateway.reloadCertificates()
    return { kind: 'reloaded' }
  } catch (error) {
    return { kind: 'refused', error: S4uError.is(error) ? error : notReloaded(error) }
  }
}

/** A file that was there when it was checked may be gone when it is read. */
function notReloaded(cause: unknown): ConfigurationError {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return new ConfigurationError(`the configuration could not be put in force${code}`, {
    hint: 'Look whether all files that it names can be read, and send SIGHUP. The configuration before is in force.',
    cause,
  })
}

function settingsIn(path: string): GatewaySettings {
  const { settings, problems, name } = readConfigFile(path)
  if (settings === undefined) throw problemsError(problems, name)
  return settings
}
