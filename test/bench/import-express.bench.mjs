/**
 * What an app pays for `import '@s4u/express'` at its start, beside Express itself: CPU
 * milliseconds of a new process, and its memory. Whatever is loaded only by the first delegated
 * request does not count; `test/packages/loaded-modules.test.ts` says which modules may be loaded.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))
const ROUNDS = 9

const PROGRAM = `
  const [cpu, { rss }] = [process.cpuUsage(), process.memoryUsage()]
  for (const name of process.argv.slice(1)) await import(name)
  const { user, system } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ cpu: (user + system) / 1_000, memory: (process.memoryUsage().rss - rss) / 1e6 }))
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
    ['cpu', 'ms', 80],
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
