import mime from 'mime-types'
import type { FileStats } from '../files/file-stats.js'
import type { Validators } from './validators.js'

/** Pages without an origin and without scripts. CSP level 3, `sandbox`. */
export const SANDBOX = 'sandbox'

/**
 * Returns the headers of a file.
 *
 * Who may write into the share could put a page there that acts on this site with the session
 * of each reader. So what browsers show is shown without scripts and without this site's origin,
 * unless the app trusts all who write. PDF is shown by the browser's own viewer, which a sandbox
 * would turn off and which has no access to the site. Types come from the name alone, and nothing
 * is guessed from contents. What is sent depends on the caller: no shared cache may keep it, the
 * browser asks each time, and other sites cannot embed it.
 */
export function headersOf(
  name: string,
  stats: FileStats,
  { etag, lastModified }: Validators,
  trustContent: boolean,
): Record<string, string> {
  const type = mime.contentType(mime.lookup(name) || UNKNOWN_TYPE) || UNKNOWN_TYPE
  const needsSandbox = !trustContent && type !== PDF
  return {
    'Content-Type': type,
    'Content-Length': String(stats.size),
    'Accept-Ranges': 'bytes',
    ETag: etag,
    'Last-Modified': lastModified,
    'Cache-Control': 'private, no-cache',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(needsSandbox && { 'Content-Security-Policy': SANDBOX }),
  }
}

const UNKNOWN_TYPE = 'application/octet-stream'
const PDF = 'application/pdf'

/** What a page of this site would run with its own rights. Fetch Metadata, `Sec-Fetch-Dest`. */
const RUN: readonly string[] = [
  ...['script', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet', 'xslt', 'manifest'],
]

/** Whether the browser wants to run the file as a part of a page of this site. */
export const isToBeRun = (destination: string | undefined): boolean =>
  destination !== undefined && RUN.includes(destination)
