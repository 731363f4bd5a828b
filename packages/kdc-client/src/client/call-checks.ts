/**
 * Checks the arguments of a client's methods, so that a wrong one is reported at the call and not
 * by a TypeError from deep inside.
 */

import {
  isObject,
  isPrincipal,
  isSignal,
  isTicket,
  membersOf,
  requireForwardedTicket,
  wrong,
} from '../arguments/argument-shapes.js'
import type { KdcClient } from './kdc-client.js'

type Check = (...args: readonly unknown[]) => void

/** The check of each method, which throws a ConfigurationError. */
export const CALL_CHECKS: {
  readonly [Name in keyof KdcClient as KdcClient[Name] extends (...args: never[]) => unknown ? Name : never]: Check
} = {
  ticketFor: (spn, options) => {
    requireService('ticketFor', spn)
    requireTicketOptions('ticketFor', options)
  },
  s4u2self: (_user, options) => requireTicketOptions('s4u2self', options),
  s4u2proxy: (evidence, spn, options) => {
    requireEvidence('s4u2proxy: the evidence', evidence)
    requireService('s4u2proxy', spn)
    requireTicketOptions('s4u2proxy', options)
  },
  tgtToForward: (options) => requireTicketOptions('tgtToForward', options),
  forwardedTgt: (options) => requireTicketOptions('forwardedTgt', options),
  ticketWith: (tgt, spn, options) => {
    requireForwardedTicket('ticketWith: the ticket-granting ticket', tgt)
    requireService('ticketWith', spn)
    requireTicketOptions('ticketWith', options)
  },
  ticketAs: (inputs, spn, options) => {
    requireInputs('ticketAs', inputs)
    requireService('ticketAs', spn)
    requireTicketOptions('ticketAs', options)
  },
  saveTo: (cache, options) => {
    if (typeof cache !== 'string' && typeof membersOf(cache).replace !== 'function')
      throw wrong(
        'saveTo: the cache',
        'a name or what openCredentialCache gave',
        cache,
        "Write client.saveTo('FILE:/run/user/1000/krb5cc').",
      )
    requireTicketOptions('saveTo', options)
  },
  trusts: (realm, options) => {
    if (typeof realm !== 'string')
      throw wrong('trusts: the realm', 'a text', realm, "Write client.trusts('OTHER.TEST').")
    requireTicketOptions('trusts', options)
  },
  explain: (inputs) => requireInputs('explain', inputs),
  how: (inputs) => requireInputs('how', inputs),
}

function requireService(method: string, spn: unknown): void {
  if (typeof spn === 'string') return
  throw wrong(`${method}: the service`, 'a text', spn, "Write its service principal name: 'HTTP/api.ad.test'.")
}

function requireTicketOptions(method: string, options: unknown): void {
  // Another check, that of the names of options, refuses what is no object.
  if (!isObject(options)) return
  const { signal, maxAge, userToUser } = membersOf(options)
  if (signal !== undefined && !isSignal(signal))
    throw wrong(
      `${method}: signal`,
      'an AbortSignal',
      signal,
      'Give that of an AbortController, or AbortSignal.timeout(5_000).',
    )
  if (maxAge !== undefined && !(typeof maxAge === 'number' && maxAge >= 0))
    throw wrong(`${method}: maxAge`, 'a number of milliseconds', maxAge, 'Write { maxAge: 60_000 } for a minute.')
  if (userToUser !== undefined && !isTicket(userToUser))
    throw wrong(
      `${method}: userToUser`,
      'a ticket',
      userToUser,
      'Give the ticket-granting ticket that the service has sent.',
    )
}

function requireEvidence(what: string, value: unknown): void {
  const { client, ticket, expiresAt } = membersOf(value)
  if (isPrincipal(client) && isTicket(ticket) && typeof expiresAt === 'number') return
  throw wrong(
    what,
    'a ticket with its client and its end',
    value,
    'Give identity.evidence, or evidenceFromS4u2self(await client.s4u2self(user)).',
  )
}

function requireInputs(method: string, inputs: unknown): void {
  const { user, evidence, forwardedTgt, certificate } = membersOf(inputs)
  if (typeof user !== 'string')
    throw wrong(
      `${method}: user`,
      'a text',
      isObject(inputs) ? user : inputs,
      "Write { user: 'alice@AD.TEST', evidence }.",
    )
  if (evidence !== undefined) requireEvidence(`${method}: evidence`, evidence)
  if (forwardedTgt !== undefined) requireForwardedTicket(`${method}: forwardedTgt`, forwardedTgt)
  if (certificate !== undefined && !(certificate instanceof Uint8Array))
    throw wrong(
      `${method}: certificate`,
      'the octets of a certificate (DER)',
      certificate,
      'Leave it out, or read it from the TLS connection.',
    )
}
