import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Circuit } from './circuit.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function circuitOf() {
  let time = 0
  const told: string[] = []
  const options = { failures: 2, pause: 1_000, timeLimit: 100, elapsed: () => time }
  const circuit = new Circuit({
    ...options,
    onChange: (state, last) => told.push(`${state} ${last?.code ?? ''}`.trim()),
  })
  return { circuit, told, pass: (milliseconds: number) => void (time += milliseconds) }
}

const down = (): Promise<never> => Promise.reject(new Error('Connection is closed.'))
const refused = (): Promise<never> => Promise.reject(new Error('READONLY replica'))
const up = async (): Promise<string> => 'here'
const outcome = (call: Promise<string>): Promise<string> => call.catch((error: { message: string }) => error.message)

test('opens after so many questions in a row without an answer, and then asks nothing', async () => {
  const { circuit, told } = circuitOf()
  await outcome(circuit.ask(down))
  expect(await outcome(circuit.ask(up))).toBe('here')
  await outcome(circuit.ask(down))
  expect(circuit.isOpen).toBe(false)
  await outcome(circuit.ask(down))
  expect(told).toEqual(['open S4U_REDIS_UNREACHABLE'])
  const question = vi.fn(up)
  expect(await outcome(circuit.ask(question))).toBe(
    'Redis is not asked for a while, after 2 questions without an answer',
  )
  expect(question).not.toHaveBeenCalled()
})

test('tries once after the pause; what comes meanwhile waits for the outcome', async () => {
  const { circuit, told, pass } = circuitOf()
  for (const _ of [1, 2]) await outcome(circuit.ask(down))
  pass(1_000)
  const trial = vi.fn(down)
  const meanwhile = vi.fn(up)
  const both = [outcome(circuit.ask(trial)), outcome(circuit.ask(meanwhile))]
  await Promise.all(both)
  expect([trial.mock.calls.length, meanwhile.mock.calls.length]).toEqual([1, 0])
  expect(await outcome(circuit.ask(up))).toMatch(/^Redis is not asked/)
  pass(1_000)
  const good = await Promise.all([1, 2, 3].map(() => outcome(circuit.ask(up))))
  expect(good).toEqual(['here', 'here', 'here'])
  expect(told).toEqual(['open S4U_REDIS_UNREACHABLE', 'closed'])
})

test('a server that refuses is there: the circuit stays closed, and closes', async () => {
  const { circuit, pass } = circuitOf()
  for (const _ of [1, 2, 3]) await outcome(circuit.ask(refused))
  expect(circuit.isOpen).toBe(false)
  for (const _ of [1, 2]) await outcome(circuit.ask(down))
  pass(1_000)
  expect(await outcome(circuit.ask(refused))).toBe('Redis refused a command: READONLY replica')
  expect(circuit.isOpen).toBe(false)
})

test('a question ends after the time limit, and leaves no timer behind', async () => {
  const { circuit } = circuitOf()
  const late = outcome(circuit.ask(() => new Promise<string>(() => {})))
  await vi.advanceTimersByTimeAsync(101)
  expect(await late).toBe('Redis did not answer within 100 ms')
  expect(await outcome(circuit.ask(up))).toBe('here')
  expect(vi.getTimerCount()).toBe(0)
})
