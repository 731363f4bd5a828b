import { ConfigurationError, hostBasedService, shownInput } from '@s4u/krb5'
import type { FastSupport } from '../kdc/kdc.js'
import type { Misbehaviour } from '../kdc/misbehave.js'
import type { AccountChange, TestPasswordPolicy, TestService, TestUser } from '../directory/settings.js'
import type { TestRealmOptions, TestTrust } from './test-realm.js'

/**
 * Checks the options of a realm: names and types that the compiler would refuse, for tests in plain
 * JavaScript.
 *
 * @throws ConfigurationError
 */
export function checkRealmOptions(options: TestRealmOptions): void {
  check('the realm', options, REALM_OPTIONS, ['realm'])
  check('misbehave', options.misbehave ?? {}, MISBEHAVIOUR)
  check('passwordPolicy', options.passwordPolicy ?? {}, PASSWORD_POLICY)
}

/**
 * Checks the settings of an account, and refuses entries that could never match anything.
 *
 * @throws ConfigurationError
 */
export function checkAccount(kind: 'user' | 'service', name: string, settings: TestUser | TestService): void {
  const what = `${kind} ${name}`
  if (kind === 'user') check(what, settings, USER, ['password'])
  else check(what, settings, SERVICE, ['spns'])
  checkNames(what, settings)
}

export function checkChange(name: string, settings: AccountChange): void {
  check(name, settings, CHANGE)
  checkNames(name, settings)
}

export function checkTrust(trust: TestTrust): void {
  check('a trust', trust, TRUST, ['realm'])
}

/** Checks names and types. Never prints a value: one of them is a password. */
function check(what: string, settings: object, kinds: Readonly<Record<string, Kind>>, required: string[] = []): void {
  if (!isObject(settings)) throw new ConfigurationError(`${what}: the settings are no object`)
  const missing = required.find((name) => Reflect.get(settings, name) === undefined)
  if (missing !== undefined) throw new ConfigurationError(`${what}: ${missing} is missing`)
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(kinds, name)) throw unknownSetting(what, name, kinds)
    const { test, words } = KINDS[kinds[name]]
    if (value !== undefined && !test(value)) throw new ConfigurationError(`${what}: ${name} must be ${words}`)
  }
}

function unknownSetting(what: string, name: string, kinds: object): ConfigurationError {
  const elsewhere = name === 'password' ? 'changePassword changes passwords. ' : ''
  const hint = `${elsewhere}The settings are ${Object.keys(kinds).join(', ')}.`
  return new ConfigurationError(`${what}: there is no setting ${JSON.stringify(name)}`, { hint })
}

