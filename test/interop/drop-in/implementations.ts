import { createRequire } from 'node:module'
import type * as dropIn from '@s4u/kerberos'
import { describeMissing } from '../../realms/suite.js'
import { npmKerberos } from '../sign-on/npm-kerberos.js'

/** The API, as both packages have it at run time. */
export type Kerberos = Pick<
  typeof dropIn,
  'checkPassword' | 'initializeClient' | 'initializeServer' | 'principalDetails' | 'definedNapiVersion' | 'version'
> &
  Record<`GSS_${string}`, number>

export interface Implementation {
  readonly name: string
  readonly kerberos: Kerberos
}

const NATIVE = 'npm kerberos, built from source'

/**
 * Ours, and the native package, which the harness builds and keeps out of the workspace. On a
 * machine without a compiler the harness installs one where it may; where it may not, a test of the
 * name of the native package says that it is missing, and ours is tested alone.
 */
export async function implementations(suite: string): Promise<readonly Implementation[]> {
  const ours: Implementation = { name: '@s4u/kerberos', kerberos: await import('@s4u/kerberos') }
  const folder = await npmKerberos().catch(({ message }: Error) => {
    const [reason] = message.split('\n')
    process.stderr.write(`skipped: ${suite}, of ${NATIVE}: ${reason}\n`)
    describeMissing(`${suite}, of ${NATIVE}`, 'npm kerberos', reason)
  })
  if (folder === undefined) return [ours]
  const kerberos: Kerberos = createRequire(import.meta.url)(folder)
  return [{ name: NATIVE, kerberos }, ours]
}

/** The environment of MIT's library, which both read at each call. */
export function useEnvironment(values: Record<string, string | undefined>): Disposable {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const)
  assign(Object.entries(values))
  return { [Symbol.dispose]: () => assign(before) }
}

function assign(values: Iterable<readonly [string, string | undefined]>): void {
  for (const [name, value] of values) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

/** `Error: MESSAGE`, or what there is in place of a refusal. */
export function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `resolved to ${String(value)}`,
    (error: unknown) =>
      error instanceof TypeError
        ? `TypeError: ${error.message}`
        : error instanceof Error
          ? error.message
          : String(error),
  )
}
