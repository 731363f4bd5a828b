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
  /** What armors the requests. Default: nothing. */
  readonly armor?: SignInArmor
  /** The key was refused before: no second one is tried, since wrong keys lock accounts out. */
  readonly again?: boolean
  /** Called before a request that proves this key, and that a KDC may count as a wrong one. */
  readonly onProof?: (key: Key) => void
  /**
   * A service other than the ticket-granting one that takes initial tickets alone:
   * `kadmin/changepw`.
   */
  readonly service?: PrincipalName
}

/**
 * What was learned from one leg to the next. All of it comes from unproven errors, and is forgotten
 * when the session ends.
 */
export class AsSession {
  readonly signIn: SignIn
  readonly armoring: Armoring
  context: KdcContext
  realm: string
  /** How the KDC derives the key, once it wants pre-authentication. */
  info: EtypeInfo2Entry | undefined
  /** What has come to light of FAST. */
  fast: FastFacts = {}
  private cookie: PaData | undefined
  private readonly realms: string[]
  private readonly start: KdcContext
  private readonly again: boolean
  private readonly otp: OtpExchange | undefined
  private readonly onProof: SignInOptions['onProof']
  private clockMended = false
  private hasReread = false
  /** The encryption type of which a key other than the newest is tried. */
  private switched: number | undefined
  private hasSwitched = false
  /**
   * Whether one is asked for that can be forwarded: as the caller wants it, until a KDC refuses it.
   */
  forwardable: boolean
  private isPolicyArmored = false
  readonly service: PrincipalName | undefined

  constructor(context: KdcContext, signIn: SignIn, options: SignInOptions) {
    const { armor, again = false, onProof, service } = options
    this.context = this.start = context
    this.signIn = signIn
    this.realm = signIn.principal.realm
    this.realms = [this.realm]
    this.again = again
    this.onProof = onProof
    this.service = service
    // A ticket for one service alone goes nowhere else.
    this.forwardable = service === undefined && (context.forwardable ?? true)
    this.armoring = new Armoring(armor)
    this.otp = signIn.otp && new OtpExchange(signIn.otp)
  }

  /** That of the request under way. */
  get armor(): FastArmor | undefined {
    return this.armoring.current
  }

  /** Whether the KDC is to resolve the name, and may send us to another realm with it. */
  get canonicalizes(): boolean {
    return this.context.canonicalize === true || this.signIn.principal.name.nameType === NameType.ENTERPRISE
  }

  async request(): Promise<{ readonly bytes: Uint8Array; readonly body: KdcReqBody }> {
    await this.armoring.enter(this.context, this.realm)
    const { armor } = this
    const body = asReqBody(this)
    const cookie = this.cookie ? [this.cookie] : []
    const inner = [pacRequest(this.context), ...cookie, ...(await this.proof()), WANTS_PROOF]
    const padata = armor ? [armor.wrap(inner, body)] : inner
    return { bytes: encode(AsReq, { padata, reqBody: body }), body }
  }

  /** Whether it is worth asking again, with what the error said. */
  async mend(error: KrbError): Promise<boolean> {
    this.learnMethods(error)
    switch (error.errorCode) {
      case KRB.KRB_AP_ERR_SKEW:
        return this.mendClock(error)
      case KRB.KDC_ERR_PREAUTH_REQUIRED:
        if (this.otp) return this.takeChallenge(this.otp, error)
        if (this.info) return false
        this.info = chooseKey(this, error)
        return true
      case KRB.KDC_ERR_WRONG_REALM:
        return this.follow(error)
      case KRB.KDC_ERR_POLICY: {
        // Heimdal refuses the request of an account that may not have forwardable tickets; others
        // leave the flag out.
        const { forwardable } = this
        this.forwardable = false
        this.isPolicyArmored = this.armor !== undefined
        return forwardable
      }
      case KRB.KDC_ERR_PREAUTH_FAILED:
        return this.info !== undefined && this.tryOtherKey(this.info)
      default:
        return false
    }
  }

  /**
   * After a key was of no use: makes another one current, if there is one. One version back, and no
   * more.
   */
  async tryOtherKey(refused: EtypeInfo2Entry): Promise<boolean> {
    const { signIn, hasReread, hasSwitched } = this
    this.hasReread = true
    if (!hasReread && (await signIn.reread?.(refused))) return true
    if (this.again) return false
    this.hasSwitched = true
    const hasOther = signIn.switchKey?.(refused.etype) ?? false
    // Both are of no use: the first one is current again.
    this.switched = hasOther && !hasSwitched ? refused.etype : undefined
    return this.switched !== undefined
  }

