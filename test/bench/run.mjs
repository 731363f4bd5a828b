/**
 * `npm run bench`: runs every test/bench/*.bench.mjs against the built packages.
 *
 *     npm run bench                         all of them, as a table
 *     npm run bench -- crypto               those whose file name contains "crypto"
 *     npm run bench -- --json rows.json     also writes `[{ name, value, unit, floor, … }]`
 *
 * A bench file exports a default async function that is given `measure` and adds rows with it, or
 * with `add` what it has measured in its own way; `floor` is what the bare operation below ours
 * costs, `ratio` is value / floor, both null in the file where nothing bare can be compared. Lower
 * is better, in all of them; a row above its `limit`, where it has one, makes the exit status 1.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { measureWith } from './measure.mjs'

const args = process.argv.slice(2)
const jsonAt = args.indexOf('--json')
const jsonFile = jsonAt < 0 ? undefined : args.splice(jsonAt, 2)[1]
if (jsonAt >= 0 && jsonFile === undefined) throw new Error('--json needs a file name')

const files = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.mjs'))
  .filter((file) => args.length === 0 || args.some((part) => file.includes(part)))
  .sort()

const rows = []
const inJson = ({ name, value, unit, floor = null, ratio = null, limit }) => ({
  name,
  value,
  unit,
  floor,
  ratio,
  limit,
})
for (const file of files) {
  const { default: bench } = await import(new URL(file, import.meta.url).href)
  const add = (row) => rows.push(print(row))
  await bench(measureWith(add), add)
}
if (rows.length === 0) console.log('no benchmark to run')
if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(rows.map(inJson), null, 2)}\n`)

function print(row) {
  const number = (value, width) => value.toFixed(2).padStart(width)
  const floor = row.floor === undefined ? '' : `  floor ${number(row.floor, 9)}  ratio ${number(row.ratio, 6)}`
  const limit = row.limit === undefined ? '' : `  limit ${number(row.limit, 9)}`
  const exceeded = row.value > row.limit
  console.log(
    `${row.name.padEnd(56)} ${number(row.value, 10)} ${row.unit}${floor}${limit}${exceeded ? '  EXCEEDED' : ''}`,
  )
  if (exceeded) process.exitCode = 1
  return row
}
