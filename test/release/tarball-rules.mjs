/** What a tarball must be before it is published. */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'

/**
 * What attw reports and we accept: the packages are ESM only, and every Node that is supported can
 * `require()` an ES module (docs/commonjs.md).
 */
const ACCEPTED = new Set(['CJSResolvesToESM node16-cjs'])

/**
 * Returns what is wrong with a tarball, in words.
 *
 * @param {Uint8Array<ArrayBuffer>} tarball
 * @returns {Promise<string[]>}
 */
export async function faultsOfTarball(tarball) {
  const { messages } = await publint({ pack: { tarball: tarball.buffer }, strict: true })
  const packed = createPackageFromTarballData(tarball)
  const analysis = await checkPackage(packed, { excludeEntrypoints: ['package.json'] })
  if (!analysis.types) return ['attw: the package carries no types']
  const { problems } = analysis
  const kinds = problems.map((problem) =>
    'resolutionKind' in problem ? `${problem.kind} ${problem.resolutionKind}` : problem.kind,
  )
  return [
    ...messages.map(({ type, code, path }) => `publint: ${type} ${code} at ${path.join('.')}`),
    ...kinds.filter((kind) => !ACCEPTED.has(kind)).map((kind) => `attw: ${kind}`),
    ...faultsOfManifest(JSON.parse(packed.readFile(`/node_modules/${packed.packageName}/package.json`))),
  ]
}

/**
 * Returns what keeps a manifest from being published with a provenance that npm can check.
 *
 * @param {import('./version.mjs').Manifest} manifest
 */
export function faultsOfManifest(manifest) {
  const { license, repository, publishConfig, engines, scripts = {}, private: isPrivate } = manifest
  const faults = []
  if (license !== 'MIT') faults.push('license is not MIT')
  if (isPrivate) faults.push('it is private')
  if (!repository?.url?.startsWith('git+https://') || !repository.directory)
    faults.push('repository has no url (git+https://…) or no directory: provenance names both')
  if (publishConfig?.access !== 'public') faults.push('publishConfig.access is not public')
  if (publishConfig?.provenance !== true) faults.push('publishConfig.provenance is not true')
  if (!engines?.node) faults.push('engines.node is missing')
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    if (name in scripts) faults.push(`scripts.${name} would run at its users`)
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
    for (const [name, range] of Object.entries(manifest[kind] ?? {}))
      if (/^(workspace|link|file|git|git\+\w+|https?):|^\*$|^latest$/.test(String(range)))
        faults.push(`${kind}.${name} is ${range}`)
  return faults
}
