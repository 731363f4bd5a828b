/**
 * Writes a bill of materials (CycloneDX 1.6) of all packages and of what is installed with them.
 */
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library'

/**
 * Returns the document, in JSON. It has no time and no serial number: the same sources give the
 * same octets.
 *
 * @param {string} version of the release
 * @param {import('./lock-file.mjs').Lock} lock
 * @param {Map<string, string>} versions of our packages: `krb5` → `0.2.0`
 * @param {(name: string, version: string) => string} licenceOf of a package of others, as SPDX
 */
export function sbomOf(version, lock, versions, licenceOf) {
  const bom = new Models.Bom()
  const whole = new Models.Component(Enums.ComponentType.Library, 's4u', { version, bomRef: `s4u@${version}` })
  bom.metadata.component = whole
  const components = new Map()
  for (const name of lock.ours.keys())
    components.set(`link:${name}`, componentOf(`@s4u/${name}`, versions.get(name) ?? version, 'MIT'))
  for (const [id, { name, version, integrity }] of lock.others) {
    const component = componentOf(name, version, licenceOf(name, version), id)
    component.hashes.set(Enums.HashAlgorithm['SHA-512'], hexOf(integrity))
    components.set(id, component)
  }
  for (const component of components.values()) bom.components.add(component)
  for (const name of lock.ours.keys()) whole.dependencies.add(components.get(`link:${name}`).bomRef)
  const needs = [
    ...[...lock.ours].map(([name, ids]) => [`link:${name}`, ids]),
    ...[...lock.others].map(([id, { dependencies }]) => [id, dependencies]),
  ]
  for (const [id, ids] of needs) for (const one of ids) components.get(id).dependencies.add(components.get(one).bomRef)
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6))
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`
}

/** @param {string} name @param {string} version @param {string} licence @param {string} [bomRef] */
function componentOf(name, version, licence, bomRef = `${name}@${version}`) {
  const [, group, own = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? []
  const purl = `pkg:npm/${group === undefined ? '' : `%40${group.slice(1)}/`}${own}@${encodeURIComponent(version)}`
  const component = new Models.Component(Enums.ComponentType.Library, own, {
    version,
    bomRef,
    purl,
    ...(group && { group }),
  })
  component.licenses.add(new Models.LicenseExpression(licence))
  return component
}

/** @param {string} integrity `sha512-` and base64 */
function hexOf(integrity) {
  const [, base64] = /^sha512-(.+)$/.exec(integrity) ?? []
  if (base64 === undefined) throw new Error(`the lock file has ${integrity}; expected a hash by SHA-512`)
  return Buffer.from(base64, 'base64').toString('hex')
}
