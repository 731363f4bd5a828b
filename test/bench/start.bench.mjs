/**
 * `npm start` on a warm checkout, until the page can be opened: five seconds at most. The floor is
 * npm running nothing.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ROUNDS = 5

/** Milliseconds that somebody who only wants to look has to wait at most, on two cores. */
const LIMIT = 5000

export default async function bench(_measure, add) {
  await untilPage() // whatever is still to be installed or built
  const value = median(await times(untilPage))
  const floor = median(await times(untilNothing))
  add({ name: 'npm-start-warm', value, unit: 'ms', floor, ratio: value / floor, limit: LIMIT })
}

async function untilPage() {
  const started = performance.now()
  const args = ['start', '--', '--page', '--port', '0']
  const child = spawn('npm', args, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const chunk of child.stdout) if (String(chunk).includes('s4u demo:')) break
  const elapsed = performance.now() - started
  process.kill(-child.pid, 'SIGINT')
  if (child.exitCode === null) await once(child, 'exit')
  return elapsed
}

async function untilNothing() {
  const started = performance.now()
  const child = spawn('npm', ['exec', '--no', '--', 'node', '-e', '0'], { cwd: root, stdio: 'ignore' })
  await once(child, 'exit')
  return performance.now() - started
}

async function times(operation) {
  const figures = []
  for (let round = 0; round < ROUNDS; round++) figures.push(await operation())
  return figures
}

function median(figures) {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)]
}
