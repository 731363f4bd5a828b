import { FileError } from '@s4u/smb'
import { MalformedTokenError, NdrWriter, RejectedTokenError } from '@s4u/krb5'
import { readFileSync } from 'node:fs'
import { FrameSplitter } from '../../../packages/smb/src/transport/frame-splitter.js'
import {
  readAllInformation,
  readChanges,
  readDirectoryEntries,
} from '../../../packages/smb/src/formats/file-information.js'
import { findSharePath, wireName } from '../../../packages/smb/src/formats/file-name.js'
import { readReferral } from '../../../packages/smb/src/formats/referral.js'
import { readShareEnum } from '../../../packages/smb/src/formats/share-enumeration.js'
import { createSealer } from '../../../packages/smb/src/protection/encryption.js'
import { breakAcknowledgement, findDurableGrant, readBreak } from '../../../packages/smb/src/wire/durable.js'
import { readCreate, readData, readWritten } from '../../../packages/smb/src/wire/file-messages.js'
import { readHeader, readTransform, splitChain } from '../../../packages/smb/src/wire/header.js'
import { readNegotiateAnswer } from '../../../packages/smb/src/wire/negotiate-message.js'
import { utf16 } from '../../../packages/smb/src/wire/octets.js'
import { readControlOutput, readErrorData, readOutput } from '../../../packages/smb/src/wire/query-messages.js'
import { readSessionSetup, readTreeConnect } from '../../../packages/smb/src/wire/session-messages.js'
import { type Decoder, decoder } from '../decoder.js'
import { fromHex, texts } from '../inputs/seeds.js'

interface Published {
  readonly preauthChain: { readonly steps: readonly (readonly [string, string])[] }
  readonly signedFinalResponse: readonly { readonly message: string }[]
  readonly transform: readonly { readonly key: string; readonly plain: string; readonly message: string }[]
}

const published: Published = JSON.parse(
  readFileSync(new URL('../../vectors/smb-vectors.json', import.meta.url), 'utf8'),
)
const [, negotiated, , setup] = published.preauthChain.steps.map(([, message]) => fromHex(message))
const signed = published.signedFinalResponse.map(({ message }) => fromHex(message))
const encrypted = published.transform.map(({ message }) => fromHex(message))
const key = fromHex(published.transform[0].key)
const sealer = createSealer('aes-128-gcm', { clientToServer: key, serverToClient: key })

/** A response of this body: octets by place. */
function response(
  size: number,
  places: Readonly<Record<number, number>>,
  more: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const message = new Uint8Array(size + more.length)
  message.set(signed[0].subarray(0, 64))
  for (const [at, value] of Object.entries(places)) message[Number(at)] = value
  message.set(more, size)
  return message
}

