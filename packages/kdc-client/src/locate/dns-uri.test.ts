import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { question, readAnswer, resolveUri } from './dns-uri.js'

/**
 * An answer to `asked` with URI records, and an A record that is not asked for, their names as
 * pointers.
 */
function answerTo(asked: Uint8Array, targets: readonly string[]): Uint8Array {
  const head = Buffer.from(asked)
  head[2] |= 0x80
  head.writeUInt16BE(targets.length + 1, 6)
  const record = (type: number, data: Buffer): Buffer => {
    const fixed = Buffer.from([
      0xc0,
      12,
      type >> 8,
      type & 0xff,
      0,
      1,
      0,
      0,
      1,
      0,
      data.length >> 8,
      data.length & 0xff,
    ])
    return Buffer.concat([fixed, data])
  }
  const uris = targets.map((target, index) =>
    record(256, Buffer.concat([Buffer.from([0, index, 0, 7]), Buffer.from(target)])),
  )
  return Buffer.concat([head, record(1, Buffer.from([127, 0, 0, 1])), ...uris])
}

test('asks a name server for URI records and reads its answer', async () => {
  const server = createSocket('udp4')
  server.on('message', (message, from) =>
    server.send(answerTo(message, ['krb5srv:m:udp:kdc1']), from.port, from.address),
  )
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  expect(await resolveUri('_kerberos.AD.TEST', undefined, [`127.0.0.1:${port}`])).toEqual([
    { priority: 0, weight: 7, target: 'krb5srv:m:udp:kdc1' },
  ])
  server.close()
})

test('finds none when nobody answers', async () => {
  expect(await resolveUri('_kerberos.AD.TEST', undefined, ['127.0.0.1:9'])).toEqual([])
})

test('passes over a name server whose own name does not resolve', async () => {
  expect(await resolveUri('_kerberos.AD.TEST', undefined, [`${'x'.repeat(64)}.test`, '127.0.0.1:9'])).toEqual([])
})

test('leaves out a record that is too short, and reads the others', () => {
  const answer = Buffer.from(answerTo(question(1, '_kerberos.AD.TEST'), ['krb5srv:m:udp:kdc1', '']))
  expect(readAnswer(answer, 1)).toHaveLength(2)
  // The last one, of priority and weight alone, without its last octet.
  answer[answer.length - 5] = 3
  expect(readAnswer(answer.subarray(0, -1), 1)).toEqual([{ priority: 0, weight: 7, target: 'krb5srv:m:udp:kdc1' }])
})

test('does not read an answer to another question, nor one that is damaged', () => {
  const answer = answerTo(question(1, '_kerberos.AD.TEST'), ['krb5srv:m:udp:kdc1'])
  expect(readAnswer(answer, 2)).toBeUndefined()
  expect(readAnswer(answer.subarray(0, 8), 1)).toBeUndefined()
  expect(readAnswer(question(1, '_kerberos.AD.TEST'), 1)).toBeUndefined()
  for (let length = 14; length < answer.length; length++)
    expect(() => readAnswer(answer.subarray(0, length), 1)).toThrow(RangeError)
})
