import { ConfigurationError, printableName, RejectedTokenError } from '@s4u/krb5'
import { FastArmor } from './fast-armor.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { KdcError } from '../errors/kdc-errors.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { FastFacts } from './fast-realms.js'
import type { SignInArmor } from './sign-in-armor.js'

/** The armor of one sign-in, which may take several requests. */
export class Armoring {
  /** The armor of the current request; undefined if the request goes without armor. */
  current: FastArmor | undefined
  readonly #armor: SignInArmor | undefined
  #ticket: ServiceTicket | undefined
  #realm: string | undefined
  #hasDoubted = false
  #hasReplaced = false

  constructor(armor: SignInArmor | undefined) {
    this.#armor = armor
  }

  /** What is known about the KDCs of the realm that is asked. */
  get facts(): FastFacts {
    return this.#realm === undefined ? {} : (this.#armor?.realms.of(this.#realm) ?? {})
  }

  /**
   * Gets the armor for a realm. Called before each request.
   *
   * @throws ConfigurationError KRB5_ERR_FAST_REQUIRED; the error for which the armor cannot be got
   */
  async enter(context: KdcContext, realm: string): Promise<void> {
    if (this.#realm === realm) return
    this.#realm = realm
    this.#hasDoubted = this.#hasReplaced = false
    this.#ticket = await this.#armor?.ticketFor(realm, context.signal)
    if (this.#ticket === undefined && this.#armor?.isRequired) throw noTicket(realm)
    this.remake(context)
  }

  /** Makes the armor again, with the clock of the context. */
  remake(context: KdcContext): void {
    this.current = this.#ticket && new FastArmor(context, this.#ticket)
  }

  /**
   * Tells whether it is worth repeating a request that was answered without armor. A KDC answers so
   * if it cannot open the armor, for example because its clock differs.
   */
  mayTryAgain(isBroken: boolean): boolean {
    const hasDoubted = this.#hasDoubted
    this.#hasDoubted = true
    return !hasDoubted && !isBroken
  }

  /**
   * Changes to another armor, or to none. If the KDCs of the realm are known to accept armored
   * requests, an answer without armor may come from an attacker who wants to see what the key
   * encrypts. Then the sign-in goes without armor only if that would not help an attacker.
   *
   * @throws RejectedTokenError KRB5_ERR_FAST_REQUIRED
   */
  async change(context: KdcContext, refusal: KdcError): Promise<void> {
    const armor = this.#armor
    const ticket = this.#ticket
    const hasReplaced = this.#hasReplaced
    if (armor === undefined || ticket === undefined) return
    const isKnown = this.facts.offer === 'sealed' || armor.isRequired
    this.#hasReplaced = true
    const other = isKnown && !hasReplaced ? await armor.inPlaceOf(ticket, context.signal) : undefined
    if (other === undefined && isKnown && !armor.mayFallBack) throw inTheClear(this.#realm ?? '', refusal)
    const how = other ? 'begun anew in another armor' : 'begun anew without armor'
    const text = `AS: the KDC answers in the clear to an armored request (${refusal.code}): sign-in is ${how}`
    context.journal?.note(() => ({ level: 'info', text }))
    this.#ticket = other
    this.#hasDoubted = false
    this.remake(context)
  }

  /** Notes what a reply has shown. Called after a reply that was believed. */
  learn(facts: FastFacts): void {
    if (this.#realm !== undefined) this.#armor?.learn(this.#realm, facts, this.current !== undefined)
  }
}

function inTheClear(realm: string, refusal: KdcError): RejectedTokenError {
  return new RejectedTokenError(
    `AS: the KDC's answer to an armored request is not armored (${refusal.code}), although KDCs of ${printableName(realm)} take armored requests`,
    {
      code: 'KRB5_ERR_FAST_REQUIRED',
      hint: "Something between here and the KDC may have written it, to see what a password can be guessed from. If it is the KDC itself that cannot open the armor, look at the account that gives it, or sign in without: fast: 'off'.",
      cause: refusal,
    },
  )
}

function noTicket(realm: string): ConfigurationError {
  return new ConfigurationError(`fast is 'require', and there is no armor for a sign-in to ${printableName(realm)}`, {
    code: 'KRB5_ERR_FAST_REQUIRED',
    hint: "Name what armors it: armor: { keytab: '/etc/krb5.keytab' }, the ticket of this machine.",
  })
}
