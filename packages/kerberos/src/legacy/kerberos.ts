/**
 * The API that npm `kerberos` had before 1.0, with callbacks: `passport-negotiate` and other
 * programs of that time use it.
 */

import { ConfigurationError } from '@s4u/krb5'
import { initializeClient } from '../client/initialize-client.js'
import * as constants from '../constants.js'
import { inGssWords } from '../errors/mit-words.js'
import { wrongType } from '../errors/parameters.js'
import { initializeServer } from '../server/initialize-server.js'
import { findDelegated, isDelegated, keepDelegated } from '../client/delegated-credentials.js'
import { type Callback, calledBack } from './callbacks.js'
import { KerberosContext } from './kerberos-context.js'
import { actFor, vouchFor } from './service-account.js'

const AUTH_GSS_CONTINUE = 0
const AUTH_GSS_COMPLETE = 1

/**
 * `new Kerberos()` of npm `kerberos` 0.0. New programs use `initializeClient` and
 * `initializeServer`. Each method calls back with an error, or with null and a result.
 *
 * @example
 * ```ts
 * import { Kerberos } from '@s4u/kerberos'
 *
 * const kerberos = new Kerberos()
 * kerberos.authGSSServerInit('HTTP@web.ad.test', (error, context) => {
 *   console.log(error?.message ?? context?.username)
 * })
 * ```
 */
export class Kerberos {
  static readonly AUTH_GSS_CONTINUE = AUTH_GSS_CONTINUE
  static readonly AUTH_GSS_COMPLETE = AUTH_GSS_COMPLETE
  static readonly GSS_C_DELEG_FLAG = constants.GSS_C_DELEG_FLAG
  static readonly GSS_C_MUTUAL_FLAG = constants.GSS_C_MUTUAL_FLAG
  static readonly GSS_C_REPLAY_FLAG = constants.GSS_C_REPLAY_FLAG
  static readonly GSS_C_SEQUENCE_FLAG = constants.GSS_C_SEQUENCE_FLAG
  static readonly GSS_C_CONF_FLAG = constants.GSS_C_CONF_FLAG
  static readonly GSS_C_INTEG_FLAG = constants.GSS_C_INTEG_FLAG
  static readonly GSS_C_ANON_FLAG = constants.GSS_C_ANON_FLAG
  static readonly GSS_C_PROT_READY_FLAG = constants.GSS_C_PROT_READY_FLAG
  static readonly GSS_C_TRANS_FLAG = constants.GSS_C_TRANS_FLAG

  /**
   * Begins a client's side.
   *
   * @param uri `HTTP@web.ad.test`
   * @param flags the bits of `GSS_C_…`
   * @param credentialsCache the name of a credential cache, or `delegatedCredentialsCache` of a
   * server's context. Default: the cache of this machine
   */
  authGSSClientInit(uri: string, flags: number, callback: Callback<KerberosContext>): void
  authGSSClientInit(
    uri: string,
    flags: number,
    credentialsCache: string | undefined,
    callback: Callback<KerberosContext>,
  ): void
  authGSSClientInit(uri: string, flags: number, ...rest: Rest<KerberosContext>): void {
    const { value: cache, callback } = readRest(rest)
    calledBack(callback, async () => {
      const client = await initializeClient(uri, { flags, ...credentialsIn(cache) })
      return new KerberosContext({ client })
    })
  }

  /** Makes the next token from the service's, or the first one: `context.response`. */
  authGSSClientStep(context: KerberosContext, ...rest: Rest<number>): void {
    const { value: challenge = '', callback } = readRest(rest)
    calledBack(callback, async () => {
      const client = clientOf(context)
      await client.step(challenge)
      return client.contextComplete ? AUTH_GSS_COMPLETE : AUTH_GSS_CONTINUE
    })
  }

  /** Opens a message of the service: `context.response`. */
  authGSSClientUnwrap(context: KerberosContext, ...rest: Rest<number>): void {
    const { value: challenge = '', callback } = readRest(rest)
    calledBack(callback, async () => {
      await clientOf(context).unwrap(challenge)
      return AUTH_GSS_COMPLETE
    })
  }

  /** Wraps data, or with the name of a user the choice of SASL: `context.response`. */
  authGSSClientWrap(context: KerberosContext, challenge: string, ...rest: Rest<number>): void {
    const { value: user, callback } = readRest(rest)
    calledBack(callback, async () => {
      await clientOf(context).wrap(challenge, user ? { user } : {})
      return AUTH_GSS_COMPLETE
    })
  }

  /** Forgets a context. */
  authGSSClientClean(context: KerberosContext, callback: Callback<number>): void {
    calledBack(callback, async () => (clientOf(context), context.wipe(), AUTH_GSS_COMPLETE))
  }

