import { ByteReader } from '@s4u/krb5'

/** What the directory says of a managed password. Intervals are milliseconds from now. */
export interface PasswordBlob {
  /** 256 octets of UTF-16, which need not be characters. */
  readonly current: Uint8Array
  /** The one before; undefined before the first change. */
  readonly previous: Uint8Array | undefined
  /** When to ask again. */
  readonly queryInterval: number
  /** For how long the current one stays. */
  readonly unchangedInterval: number
}

/** 128 units of UTF-16. MS-ADTS section 3.1.1.4.5.39. */
const PASSWORD_OCTETS = 256

/** In units of 100 ns. */
const STEPS_PER_MILLISECOND = 10_000n

/**
 * Decodes MSDS-MANAGEDPASSWORD_BLOB. Goes by the offsets in it: servers fill it up differently.
 * MS-ADTS section 2.2.19.
 * @throws MalformedTokenError, in which nothing of the password is
 */
export function decodePasswordBlob(bytes: Uint8Array): PasswordBlob {
  const reader = new ByteReader(bytes, 'MSDS-MANAGEDPASSWORD_BLOB')
  const version = reader.u16le('Version')
  if (version !== 1) reader.fail('Version', '1', String(version))
  reader.skip(2, 'Reserved')
  const length = reader.u32le('Length')
  if (length > bytes.length) reader.fail('Length', `at most ${bytes.length}`, String(length))
  const offsets = [
    'CurrentPasswordOffset',
    'PreviousPasswordOffset',
    'QueryPasswordIntervalOffset',
    'UnchangedPasswordIntervalOffset',
  ]
  const [current, previous, query, unchanged] = offsets.map((field) => reader.u16le(field))
  const passwordAt = (offset: number, field: string): Uint8Array => {
    reader.seek(offset, field)
    return reader.bytes(PASSWORD_OCTETS, field)
  }
  const intervalAt = (offset: number, field: string): number => {
    reader.seek(offset, field)
    return Number(reader.u64le(field) / STEPS_PER_MILLISECOND)
  }
  return {
    current: passwordAt(current, 'CurrentPassword'),
    previous: previous === 0 ? undefined : passwordAt(previous, 'PreviousPassword'),
    queryInterval: intervalAt(query, 'QueryPasswordInterval'),
    unchangedInterval: intervalAt(unchanged, 'UnchangedPasswordInterval'),
  }
}
