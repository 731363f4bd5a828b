import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KoaContext } from './handlers.js'
import { checkedServeShareOptions, type ServeShareOptions } from './serve-share-options.js'
import type { ServedCaller } from './served-share.js'
import { ShareSite } from './share-site.js'

type ExpressArguments = [request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void]
type KoaArguments = [context: KoaContext, next: () => Promise<unknown>]
type WebArguments = [request: Request, identity: ServedCaller | undefined]

/** A handler for Express, for Koa, and for web requests with an identity. */
export interface ShareHandler extends AsyncDisposable {
  (...args: ExpressArguments): void
  (...args: KoaArguments): Promise<void>
  (...args: WebArguments): Promise<Response>
}

/**
 * Returns a handler that answers with files of a share, each read in the name of the caller: what
 * the file server keeps from a caller is 403. IIS calls this UNC content.
 *
 * GET and HEAD, with conditions and ranges. What is not there goes on to the next handler. Put
 * `negotiate()` in front.
 *
 * ```ts
 * import { negotiate } from '@s4u/express'
 * import { serveShare } from '@s4u/smb'
 * import express from 'express'
 *
 * const app = express()
 * app.use(negotiate({ keytab: 'web.keytab' }))
 * app.use('/files', serveShare('\\\\files.ad.test\\www', { as: 'caller' }))
 * ```
 *
 * @param path `\\files.ad.test\www`, or a folder in it
 * @throws ConfigurationError at once
 */
export function serveShare(path: string, options: ServeShareOptions): ShareHandler {
  const site = new ShareSite(path, checkedServeShareOptions(options))

  // The frameworks are told apart by what they call a handler with.
  function handle(...args: ExpressArguments): void
  function handle(...args: KoaArguments): Promise<void>
  function handle(...args: WebArguments): Promise<Response>
  function handle(...args: ExpressArguments | KoaArguments | WebArguments): unknown {
    if (isOfExpress(args)) return void site.forExpress(...args)
    return isOfKoa(args) ? site.forKoa(...args) : site.forWeb(...args)
  }
  return Object.assign(handle, { [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() })
}

const isOfExpress = (args: ExpressArguments | KoaArguments | WebArguments): args is ExpressArguments =>
  args.length === 3

const isOfKoa = (args: KoaArguments | WebArguments): args is KoaArguments => typeof args[1] === 'function'
