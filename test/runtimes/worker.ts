import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

export interface RunningWorker {
  readonly origin: string
  /** What it has written to its standard error so far. */
  readonly complaints: () => string
  end(): Promise<void>
}

/** Bundles a program of the folder `programs` for workers, as their tools do. */
export async function bundleOfWorker(program: string): Promise<string> {
  const build = await rolldown({
    input: fileURLToPath(new URL(`programs/${program}`, import.meta.url)),
    platform: 'neutral',
    tsconfig: false,
    resolve: { conditionNames: ['workerd', 'worker', 'browser', 'import', 'default'], mainFields: ['module', 'main'] },
    plugins: [
      {
        name: 'modules-of-node',
        resolveId: (id) =>
          isBuiltin(id) || id.startsWith('node:')
            ? { id: id.replace(/^(?!node:)/, 'node:'), external: true }
            : undefined,
      },
    ],
  })
  const { output } = await build.generate({ format: 'esm', codeSplitting: false })
  return output[0].code
}

/**
 * Runs a worker in workerd, on a port that the system chooses.
 *
 * @param code one ES module
 * @param texts the bindings of its environment
 */
export async function startWorker(
  binary: string,
  code: string,
  texts: Readonly<Record<string, string>>,
): Promise<RunningWorker> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-worker-'))
  writeFileSync(join(folder, 'worker.js'), code)
  writeFileSync(join(folder, 'config.capnp'), configuration(texts))
  const child = spawn(binary, ['serve', 'config.capnp', '--control-fd=1'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (complaints += text))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const end = async (): Promise<void> => {
    child.kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const port = await Promise.race([portOf(child), ended.then(() => undefined)])
  if (port !== undefined) return { origin: `http://127.0.0.1:${port}`, complaints: () => complaints, end }
  await end()
  throw new Error(`workerd ended before it listened:\n${complaints}`)
}

function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('workerd has no standard output')
  return new Promise((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      const said = JSON.parse(line)
      if (said.event === 'listen') resolve(said.port)
    })
  })
}

function configuration(texts: Readonly<Record<string, string>>): string {
  const bindings = Object.entries(texts).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`)
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [${bindings.join(', ')}]
);
`
}