const created = response(
  152,
  { 64: 89, 144: 152, 148: 32 },
  Uint8Array.of(0, 0, 0, 0, 16, 0, 4, 0, 0, 0, 24, 0, 8, 0, 0, 0, 68, 72, 50, 81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
)
const data = response(80, { 64: 17, 66: 80, 68: 4 }, Uint8Array.of(1, 2, 3, 4))
const output = response(72, { 64: 9, 66: 72, 68: 4 }, Uint8Array.of(1, 2, 3, 4))
const control = response(112, { 64: 49, 96: 112, 100: 4 }, Uint8Array.of(1, 2, 3, 4))

/** Two entries of a folder. */
function entries(): Uint8Array {
  const [first, last] = ['one.txt', 'zwei'].map((name) => {
    const entry = new Uint8Array(104 + 16)
    entry[60] = name.length * 2
    entry.set(utf16(name), 104)
    return entry
  })
  first[0] = first.length
  return Uint8Array.of(...first, ...last)
}

const change = Uint8Array.of(
  16,
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  97,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  3,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  98,
  0,
)

/** A link `\a\dfs\link` to `\b\c`. */
const referral = Uint8Array.of(
  ...[22, 0, 1, 0, 2, 0, 0, 0],
  ...[3, 0, 34, 0, 0, 0, 0, 0, 60, 0, 0, 0, 34, 0, 34, 0, 34, 0],
  ...new Uint8Array(16),
  ...utf16('\\b\\c\0'),
)

/** Two shares, as they are listed. */
const shares = NdrWriter.stub((ndr) => {
  ndr.u32(1).u32(1).pointer(true).u32(2).pointer(true).u32(2)
  for (const type of [0, 0x8000_0003]) ndr.pointer(true).u32(type).pointer(true)
  for (const text of ['docs', 'What all may read', 'IPC$', '']) ndr.terminatedString(text)
  ndr.u32(2).pointer(true).u32(0).u32(0)
})

/** What a file server sends, and what people write as paths. */
export const smbDecoders: readonly Decoder[] = [
  decoder('frames of SMB', [Uint8Array.of(0, 0, 0, 4, 1, 2, 3, 4), Uint8Array.of(0, 0, 0, 0)], (bytes) => {
    const splitter = new FrameSplitter(() => 1_000)
    for (let at = 0; at < bytes.length; at += 3) splitter.push(bytes.subarray(at, at + 3))
  }),
  decoder(
    'frames of SMB, received in place',
    [Uint8Array.of(0, 0, 0, 4, 1, 2, 3, 4), Uint8Array.of(0, 0, 0, 0)],
    (bytes) => {
      const splitter = new FrameSplitter(() => 1_000)
      for (let at = 0; at < bytes.length;) {
        const { space } = splitter
        const came = bytes.subarray(at, at + Math.min(space.length, 3))
        space.set(came)
        splitter.filled(came.length)
        at += came.length
      }
    },
  ),
  decoder('header of SMB', [...signed, negotiated], readHeader),
  decoder('chain of SMB', [...signed, published.transform.map(({ plain }) => fromHex(plain))[0]], splitChain),
  decoder('encrypted message of SMB', encrypted, readTransform),
  decoder('encrypted message of SMB, opened', encrypted, (bytes) => sealer.open(bytes), [
    MalformedTokenError,
    RejectedTokenError,
  ]),
  decoder('NEGOTIATE response', [negotiated], readNegotiateAnswer),
  decoder('SESSION_SETUP response', [setup, ...signed], readSessionSetup),
  decoder('TREE_CONNECT response', [response(80, { 64: 16, 66: 1 })], readTreeConnect),
  decoder('CREATE response', [created], readCreate),
  decoder('grant of a durable handle', [created], (bytes) => findDurableGrant(readCreate(bytes).contexts)),
  decoder(
    'break of a lease or an oplock',
    [response(108, { 64: 44, 68: 1, 92: 1 }), response(88, { 64: 24, 66: 1 })],
    (bytes) => breakAcknowledgement(readBreak(bytes)),
  ),
  decoder('READ response', [data], (bytes) => readData(bytes, 4)),
  decoder('WRITE response', [response(80, { 64: 17, 68: 4 })], (bytes) => readWritten(bytes, 4)),
  decoder('output of a query', [output], (bytes) => readOutput(bytes, 4, 'QUERY_INFO')),
  decoder('output of an IOCTL', [control], (bytes) => readControlOutput(bytes, 4)),
  decoder('data of an error', [output], readErrorData),
  decoder('entries of a folder', [entries()], readDirectoryEntries),
  decoder('facts of a file', [new Uint8Array(100)], readAllInformation),
  decoder('changes in a folder', [change], readChanges),
  decoder(
    'path of a file',
    texts('reports/2026.pdf', 'a\\b', '../x', 'con.txt', 'f:stream', 'x.'),
    (bytes) => {
      const name = wireName(Buffer.from(bytes).toString('utf8'), { syscall: 'open', streams: bytes.length % 2 === 0 })
      if (name.split('\\').includes('..')) throw new Error('a way out of the folder')
    },
    [FileError],
  ),
  decoder('referral of DFS', [referral], (bytes) => readReferral(bytes, '\\a\\dfs\\link\\x')),
  decoder('answer of NetrShareEnum', [shares], readShareEnum),
  decoder('path of a share', texts('\\\\files.ad.test\\docs\\folder', '//h/s'), (bytes) =>
    findSharePath(Buffer.from(bytes).toString('utf8')),
  ),
]
