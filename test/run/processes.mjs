/**
 * Runs the commands of `npm test`, and stops what they started when they end or are interrupted.
 */
import { spawn } from 'node:child_process'

/** How long an interrupted child may take to stop what it started, before it is killed. */
const STOP_GRACE_MS = 20_000

/**
 * @param {string} cwd where commands run
 * @param {() => void} finish prints the result and exits; called when the run was interrupted
 */
export function openProcesses(cwd, finish) {
  const running = new Set()
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt(signal))
  stopWithNpm(() => interrupt('npm was stopped'))
  process.on('exit', () => {
    for (const child of running) kill(child, 'SIGKILL')
  })

  function interrupt(signal) {
    if (interrupted) return
    interrupted = true
    console.log(`\n${signal}: stopping`)
    for (const child of running) kill(child, 'SIGTERM')
    if (running.size === 0) finish()
    setTimeout(finish, STOP_GRACE_MS)
  }

  /**
   * Runs a command in a process group of its own, so that all it started can be stopped with it.
   *
   * @returns {Promise<{ code: number, seconds: string }>}
   */
  function run(name, command, args) {
    if (interrupted) return new Promise(() => {})
    console.log(`\n== ${name}`)
    const started = Date.now()
    return new Promise((resolve) => {
      const stdio = ['ignore', 'inherit', 'inherit']
      const child = spawn(command, args, { cwd, env: quietEnvironment(), stdio, detached: true })
      running.add(child)
      const done = (code) => {
        // What the command left behind in its group goes with it.
        kill(child, 'SIGKILL')
        running.delete(child)
        if (interrupted && running.size > 0) return
        if (interrupted) finish()
        resolve({ code, seconds: ((Date.now() - started) / 1000).toFixed(1) })
      }
      child.on('error', (error) => {
        console.log(error.message)
        done(1)
      })
      child.on('exit', (code) => done(code ?? 1))
    })
  }

  return { run, isInterrupted: () => interrupted }
}

function quietEnvironment() {
  return {
    ...process.env,
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
    DO_NOT_TRACK: '1',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    NO_UPDATE_NOTIFIER: '1',
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
  }
}

/** A signal to npm ends npm and the shell between us, and reaches us only as another parent. */
function stopWithNpm(stop) {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && stop(), 500).unref()
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}
