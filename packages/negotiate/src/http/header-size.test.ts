import { expect, test } from 'vitest'
import { connection, requestWith } from '../fixtures/requests.js'
import { warnOfSmallHeaders } from './header-size.js'

const warningsOf = (server: object | undefined, times = 1, httpVersionMajor = 1): string[] => {
  const warnings: string[] = []
  const request = requestWith({}, { httpVersionMajor, socket: Object.assign(connection(), { server }) })
  for (let time = 0; time < times; time++) warnOfSmallHeaders(request, (message) => void warnings.push(message))
  return warnings
}

test('a server with the default size is warned of, once', () => {
  expect(warningsOf({}, 3)).toEqual([expect.stringContaining('maxHeaderSize: 65536')])
  expect(warningsOf({ maxHeaderSize: 32_768 })).toEqual([expect.stringContaining('32768')])
})

test('a server that takes big tickets is not', () => {
  expect(warningsOf({ maxHeaderSize: 65_536 })).toEqual([])
})

test('neither is HTTP/2, nor what is no server', () => {
  expect(warningsOf({}, 1, 2)).toEqual([])
  expect(warningsOf(undefined)).toEqual([])
  warnOfSmallHeaders(requestWith(), () => expect.unreachable())
})
