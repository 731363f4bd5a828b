import { expect, test, vi } from 'vitest'
import { type FetchEvent, publish } from './events.js'

test('a listener that throws surfaces later, and changes nothing now', () => {
  const nextTick = vi.spyOn(process, 'nextTick').mockImplementation(() => {})
  const subject = { origin: 'http://localhost', service: 'HTTP/localhost', client: 'alice@AD.TEST', status: 401 }
  const event: FetchEvent = { kind: 'refused', ...subject, legs: 1 }
  const listener = () => {
    throw new Error('of the listener')
  }
  publish(event, { onEvent: listener })
  // A warning of the process comes by it as well.
  const [later] = nextTick.mock.calls[nextTick.mock.calls.length - 1]
  nextTick.mockRestore()
  expect(later).toThrow('of the listener')
})
