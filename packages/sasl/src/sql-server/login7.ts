import { ConfigurationError } from '@s4u/krb5'

/** Places in the fixed part of LOGIN7, in octets. MS-TDS section 2.2.6.4. */
const Place = {
  LENGTH: 0,
  OPTION_FLAGS_2: 25,
  EXTENSION: 56,
  SSPI: 78,
  SSPI_LENGTH: 80,
  ATTACHED_FILE: 82,
  NEW_PASSWORD: 86,
  SSPI_LONG_LENGTH: 90,
  END: 94,
} as const

/** The user name and the password; each an offset, and a length in characters. */
const SECRETS = [40, 44]

/** fIntSecurity: the SSPI block says who comes. */
const INTEGRATED_SECURITY = 0x80

/**
 * The longest token, in octets, whose length fits into 16 bits; that of a longer one stands in
 * another field. MS-TDS section 2.2.6.4.
 */
const MAX_SHORT = 0xffff

/**
 * Returns a LOGIN7 message with another SSPI block, and everything behind it moved.
 * @throws ConfigurationError where it is no LOGIN7 message, or has a user name or a password
 */
export function withSspi(message: Uint8Array, token: Uint8Array): Buffer {
  const login = Buffer.from(message)
  if (login.length < Place.END || login.readUInt32LE(Place.LENGTH) !== login.length)
    throw unexpected('the message LOGIN7 has another length than it says')
  if (SECRETS.some((at) => login.readUInt16LE(at + 2) > 0))
    throw unexpected('a user name or a password is in the message LOGIN7')
  const start = login.readUInt16LE(Place.SSPI)
  const end = start + login.readUInt16LE(Place.SSPI_LENGTH)
  if (start < Place.END || end > login.length) throw unexpected('the SSPI block lies outside of the message LOGIN7')
  const moved = token.length - (end - start)
  for (const at of [Place.ATTACHED_FILE, Place.NEW_PASSWORD]) moveShort(login, at, start, moved)
  moveExtension(login, start, moved)
  login.writeUInt16LE(Math.min(token.length, MAX_SHORT), Place.SSPI_LENGTH)
  login.writeUInt32LE(token.length < MAX_SHORT ? 0 : token.length, Place.SSPI_LONG_LENGTH)
  login[Place.OPTION_FLAGS_2] |= INTEGRATED_SECURITY
  login.writeUInt32LE(login.length + moved, Place.LENGTH)
  return Buffer.concat([login.subarray(0, start), token, login.subarray(end)])
}

/** The offset of the extensions is four octets, which lie where `EXTENSION` says. */
function moveExtension(login: Buffer, start: number, moved: number): void {
  const at = login.readUInt16LE(Place.EXTENSION)
  if (at === 0) return
  if (at + 4 > login.length) throw unexpected('the extensions lie outside of the message LOGIN7')
  const offset = login.readUInt32LE(at)
  if (offset > start) login.writeUInt32LE(offset + moved, at)
  moveShort(login, Place.EXTENSION, start, moved)
}

function moveShort(login: Buffer, at: number, start: number, moved: number): void {
  const offset = login.readUInt16LE(at)
  if (offset <= start) return
  if (offset + moved > MAX_SHORT)
    throw new ConfigurationError('the ticket of the user is too long for the message LOGIN7', {
      code: 'KRB_ERR_FIELD_TOOLONG',
      hint: 'The user is in very many groups. Take it out of some, or let the server be called as an account of the service.',
    })
  login.writeUInt16LE(offset + moved, at)
}

function unexpected(what: string): ConfigurationError {
  return new ConfigurationError(`${what}, which is not what tedious 19 and 20 make`, {
    hint: "Use tedious 19 or 20, with the authentication { type: 'ntlm', options: { domain: '', userName: '', password: '' } }.",
  })
}
