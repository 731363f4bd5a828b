import {
  AsReq,
  encode,
  type EtypeInfo2Entry,
  findPaData,
  formatName,
  formatPrincipal,
  type KdcReqBody,
  type Key,
  KRB_ERROR_CODES as KRB,
  type KrbError,
  NameType,
  type PaData,
  PaType,
  type PrincipalName,
} from '@s4u/krb5'
import { asReqBody } from './as-req-body.js'
import { pacRequest, timestamp, WANTS_PROOF } from './as-padata.js'
import { chooseKey } from './as-key-choice.js'
import { kdcAnswer } from '../errors/kdc-answer.js'
import type { KdcError } from '../errors/kdc-errors.js'
import { Armoring } from '../fast/armoring.js'
import type { FastFacts } from '../fast/fast-realms.js'
import type { SignInArmor } from '../fast/sign-in-armor.js'
import type { FastArmor } from '../fast/fast-armor.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { HeardError } from '../errors/krb-error.js'
import { methodsIn } from '../exchange/method-data.js'
import { OtpExchange } from './otp-exchange.js'
import { otpNotAsked, wrongOtp } from '../otp/otp-refusal.js'
import type { SignIn } from '../credentials/authority.js'
import { explainSignIn } from '../advice/sign-in-refusal.js'
import { tracePreauth } from '../events/trace-lines.js'

export interface SignInOptions {
  /** What armors the requests. Default: none. */
  readonly armor?: SignInArmor
  /**
   * The key was refused at an earlier sign-in: no second key is tried, since wrong keys lock
   * accounts.
   */
  readonly again?: boolean
  /** Called before a request that proves this key. A KDC may count it as a wrong one. */
  readonly onProof?: (key: Key) => void
  /**
   * A service other than the ticket-granting one, which accepts tickets from sign-in only:
   * `kadmin/changepw`.
   */
  readonly service?: PrincipalName
}

/**
 * The state of one sign-in: what was learned from one request to the next. Most of it comes from
 * errors that nothing authenticates, so it is forgotten when the session ends.
 */
export class AsSession {
  readonly signIn: SignIn
  readonly armoring: Armoring
  context: KdcContext
  realm: string
  /** How the KDC derives the key. Known once the KDC asks for pre-authentication. */
  info: EtypeInfo2Entry | undefined
  /** What the session has learned about FAST. */
  fast: FastFacts = {}
  #cookie: PaData | undefined
  readonly #realms: string[]
  readonly #start: KdcContext
  readonly #again: boolean
  readonly #otp: OtpExchange | undefined
  readonly #onProof: SignInOptions['onProof']
  #hasLearnedTime = false
  /**
   * The keys that the KDC was shown. One that was refused is not shown again: directories count,
   * and lock accounts.
   */
  readonly #shown: Key[] = []
  /** How often the keys were read again. */
  #rereads = 0
  /** The encryption type of which an older key than the newest is tried. */
  #switched: number | undefined
  #hasSwitched = false
  /** A forwardable ticket is requested: as the caller wants it, until a KDC refuses it. */
  forwardable: boolean
  #isPolicyArmored = false
  readonly service: PrincipalName | undefined

  constructor(context: KdcContext, signIn: SignIn, options: SignInOptions) {
    const { armor, again = false, onProof, service } = options
    this.context = this.#start = context
    this.signIn = signIn
    this.realm = signIn.principal.realm
    this.#realms = [this.realm]
    this.#again = again
    this.#onProof = onProof
    this.service = service
    // A ticket from sign-in for a single service cannot be forwarded.
    this.forwardable = service === undefined && (context.forwardable ?? true)
    this.armoring = new Armoring(armor)
    this.#otp = signIn.otp && new OtpExchange(signIn.otp)
  }

  /** The armor of the request that is under way. */
  get armor(): FastArmor | undefined {
    return this.armoring.current
  }

