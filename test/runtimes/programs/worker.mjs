/** Runs another program of this folder in a worker thread: `worker.mjs PROGRAM SETTINGS.json`. */
import process from 'node:process'
import { Worker } from 'node:worker_threads'

const [program, settings] = process.argv.slice(-2)
const worker = new Worker(new URL(program, import.meta.url), { argv: [settings] })
worker.on('error', (error) => console.error(error))
