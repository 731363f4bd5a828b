/**
 * Runs Stryker with the options in the JSON file that is its only argument, in the working
 * directory. It is a process of its own since Stryker takes the working directory for the project.
 * Nothing of it outlives run.mjs, which may be killed without notice: then the channel to it
 * closes.
 */
import { readFileSync, rmSync } from 'node:fs'
import { Stryker } from '@stryker-mutator/core'

process.once('disconnect', () => {
  rmSync(process.cwd(), { recursive: true, force: true })
  process.kill(-process.pid, 'SIGKILL')
})

await new Stryker(JSON.parse(readFileSync(process.argv[2], 'utf8'))).runMutationTest()
process.exit(0)
