import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deployment } from 'kubernetes-models/apps/v1'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Secret, Service } from 'kubernetes-models/v1'
import { afterAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { describeRealms } from '../realms/suite.js'

/** The files of docs/deployment.md, as the programs read them that they are for. */
const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
const block = (kind: string): string => new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)?.[1] ?? ''

await describeRealms('the unit of systemd', ['systemd'], () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-unit-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** What `systemd-analyze verify` says of it; nothing is good. */
  function complaints(unit: string): string {
    const file = join(folder, 'web.service')
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file])
    return `${status} ${stderr.toString()}`.trim()
  }

  test('is one that systemd takes, each line of it', () => {
    expect(block('systemd')).toContain('[Service]')
    expect(complaints(block('systemd'))).toBe('0')
    expect(complaints(block('systemd').replace('ProtectHome', 'ProtectHme'))).toContain('ProtectHme')
  })
})

describe('the manifests of Kubernetes', () => {
  const kinds = { Deployment, NetworkPolicy, PodDisruptionBudget, Secret, Service }
  const documents = parseAllDocuments(block('yaml'))
  const manifests = documents.map((document) => Object(document.toJS()))

  test('are YAML without a mistake, of the kinds that the page is about', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([])
    expect(manifests.map(({ kind }) => kind)).toEqual([
      ...['Deployment', 'Secret', 'Secret', 'Service', 'PodDisruptionBudget', 'NetworkPolicy'],
    ])
  })

  test.each(manifests.map((manifest) => [manifest.kind, manifest] as const))(
    '%s obeys its schema',
    (kind, manifest) => {
      const Model = kinds[kind as keyof typeof kinds]
      expect(manifest.apiVersion).toBe(new Model().apiVersion)
      expect(new Model(manifest).validate()).toBeUndefined()
    },
  )

  test('a manifest that does not obey its schema is told from one that does', () => {
    expect(() => new Deployment({ ...manifests[0], spec: { replicas: 'four' } }).validate()).toThrow(
      /replicas|selector/,
    )
  })

  test('name each other rightly, and give the service no more than it needs', () => {
    const [deployment, keytab, secrets, service, budget, policy] = manifests
    const { template } = deployment.spec
    const [container] = template.spec.containers
    const { labels } = template.metadata
    for (const selector of [deployment.spec.selector, budget.spec.selector, policy.spec.podSelector])
      expect(selector.matchLabels).toEqual(labels)
    expect(service.spec.selector).toEqual(labels)
    expect(template.spec.volumes[0].secret.secretName).toBe(keytab.metadata.name)
    expect(container.envFrom[0].secretRef.name).toBe(secrets.metadata.name)
    expect(container.volumeMounts.map(({ name }: { name: string }) => name)).toEqual(
      template.spec.volumes.map(({ name }: { name: string }) => name),
    )
    for (const mount of container.volumeMounts) expect(mount).toMatchObject({ readOnly: true })
    // A file that is mounted by subPath would not change with its secret.
    expect(JSON.stringify(container.volumeMounts)).not.toContain('subPath')
    expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
    expect(container.securityContext).toMatchObject({
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
      capabilities: { drop: ['ALL'] },
    })
    expect(policy.spec.policyTypes).toEqual(['Ingress', 'Egress'])
  })
})

describe('the Dockerfile', () => {
  const lines = block('dockerfile').split('\n')

  test('ends as a user who is not root, and has no keytab in the image', () => {
    expect(lines.filter((line) => line.startsWith('USER '))).toEqual(['USER 1000:1000'])
    expect(lines.filter((line) => /^(?:COPY|ADD) .*keytab/.test(line))).toEqual([])
    expect(lines.findIndex((line) => line.startsWith('USER '))).toBeLessThan(
      lines.findIndex((line) => line.startsWith('CMD ')),
    )
  })
})
