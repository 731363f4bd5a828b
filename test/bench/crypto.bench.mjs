/** The operations of `Key`, next to the calls of `node:crypto` that none of them can do without. */
import { createCipheriv, createDecipheriv, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { Key } from '@s4u/krb5'

/** Octets of a ticket's plaintext, with a PAC of a user in some groups. */
const TICKET = 1200
const TICKET_USAGE = 2
const CHECKSUM_USAGE = 17

const TYPES = [
  { name: 'aes256-sha1', etype: 18, cipher: 'aes-256-cbc', keyLength: 32, hash: 'sha1' },
  { name: 'aes256-sha2', etype: 20, cipher: 'aes-256-cbc', keyLength: 32, hash: 'sha384' },
]

export default async function bench(measure) {
  for (const type of TYPES) await benchType(measure, type)
  await benchStringToKey(measure)
}

async function benchType(measure, { name, etype, cipher, keyLength, hash }) {
  const [iv, raw, macKey, blocks] = [
    new Uint8Array(16),
    randomBytes(keyLength),
    randomBytes(24),
    randomBytes(TICKET + 16),
  ]
  const key = Key.random(etype)
  const plaintext = randomBytes(TICKET)
  const ciphertext = key.seal(TICKET_USAGE, plaintext)
  const mac = () => createHmac(hash, macKey).update(blocks).digest()
  const newDecipher = () => createDecipheriv(cipher, raw, iv).setAutoPadding(false)
  // A key that is kept can keep its objects, so they are no part of what an operation cannot avoid.
  const [decipher, encipher] = [newDecipher(), createCipheriv(cipher, raw, iv).setAutoPadding(false)]

  await measure(
    `open-${name}`,
    () => key.open(TICKET_USAGE, ciphertext),
    () => [decipher.update(blocks), mac()],
  )
  await measure(
    `seal-${name}`,
    () => key.seal(TICKET_USAGE, plaintext),
    () => [encipher.update(blocks), mac()],
  )
  await measure(`checksum-${name}`, () => key.checksum(CHECKSUM_USAGE, plaintext), mac)
  // A session key is used about once: nothing that was derived before helps.
  const value = key.exposeSecretBytes()
  await measure(
    `open-${name}-new-key`,
    () => new Key(etype, value).open(TICKET_USAGE, ciphertext),
    () => [newDecipher().update(blocks), mac()],
  )
}

async function benchStringToKey(measure) {
  const [password, salt] = ['a password of a person', 'AD.TESTalice']
  await measure(
    'string-to-key',
    () => Key.fromPassword(18, password, salt),
    () => promisify(pbkdf2)(password, salt, 4096, 32, 'sha1'),
  )
}
