import { GATEWAY_OPTIONS } from './gateway-options.js'
import type { GroupKind, Kind, VariantKind } from './options/option-kinds.js'

type Schema = Readonly<Record<string, unknown>>

/**
 * Returns the JSON Schema of a configuration file, made of the table of options. Editors complete
 * and check a file with it.
 *
 * @example
 * ```ts
 * import { gatewaySchema } from '@s4u/gateway'
 * import { writeFileSync } from 'node:fs'
 *
 * writeFileSync('gateway.schema.json', JSON.stringify(gatewaySchema(), undefined, 2))
 * ```
 */
export function gatewaySchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://unpkg.com/@s4u/gateway/gateway.schema.json',
    title: 'Configuration of s4u gateway',
    ...schemaOf(GATEWAY_OPTIONS),
  }
}

function schemaOf(kind: Kind): Schema {
  const { about, example } = kind
  return {
    description: about,
    ...('default' in kind && kind.default !== undefined && { default: kind.default }),
    ...(example !== undefined && { examples: [example] }),
    ...formOf(kind),
  }
}

function formOf(kind: Kind): Schema {
  switch (kind.kind) {
    case 'text':
      return { type: 'string', minLength: 1, ...(kind.form && { pattern: kind.form.pattern.source }) }
    case 'file':
      return { type: 'string', minLength: 1 }
    case 'url':
      return { type: 'string', pattern: '^https?://' }
    case 'flag':
      return { type: 'boolean' }
    case 'number':
      return { type: 'integer', minimum: kind.least, maximum: kind.most }
    case 'duration':
      return {
        anyOf: [
          { type: 'integer', minimum: 1 },
          { type: 'string', pattern: '^\\d{1,12} ?(ms|s|m|h|d)$' },
        ],
      }
    case 'size':
      return {
        anyOf: [
          { type: 'integer', minimum: 1 },
          { type: 'string', pattern: '^\\d{1,12} ?(KB|MB|GB)$' },
        ],
      }
    case 'choice':
      return { enum: kind.choices }
    case 'secret':
      return { anyOf: [onlyText('env'), onlyText('file')] }
    case 'list':
      return { anyOf: [schemaOf(kind.of), { type: 'array', minItems: kind.least ?? 0, items: schemaOf(kind.of) }] }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(kind.of) }
    case 'group':
      return groupForm(kind)
    case 'variant':
      return variantForm(kind)
    case 'code':
      return { not: {} }
  }
}

function onlyText(name: string): Schema {
  const properties = { [name]: { type: 'string', minLength: 1 } }
  return { type: 'object', properties, required: [name], additionalProperties: false }
}

function groupForm(kind: GroupKind): Schema {
  const { fields, short } = kind
  const field = short === undefined ? undefined : fields[short]
  return field === undefined ? objectForm(kind) : { anyOf: [formOf(field), objectForm(kind)] }
}

function objectForm({ fields }: GroupKind): Schema {
  const inFiles = Object.entries(fields).filter(([, field]) => field.kind !== 'code')
  const required = inFiles.filter(([, field]) => field.required).map(([name]) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(inFiles.map(([name, field]) => [name, schemaOf(field)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

function variantForm({ variants }: VariantKind): Schema {
  const forms = Object.entries(variants).map(([name, options]) => ({
    type: 'object',
    properties: { [name]: { anyOf: [schemaOf(options), { type: 'null' }] } },
    required: [name],
    additionalProperties: false,
  }))
  return { anyOf: [{ enum: Object.keys(variants) }, ...forms] }
}
