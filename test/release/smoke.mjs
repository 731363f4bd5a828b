/** Installs the tarballs as a user does, and runs them. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Installs every tarball with npm into an empty project, imports every package, runs the command
 * and an app with a test of its own. Throws with what was printed where one of them fails.
 *
 * @param {string} root the repository, for the example
 * @param {string} tarballs
 * @param {string} project where it is installed
 * @param {string} version that the command is to tell
 */
export function smoke(root, tarballs, project, version) {
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n')
  const files = readdirSync(tarballs)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => join(tarballs, name))
  run(project, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...files, 'express@5'])
  const names = readdirSync(join(project, 'node_modules', '@s4u')).map((name) => `@s4u/${name}`)
  if (names.length !== files.length)
    throw new Error(`${files.length} tarballs gave ${names.length} packages: ${names.join(', ')}`)
  const imports = names.map((name) => `await import(${JSON.stringify(name)})`).join('\n')
  writeFileSync(join(project, 'imports.mjs'), `${imports}\n`)
  run(project, process.execPath, ['imports.mjs'])
  const told = run(project, 'npx', ['--no-install', 's4u', '--version']).trim()
  if (told !== version) throw new Error(`s4u --version tells ${told}, and the release is ${version}`)
  cpSync(join(root, 'examples', 'test-your-own-app'), join(project, 'app'), {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  })
  run(join(project, 'app'), process.execPath, ['--test'])
  return names
}

/** @param {string} folder @param {string} command @param {string[]} args */
function run(folder, command, args) {
  try {
    return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
    throw new Error(
      `${command} ${args.slice(0, 3).join(' ')} failed:\n${`${stdout}${stderr}`.split('\n').slice(-30).join('\n')}`,
      { cause: error },
    )
  }
}
