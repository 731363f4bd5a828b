/**
 * What an app pays for `import '@s4u/express'` at its start, beside Express itself: milliseconds
 * until a new process has it, CPU milliseconds (the garbage collector works beside), and memory.
 * Whatever is loaded only by the first delegated request does not count;
 * `test/packages/loaded-modules.test.ts` says which modules may be loaded.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))
const ROUNDS = 9

const PROGRAM = `
  const [began, cpu, { rss }] = [performance.now(), process.cpuUsage(), process.memoryUsage()]
  for (const name of process.argv.slice(1)) await import(name)
  const time = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  const memory = (process.memoryUsage().rss - rss) / 1e6
  console.log(JSON.stringify({ time, cpu: (user + system) / 1_000, memory }))
`

export default async function bench(_measure, add) {
  const express = []
  const both = []
  // In turns, so that a busy machine is busy for both.
  for (let round = 0; round < ROUNDS; round++) {
    express.push(costOf('express'))
    both.push(costOf('express', '@s4u/express'))
  }
  for (const [key, unit, limit] of [
    ['time', 'ms', 80],
    ['cpu', 'ms CPU', undefined],
    ['memory', 'MB', 12],
  ]) {
    const floor = median(express.map((cost) => cost[key]))
    const value = median(both.map((cost) => cost[key])) - floor
    add({ name: `import-express-${key}`, value, unit, floor, ratio: value / floor, limit })
  }
}

function costOf(...names) {
  const words = ['--input-type=module', '--eval', PROGRAM, ...names]
  return JSON.parse(execFileSync(process.execPath, words, { cwd: folder, encoding: 'utf8' }))
}

function median(figures) {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)]
}
