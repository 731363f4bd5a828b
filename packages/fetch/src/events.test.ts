import { expect, test, vi } from 'vitest'
import { type FetchEvent, publish } from './events.js'

test('a listener that throws surfaces later, and changes nothing now', () => {
  const nextTick = vi.spyOn(process, 'nextTick').mockImplementation(() => {})
  const subject = { origin: 'http://localhost', service: 'HTTP/localhost', client: 'alice@AD.TEST', status: 401 }
  const event: FetchEvent = { kind: 'refused', ...subject, legs: 1 }
  const listener = () => {
    throw new Error('of the listener')
  }
  publish(event, listener)
  const [later] = nextTick.mock.calls[0]
  nextTick.mockRestore()
  expect(later).toThrow('of the listener')
})