/** Refuses entries that would never match anything. */
function checkNames(what: string, settings: AccountChange): void {
  for (const list of ['spns', 'allowedToDelegateTo'] as const) {
    const odd = settings[list]?.find((spn) => !/^[^/@\s]+(\/[^/@\s]+)+$/.test(spn))
    if (odd === undefined) continue
    const meant = hostBasedService(odd)
    const hint = meant === undefined ? 'A service principal name has no realm: HTTP/web.ad.test' : `Write ${meant}.`
    throw new ConfigurationError(`${what}: ${shownInput(odd)} in ${list} is no service principal name`, { hint })
  }
  const spn = settings.allowedToActOnBehalfOf?.find(
    (entry) => entry.includes('/') || hostBasedService(entry) !== undefined,
  )
  if (spn === undefined) return
  const hint =
    'The directory keeps accounts there: write the account name of the service, web or web@OTHER.TEST, or its SID.'
  throw new ConfigurationError(`${what}: ${shownInput(spn)} in allowedToActOnBehalfOf is no account`, { hint })
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isListOf = (value: unknown, test: (each: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(test)
const isText = (value: unknown): boolean => typeof value === 'string'
const isNumber = (value: unknown): boolean => typeof value === 'number' && !Number.isNaN(value)
const isFunction = (value: unknown): boolean => typeof value === 'function'

const FAST: ReadonlySet<unknown> = new Set<FastSupport>(['off', 'offered', 'required'])

const KINDS = {
  text: { words: 'a text', test: isText },
  flag: { words: 'true or false', test: (value: unknown) => typeof value === 'boolean' },
  number: { words: 'a number', test: isNumber },
  function: { words: 'a function', test: isFunction },
  clock: { words: 'a number or a function', test: (value: unknown) => isNumber(value) || isFunction(value) },
  object: { words: 'an object', test: isObject },
  fast: { words: 'off, offered or required', test: (value: unknown) => FAST.has(value) },
  list: { words: 'a list', test: Array.isArray },
  texts: { words: 'a list of texts', test: (value: unknown) => isListOf(value, isText) },
  numbers: { words: 'a list of numbers', test: (value: unknown) => isListOf(value, isNumber) },
  octets: {
    words: 'a list of Uint8Array',
    test: (value: unknown) => isListOf(value, (each) => each instanceof Uint8Array),
  },
  realm: { words: 'a realm or its name', test: (value: unknown) => isText(value) || isObject(value) },
} as const

type Kind = keyof typeof KINDS

const OF_ALL = {
  groups: 'texts',
  sid: 'text',
  sensitive: 'flag',
  protected: 'flag',
  disabled: 'flag',
  expired: 'flag',
  lockedOut: 'flag',
  mustChangePassword: 'flag',
  requireFast: 'flag',
  encryptionTypes: 'numbers',
  certificates: 'octets',
  password: 'text',
} as const

const USER: Readonly<Record<keyof TestUser, Kind>> = {
  ...OF_ALL,
  upn: 'text',
  displayName: 'text',
  withoutPreAuthentication: 'flag',
  otp: 'object',
}

const SERVICE: Readonly<Record<keyof TestService, Kind>> = {
  ...OF_ALL,
  spns: 'texts',
  trustedToAuthForDelegation: 'flag',
  allowedToDelegateTo: 'texts',
  allowedToActOnBehalfOf: 'texts',
  okAsDelegate: 'flag',
  sessionKeyTypes: 'numbers',
}

const { password: _password, sid: _sid, encryptionTypes: _encryptionTypes, ...changeable } = { ...USER, ...SERVICE }
const CHANGE: Readonly<Record<keyof AccountChange, Kind>> = changeable

export const REALM_OPTIONS: Readonly<Record<keyof TestRealmOptions, Kind>> = {
  realm: 'text',
  users: 'object',
  services: 'object',
  trusts: 'list',
  now: 'clock',
  random: 'function',
  ticketLifetime: 'number',
  renewLifetime: 'number',
  clockSkew: 'number',
  udpReplyLimit: 'number',
  dangerouslyAcceptUnkeyedChecksums: 'flag',
  fast: 'fast',
  compoundIdentity: 'flag',
  misbehave: 'object',
  passwordPolicy: 'object',
  writePac: 'function',
}

const PASSWORD_POLICY: Readonly<Record<keyof TestPasswordPolicy, Kind>> = {
  minimumLength: 'number',
  historyLength: 'number',
  complexity: 'flag',
}

const TRUST: Readonly<Record<keyof TestTrust, Kind>> = {
  realm: 'realm',
  password: 'text',
  domains: 'texts',
  sidFiltering: 'flag',
}

const MISBEHAVIOUR: Readonly<Record<keyof Misbehaviour, Kind>> = {
  dropUdp: 'flag',
  answerTooBig: 'flag',
  dead: 'flag',
  silent: 'flag',
  slow: 'number',
  wrongClient: 'flag',
  wrongRealm: 'flag',
  wrongService: 'flag',
  wrongNonce: 'flag',
  replayPreviousReply: 'flag',
  downgradeEtype: 'flag',
  changeFlags: 'flag',
  beginsLater: 'flag',
  endsLater: 'flag',
  renewsLater: 'flag',
  truncate: 'flag',
  hugeLengthPrefix: 'flag',
  endlessReferral: 'flag',
  ignoreS4u: 'flag',
  fastWrongNonce: 'flag',
  fastWrongKey: 'flag',
  fastStripped: 'flag',
  fastPlainErrors: 'flag',
  fastNoError: 'flag',
  fastNoCookie: 'flag',
  fastNoFinished: 'flag',
  fastWrongChecksum: 'flag',
  fastWrongClient: 'flag',
  fastWrongRealm: 'flag',
  fastNoStrengthenKey: 'flag',
  fastUnusedStrengthenKey: 'flag',
  fastNoChallenge: 'flag',
  fastWrongChallenge: 'flag',
}
