/** Times for people, in the zone of this machine, and for programs, in UTC. */

/** `2026-11-30 12:48:34`; empty for 0, by which credential caches say that there is none. */
export function localTime(milliseconds: number | undefined): string {
  if (milliseconds === undefined || milliseconds === 0) return ''
  const time = new Date(milliseconds)
  if (Number.isNaN(time.getTime())) return 'never'
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`
}

/** `2026-11-30T12:48:34.000Z`; undefined for 0. */
export function utcTime(milliseconds: number | undefined): string | undefined {
  if (milliseconds === undefined || milliseconds === 0) return undefined
  const time = new Date(milliseconds)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}

function two(part: number): string {
  return String(part).padStart(2, '0')
}
