import { readFile } from 'node:fs/promises'
import { asciiLower, ConfigurationError, Keytab, keytabFilePath, MissingKeyError, unreadableKeytab } from '@s4u/krb5'
import { ntHashOf } from './response/ntlmv2-keys.js'

/**
 * The account by which this machine belongs to the domain. Each instance of a service has its own.
 */
export type MachineAccount = {
  /** Its name: `WEB01$`. */
  readonly name: string
} & (
  | {
      /** Its password, or a function that is asked again where it was wrong. */
      readonly password: string | (() => string | Promise<string>)
    }
  | {
      /**
       * A keytab with its keys: the file is read again where a key was wrong. Keys of AES alone
       * serve where the controller takes a ticket; else it needs that of rc4-hmac.
       */
      readonly keytab: string | Uint8Array | Keytab
    }
)

/**
 * Returns the NT hash of the account, which signs the secure channel in. MS-NRPC section
 * 3.1.4.3.1.
 *
 * @throws MissingKeyError where the keytab has no such key
 * @throws ConfigurationError where the function of the password fails, or returns no text
 */
export async function machineSecret(account: MachineAccount): Promise<Uint8Array> {
  if ('password' in account) return ntHashOf(await machinePassword(account))
  const { keytab, name } = account
  return keyOf(await keytabOf(keytab), name)
}

/** @throws ConfigurationError where the function of the password fails, or returns no text */
export async function machinePassword({
  name,
  password,
}: MachineAccount & { readonly password: unknown }): Promise<string> {
  if (typeof password !== 'function') return requireText(password, name)
  let given: unknown
  try {
    given = await password()
  } catch (cause) {
    throw new ConfigurationError(`the function account.password of ${name} has failed`, { cause, hint: HINT })
  }
  return requireText(given, name)
}

/** What is no password is not shown: it may be one in another form. */
function requireText(given: unknown, name: string): string {
  if (typeof given === 'string' && given !== '') return given
  throw new ConfigurationError(`account.password of ${name} gives no text`, { hint: HINT })
}

async function keytabOf(given: string | Uint8Array | Keytab): Promise<Keytab> {
  if (typeof given !== 'string') return Keytab.from(given) ?? Keytab.decode(new Uint8Array(0))
  const path = keytabFilePath(given)
  try {
    return Keytab.decode(new Uint8Array(await readFile(path)), path)
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? unreadableKeytab(path, error) : error
  }
}

function keyOf({ entries, source }: Keytab, name: string): Uint8Array {
  const found = entries
    .filter(({ key, principal }) => key.etype === RC4_HMAC && isAccount(principal.name.nameString, name))
    .toSorted((a, b) => b.kvno - a.kvno)
    .at(0)
  if (found !== undefined) return found.key.exposeSecretBytes()
  throw new MissingKeyError(`${source ?? 'the keytab'} has no key of rc4-hmac for ${name}`, {
    hint: `The secure channel of NETLOGON is signed in with the NT hash, which is the key of rc4-hmac: export the keytab with that type too, or give the password of ${name}.`,
  })
}

function isAccount(components: readonly string[], name: string): boolean {
  return components.length === 1 && asciiLower(components[0]) === asciiLower(name)
}

const HINT = 'Let account.password be the password, or a function that returns it or a promise of it.'
const RC4_HMAC = 23