  /** The KDC is asked to resolve the name, and may send the client to another realm. */
  get canonicalizes(): boolean {
    return this.context.canonicalize === true || this.signIn.principal.name.nameType === NameType.ENTERPRISE
  }

  async request(): Promise<{ readonly bytes: Uint8Array; readonly body: KdcReqBody }> {
    await this.armoring.enter(this.context, this.realm)
    const { armor } = this
    const body = asReqBody(this)
    const cookie = this.#cookie ? [this.#cookie] : []
    const inner = [pacRequest(this.context), ...cookie, ...(await this.#proof()), WANTS_PROOF]
    const padata = armor ? [armor.wrap(inner, body)] : inner
    return { bytes: encode(AsReq, { padata, reqBody: body }), body }
  }

  /** Learns from an error. Resolves to whether another request may succeed. */
  async learnFrom(error: KrbError): Promise<boolean> {
    this.#learnMethods(error)
    switch (error.errorCode) {
      case KRB.KRB_AP_ERR_SKEW:
        return this.#learnTime(error)
      case KRB.KDC_ERR_PREAUTH_REQUIRED:
        if (this.#otp) return this.#takeChallenge(this.#otp, error)
        if (this.info) return false
        this.info = chooseKey(this, error)
        return true
      case KRB.KDC_ERR_WRONG_REALM:
        return this.#follow(error)
      case KRB.KDC_ERR_POLICY: {
        // Heimdal refuses a request for a forwardable ticket if the account may not have one. Other
        // KDCs leave out the flag.
        const { forwardable } = this
        this.forwardable = false
        this.#isPolicyArmored = this.armor !== undefined
        return forwardable
      }
      case KRB.KDC_ERR_PREAUTH_FAILED:
        return this.info !== undefined && this.tryOtherKey(this.info)
      default:
        return false
    }
  }

  /**
   * Makes another key current after one was refused, if there is one that was not: what the keytab
   * has now, or the version before, and no further. After that has been refused too, the keytab is
   * read once more, since it may just have been written.
   */
  async tryOtherKey(refused: EtypeInfo2Entry): Promise<boolean> {
    if (this.#rereads === 0 && (await this.#findsNewKey(refused))) return true
    if (this.#hasSwitched && this.#rereads === 1 && (await this.#findsNewKey(refused))) return true
    if (!this.#hasSwitched && !this.#again && (await this.#switchesKey(refused))) return true
    // All were refused, so the first one is current again.
    this.abandon()
    return false
  }

  /**
   * Undoes the choice of a key after the sign-in failed: the sender of a forged error must not
   * choose the key of the next sign-in.
   */
  abandon(): void {
    if (this.#switched !== undefined) this.signIn.switchKey?.(this.#switched)
    this.#switched = undefined
  }

  /**
   * The session asks for a ticket that is not forwardable, because of an error that nothing
   * authenticates.
   */
  get isReduced(): boolean {
    const isWanted = this.#start.forwardable !== false && this.service === undefined
    return isWanted && !this.forwardable && !this.#isPolicyArmored
  }

  /**
   * Decides how to go on after an unarmored answer to an armored request. It may come from a KDC
   * that cannot open the armor, because its clock or its key has changed, or from an attacker. The
   * content of the answer is not trusted.
   *
   * The request is repeated once in armor, with the time that the answer tells. After that, the
   * sign-in begins again with another armor, or with none. A broken armor leads there at once.
   * Resolves to false if the request was not armored.
   *
   * @throws RejectedTokenError KRB5_ERR_FAST_REQUIRED if the sign-in must not go on without armor
   */
  async doubtArmor(error: HeardError, isBroken = false): Promise<boolean> {
    const { armoring } = this
    const start = this.#start
    if (armoring.current === undefined) return false
    if (armoring.mayTryAgain(isBroken)) {
      if (error.errorCode === KRB.KRB_AP_ERR_SKEW)
        this.context = { ...start, clock: start.clock.supposing(error.stime) }
      armoring.remake(this.context)
      return true
    }
    await armoring.change(start, this.refusal(error))
    this.context = start
    this.info = this.#cookie = undefined
    this.#hasLearnedTime = false
    return true
  }

  refusal(error: HeardError): KdcError {
    const { signIn, context } = this
    const target = this.service === undefined ? 'krbtgt' : formatName(this.service)
    const answer = kdcAnswer('AS', formatPrincipal(signIn.principal), target, error)
    if (this.#otp && error.errorCode === KRB.KDC_ERR_PREAUTH_FAILED) return wrongOtp(answer)
    const { credentials } = signIn
    const { otherSpelling } = context
    // Only the types of the request: for the others there is no key.
    const etypes = asReqBody(this).etype
    return explainSignIn(answer, { credentials, etypes, otherSpelling, keysShown: this.#shown.length })
  }

  async #takeChallenge(otp: OtpExchange, error: KrbError): Promise<boolean> {
    const isTaken = await otp.take(methodsIn(error.eData))
    if (isTaken !== undefined) return isTaken
    throw otpNotAsked(kdcAnswer('AS', formatPrincipal(this.signIn.principal), 'krbtgt', error))
  }

  async #proof(): Promise<PaData[]> {
    const { info, armor, context, signIn } = this
    const otp = this.#otp
    if (otp && armor) return [...otp.proof(armor)]
    if (info === undefined) return []
    const key = await signIn.keyFor(info)
    if (!this.#shown.some((one) => one.equals(key))) this.#shown.push(key)
    this.#onProof?.(key)
    return [armor ? armor.challenge(key) : timestamp(context, key)]
  }

  async #findsNewKey(refused: EtypeInfo2Entry): Promise<boolean> {
    this.#rereads++
    if (!(await this.signIn.reread?.(refused))) return false
    this.#switched = undefined
    return this.#isNew(refused)
  }

  async #switchesKey(refused: EtypeInfo2Entry): Promise<boolean> {
    this.#hasSwitched = true
    if (!(this.signIn.switchKey?.(refused.etype) ?? false)) return false
    this.#switched = refused.etype
    return this.#isNew(refused)
  }

  async #isNew(info: EtypeInfo2Entry): Promise<boolean> {
    if (this.#shown.length === 0) return true
    const current = await this.signIn.keyFor(info)
    return !this.#shown.some((key) => key.equals(current))
  }

  #learnMethods({ eData }: KrbError): void {
    const methods = methodsIn(eData)
    if (methods.length > 0) tracePreauth(methods)
    if (findPaData(methods, PaType.FX_FAST) !== undefined || this.armor) this.fast = { ...this.fast, offer: 'said' }
    this.#cookie = methods.find(({ padataType }) => padataType === PaType.FX_COOKIE)
  }

  #learnTime({ stime }: KrbError): boolean {
    if (this.#hasLearnedTime) return false
    this.#hasLearnedTime = true
    this.context = { ...this.context, clock: this.context.clock.supposing(stime) }
    if (this.armor) this.armoring.remake(this.context)
    return true
  }

  /**
   * Goes to the realm that the KDC names in a KDC_ERR_WRONG_REALM. Source: RFC 6806 section 7.
   * Anybody can forge that error. Without the check, this client would look up a KDC of the
   * attacker, connect to it, and send it a proof of the password, with which passwords can be
   * tried.
   */
  async #follow({ crealm }: KrbError): Promise<boolean> {
    if (crealm === undefined || !this.canonicalizes || this.#realms.includes(crealm)) return false
    const { mayFollow, signal } = this.context
    if (!mayFollow || !(await mayFollow(crealm, signal ? { signal } : {}))) return false
    this.#realms.push(crealm)
    this.realm = crealm
    this.info = this.#cookie = undefined
    this.fast = {}
    this.#otp?.forget()
    return true
  }
}
