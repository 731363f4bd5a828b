/**
 * The reference of what each package exports, made of the sources by TypeDoc: a page for each
 * package, with a summary, the declaration, the members and the examples of each export.
 */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Application, ReflectionKind } from 'typedoc'
import { packageNames, repository, root } from './pages.mjs'

/**
 * Returns the text of each page: `api/krb5.md`.
 *
 * @returns {Promise<Map<string, string>>}
 */
export async function apiPages() {
  const project = await read()
  const pages = project.children.map((module) => {
    const name = nameOf(module)
    return [`api/${name}.md`, pageOf(name, module)]
  })
  return new Map(pages)
}

/** TypeDoc knows an export by the package that comes first: the one that it is from. */
async function read() {
  const app = await Application.bootstrap({
    entryPoints: fromTheGroundUp().map((name) => join(root, 'packages', name, 'src/index.ts')),
    tsconfig: join(root, 'tsconfig.json'),
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    // The compiler of the repository has checked them; TypeDoc comes with an older one.
    skipErrorChecking: true,
    disableGit: true,
    sourceLinkTemplate: `${repository}/blob/main/{path}`,
    readme: 'none',
    logLevel: 'Error',
    sort: ['source-order'],
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the packages')
  return project
}

/** Each package behind those that it depends on. */
function fromTheGroundUp() {
  const needs = new Map(packageNames.map((name) => [name, siblingsOf(name)]))
  const sorted = []
  while (sorted.length < packageNames.length) {
    const next = packageNames.filter(
      (name) => !sorted.includes(name) && needs.get(name).every((one) => sorted.includes(one)),
    )
    if (next.length === 0) throw new Error('packages depend on each other in a circle')
    sorted.push(...next)
  }
  return sorted
}

function siblingsOf(name) {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  return Object.keys(dependencies).flatMap((one) => /^@s4u\/(.*)$/.exec(one)?.[1] ?? [])
}

/** `packages/krb5/src` or `krb5/src` is `krb5`. */
const nameOf = (module) => module.name.replace(/^packages\//, '').replace(/\/src.*$/, '')

function pageOf(name, module) {
  const own = module.children.filter((one) => one.kind !== ReflectionKind.Reference)
  const others = module.children.filter((one) => one.kind === ReflectionKind.Reference)
  const byName = new Map()
  for (const one of own) byName.set(one.name, [...(byName.get(one.name) ?? []), one])
  const sections = [...byName].sort(([a], [b]) => a.localeCompare(b, 'en')).map(([title, all]) => sectionOf(title, all))
  return `# API of @s4u/${name}

What \`@s4u/${name}\` exports. How to use it: [its page](/packages/${name}.md). This page is made from the comments in its sources.

${alsoExported(others)}${sections.join('\n\n')}
`
}

/** What a package hands on from those below it. */
function alsoExported(references) {
  if (references.length === 0) return ''
  const byPackage = new Map()
  for (const reference of references) {
    const target = reference.tryGetTargetReflectionDeep()
    const from = target?.parent === undefined ? undefined : nameOf(target.parent)
    if (from === undefined || !packageNames.includes(from)) continue
    byPackage.set(from, [...(byPackage.get(from) ?? []), reference.name])
  }
  const lines = [...byPackage].map(
    ([from, names]) =>
      `- from [@s4u/${from}](/api/${from}.md): ${names
        .sort((a, b) => a.localeCompare(b, 'en'))
        .map((one) => `[\`${one}\`](/api/${from}.md#${one.toLowerCase()})`)
        .join(', ')}`,
  )
  return `Also exported here:\n\n${lines.join('\n')}\n\n`
}

/** One name, which may be a type and a value. */
function sectionOf(title, all) {
  return [`## ${title}`, ...all.flatMap(partsOf)].filter((part) => part !== '').join('\n\n')
}

function partsOf(reflection) {
  const [source] = reflection.sources ?? reflection.signatures?.[0]?.sources ?? []
  const where =
    source === undefined ? '' : ` · [source](${repository}/blob/main/${relative(root, source.fullFileName)})`
  const heading = `*${ReflectionKind.singularString(reflection.kind).toLowerCase()}*${where}`
  if (reflection.signatures !== undefined) {
    return [heading, ...reflection.signatures.flatMap((one) => [fence(signature(one)), ...commentOf(one.comment)])]
  }
  return [heading, fence(declaration(reflection)), ...commentOf(reflection.comment), membersOf(reflection)]
}

const fence = (code) => (code === '' ? '' : `\`\`\`ts\n${code}\n\`\`\``)

function signature(one, name = one.name) {
  const parameters = (one.parameters ?? []).map(
    (each) =>
      `${each.flags.isRest ? '...' : ''}${each.name}${each.flags.isOptional || each.defaultValue !== undefined ? '?' : ''}: ${each.type}`,
  )
  const together = parameters.join(', ')
  const inside = together.length > 80 ? `\n  ${parameters.join(',\n  ')},\n` : together
  return `${name}${typeParameters(one)}(${inside}): ${one.type}`
}

const typeParameters = ({ typeParameters: given }) =>
  given === undefined || given.length === 0
    ? ''
    : `<${given.map((one) => `${one.name}${one.type === undefined ? '' : ` extends ${one.type}`}`).join(', ')}>`

function declaration(one) {
  const heritage = [
    ...(one.extendedTypes?.length ? [` extends ${one.extendedTypes.join(', ')}`] : []),
    ...(one.implementedTypes?.length ? [` implements ${one.implementedTypes.join(', ')}`] : []),
  ].join('')
  if (one.kind === ReflectionKind.Interface) return `interface ${one.name}${typeParameters(one)}${heritage}`
  if (one.kind === ReflectionKind.Class) return `class ${one.name}${typeParameters(one)}${heritage}`
  if (one.kind === ReflectionKind.TypeAlias) return `type ${one.name}${typeParameters(one)} = ${shortened(one.type)}`
  if (one.kind === ReflectionKind.Variable) return `const ${one.name}: ${shortened(one.type)}`
  return ''
}

/** A long union takes a line for each of its members; an object of many members is told below. */
function shortened(type) {
  const text = String(type)
  if (text.length <= 100) return text
  if (type.type === 'union') return `\n  | ${type.types.join('\n  | ')}`
  return text.length > 600 ? `${text.slice(0, 600)} …` : text
}

function commentOf(comment) {
  if (comment === undefined) return []
  const tags = comment.blockTags.map(({ tag, content }) => {
    const text = shown(content)
    if (tag === '@throws') return `Throws ${text.replace(/^@throws\s*/, '')}`
    if (tag === '@deprecated') return `**Deprecated.** ${text}`
    return text
  })
  return [shown(comment.summary), ...tags]
}

/** The text of a comment; code fences in it are those of the sources. */
const shown = (parts) =>
  parts
    .map(({ text }) => text)
    .join('')
    .trim()

function membersOf(one) {
  const type = one.type?.type === 'reflection' ? one.type.declaration : undefined
  const members = (one.children ?? type?.children ?? []).filter(
    ({ name, flags, inheritedFrom }) =>
      !name.startsWith('[') && !flags.isPrivate && !flags.isInherited && inheritedFrom === undefined,
  )
  if (members.length === 0) return ''
  return ['| member | type | what it is |', '| --- | --- | --- |', ...members.flatMap(rowsOf)].join('\n')
}

function rowsOf(member) {
  if (member.kind === ReflectionKind.Constructor && member.signatures !== undefined) {
    return member.signatures.map((one) => row(`new`, signature(one, ''), one.comment))
  }
  if (member.signatures !== undefined) {
    return member.signatures.map((one) => row(`${member.name}()`, signature(one, ''), one.comment ?? member.comment))
  }
  const type = member.type ?? member.getSignature?.type
  const comment = member.comment ?? member.getSignature?.comment
  return [row(`${member.name}${member.flags.isOptional ? '?' : ''}`, String(type ?? ''), comment)]
}

const row = (name, type, comment) =>
  `| \`${name}\` | ${code(type)} | ${commentOf(comment)
    .filter((part) => !part.includes('```'))
    .join(' ')
    .replaceAll('|', '\\|')
    .replaceAll(/\s+/g, ' ')} |`

const code = (type) => (type === '' ? '' : `\`${type.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')}\``)