  /**
   * Begins a service's side.
   *
   * @param service `HTTP@web.ad.test`, or `HTTP` for every host of the keytab
   * @param constrainedDelegation whether `delegatedCredentialsCache` of the context is to act as
   * the caller (S4U2Proxy). Default: `false`
   * @param username a user whom the program itself has authenticated (S4U2Self); the step then
   * looks at no token. Only with `constrainedDelegation`
   */
  authGSSServerInit(service: string, callback: Callback<KerberosContext>): void
  authGSSServerInit(
    service: string,
    constrainedDelegation: boolean | undefined,
    callback: Callback<KerberosContext>,
  ): void
  authGSSServerInit(
    service: string,
    constrainedDelegation: boolean | undefined,
    username: string | null | undefined,
    callback: Callback<KerberosContext>,
  ): void
  authGSSServerInit(service: string, ...rest: readonly unknown[]): void {
    const { delegates, username, callback } = readServerArguments(rest)
    calledBack(callback, async () => {
      const server = await initializeServer(service)
      return new KerberosContext({
        server,
        service,
        delegates,
        ...(username !== undefined && { vouchedFor: username }),
      })
    })
  }

  /**
   * Takes the token behind `Negotiate `: `context.username`, and `context.response` to send back.
   */
  authGSSServerStep(context: KerberosContext, authData: string, callback: Callback<number>): void {
    calledBack(callback, async () => {
      const { server, service, delegates, vouchedFor } = serverOf(context)
      if (vouchedFor !== undefined) {
        context.actsAs(await vouched(vouchedFor, service))
        return AUTH_GSS_COMPLETE
      }
      await server.step(authData)
      const acted = delegates && server.identity && actFor(server.identity)
      if (acted) context.actsAs({ cache: keepDelegated(acted.tickets, acted.expiresAt) })
      return server.contextComplete ? AUTH_GSS_COMPLETE : AUTH_GSS_CONTINUE
    })
  }

  /** Forgets a context. Its `delegatedCredentialsCache` stays, until the user's ticket ends. */
  authGSSServerClean(context: KerberosContext, callback: Callback<number>): void {
    calledBack(callback, async () => (serverOf(context), context.wipe(), AUTH_GSS_COMPLETE))
  }
}

/** Arguments of which the one before the callback may be left out. */
type Rest<T> = readonly [callback: Callback<T>] | readonly [value: string | undefined, callback: Callback<T>]

function readRest<T>(rest: Rest<T>): { readonly value?: string; readonly callback: Callback<T> } {
  const [first, second] = rest
  if (typeof first === 'function') return { callback: first }
  if (typeof second !== 'function') throw wrongType('parameter `callback` must be a function.')
  if (first !== undefined && typeof first !== 'string') throw wrongType('parameter `challenge` must be a string.')
  return { callback: second, ...(first !== undefined && { value: first }) }
}

function readServerArguments(rest: readonly unknown[]) {
  const callback = rest.find((one): one is Callback<KerberosContext> => typeof one === 'function')
  if (callback === undefined) throw wrongType('parameter `callback` must be a function.')
  const [delegates, username] = rest.slice(0, rest.indexOf(callback))
  if (typeof delegates === 'string' || (username && !delegates))
    throw wrongType('S4U2Self protocol transition is not possible without enabling constrained delegation')
  if (username && typeof username !== 'string') throw wrongType('parameter `username` must be a string.')
  return {
    delegates: Boolean(delegates),
    username: typeof username === 'string' && username ? username : undefined,
    callback,
  }
}

function credentialsIn(cache: string | undefined) {
  if (!cache) return {}
  return isDelegated(cache) ? { delegate: findDelegated(cache) } : { ccache: cache }
}

async function vouched(user: string, service: string) {
  try {
    const { principal, tickets, expiresAt } = await vouchFor(user, service)
    return { username: principal, cache: keepDelegated(tickets, expiresAt) }
  } catch (error) {
    throw inGssWords(error)
  }
}

function clientOf(context: KerberosContext) {
  const side = sideOf(context)
  if ('client' in side) return side.client
  throw wrongType('GSS context is not a client instance')
}

function serverOf(context: KerberosContext) {
  const side = sideOf(context)
  if ('server' in side) return side
  throw wrongType('GSS context is not a server instance')
}

function sideOf(context: KerberosContext) {
  if (!(context instanceof KerberosContext)) throw wrongType('1st arg must be a GSS context')
  if (context.side !== undefined) return context.side
  throw new ConfigurationError('the context was cleaned', { code: 'GSS_S_NO_CONTEXT', hint: 'Make another one.' })
}