  /** Nothing came of it: whoever wrote the errors chooses no key for the next time. */
  abandon(): void {
    if (this.switched !== undefined) this.signIn.switchKey?.(this.switched)
    this.switched = undefined
  }

  /**
   * Whether a ticket-granting ticket that cannot be forwarded is asked for, because an error that
   * nobody has signed wants it so.
   */
  get isReduced(): boolean {
    const isWanted = this.start.forwardable !== false && this.service === undefined
    return isWanted && !this.forwardable && !this.isPolicyArmored
  }

  /**
   * An answer in the clear to an armored request: of a KDC that cannot open the armor, as when it
   * has another clock or another key than before, or of anybody. What it says is not believed. It
   * is tried once more in armor, by the clock that it tells; then, and at once when it came in an
   * armor that is none, all is begun anew with another armor, or without. False where there is no
   * armor.
   * @throws RejectedTokenError KRB5_ERR_FAST_REQUIRED where it must not go without
   */
  async doubtArmor(error: HeardError, isBroken = false): Promise<boolean> {
    const { start, armoring } = this
    if (armoring.current === undefined) return false
    if (armoring.mayTryAgain(isBroken)) {
      if (error.errorCode === KRB.KRB_AP_ERR_SKEW)
        this.context = { ...start, clock: start.clock.supposing(error.stime) }
      armoring.remake(this.context)
      return true
    }
    await armoring.change(start, this.refusal(error))
    this.context = start
    this.info = this.cookie = undefined
    this.clockMended = false
    return true
  }

  refusal(error: HeardError): KdcError {
    const { signIn, context } = this
    const target = this.service === undefined ? 'krbtgt' : formatName(this.service)
    const answer = kdcAnswer('AS', formatPrincipal(signIn.principal), target, error)
    if (this.otp && error.errorCode === KRB.KDC_ERR_PREAUTH_FAILED) return wrongOtp(answer)
    const { credentials } = signIn
    const { otherSpelling } = context
    // Those that the request had: of the others there is no key.
    const etypes = asReqBody(this).etype
    return explainSignIn(answer, { credentials, etypes, otherSpelling })
  }

  private async takeChallenge(otp: OtpExchange, error: KrbError): Promise<boolean> {
    const isTaken = await otp.take(methodsIn(error.eData))
    if (isTaken !== undefined) return isTaken
    throw otpNotAsked(kdcAnswer('AS', formatPrincipal(this.signIn.principal), 'krbtgt', error))
  }

  private async proof(): Promise<PaData[]> {
    const { info, armor, context, signIn, otp } = this
    if (otp && armor) return [...otp.proof(armor)]
    if (info === undefined) return []
    const key = await signIn.keyFor(info)
    this.onProof?.(key)
    return [armor ? armor.challenge(key) : timestamp(context, key)]
  }

  private learnMethods({ eData }: KrbError): void {
    const methods = methodsIn(eData)
    if (methods.length > 0) tracePreauth(methods)
    if (findPaData(methods, PaType.FX_FAST) !== undefined || this.armor) this.fast = { ...this.fast, offer: 'said' }
    this.cookie = methods.find(({ padataType }) => padataType === PaType.FX_COOKIE)
  }

  private mendClock({ stime }: KrbError): boolean {
    if (this.clockMended) return false
    this.clockMended = true
    this.context = { ...this.context, clock: this.context.clock.supposing(stime) }
    if (this.armor) this.armoring.remake(this.context)
    return true
  }

  /**
   * The realm that the KDC says the client belongs to. Source: RFC 6806 section 7. It says so in an
   * error, which anybody can write: a KDC of the writer's would be looked up, connected to, and
   * shown a proof of the password that it can try passwords on.
   */
  private async follow({ crealm }: KrbError): Promise<boolean> {
    if (crealm === undefined || !this.canonicalizes || this.realms.includes(crealm)) return false
    const { mayFollow, signal } = this.context
    if (!mayFollow || !(await mayFollow(crealm, signal ? { signal } : {}))) return false
    this.realms.push(crealm)
    this.realm = crealm
    this.info = this.cookie = undefined
    this.fast = {}
    this.otp?.forget()
    return true
  }
}
