import { MalformedTokenError } from '@s4u/krb5'

export type ErrorClass = abstract new (...args: never[]) => Error

/** Something that reads octets which anybody may have sent. */
export interface Decoder {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  /** Reads everything there is to read. What it throws must be one of `errors`. */
  readonly run: (bytes: Uint8Array) => void | Promise<void>
  readonly errors: readonly ErrorClass[]
}

export function decoder(
  name: string,
  seeds: readonly Uint8Array[],
  run: (bytes: Uint8Array) => unknown,
  errors: readonly ErrorClass[] = [MalformedTokenError],
): Decoder {
  if (seeds.length === 0) throw new Error(`no seeds for ${name}`)
  const settled = (result: unknown): void | Promise<void> =>
    result instanceof Promise ? result.then(() => undefined) : undefined
  return { name, seeds, run: (bytes) => settled(run(bytes)), errors }
}
