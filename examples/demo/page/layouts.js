/**
 * Where everything stands in the drawing: side by side on a wide screen, one below the other on a
 * phone. `room`: how long a line of a label may be; a longer one goes up, line by line.
 */

const NODE = { width: 134, height: 66 }
const TALL_NODE = { width: 152, height: 56 }

export const wide = {
  name: 'wide',
  box: [1040, 506],
  kdc: { x: 24, y: 8, width: 992, height: 44 },
  size: NODE,
  nodes: {
    browser: [115, 176],
    web: [385, 176],
    api: [655, 176],
    data: [925, 176],
    vault: [115, 328],
    archive: [655, 328],
    phone: [115, 458],
    gateway: [385, 458],
    intranet: [710, 458],
  },
  edges: {
    'browser-web': {
      path: 'M182 176 H318',
      texts: [
        [250, 163],
        [250, 197],
        [250, 214],
      ],
      anchor: 'middle',
    },
    'web-api': {
      path: 'M452 176 H588',
      texts: [
        [520, 163],
        [520, 197],
        [520, 214],
      ],
      anchor: 'middle',
    },
    'api-data': {
      path: 'M722 176 H858',
      texts: [
        [790, 163],
        [790, 197],
        [790, 214],
      ],
      anchor: 'middle',
    },
    'web-archive': {
      path: 'M405 209 V320 Q405 328 413 328 H588',
      texts: [
        [497, 315],
        [497, 349],
        [497, 366],
      ],
      anchor: 'middle',
    },
    'web-vault': {
      path: 'M365 209 V320 Q365 328 357 328 H182',
      texts: [
        [273, 315],
        [273, 349],
        [273, 366],
      ],
      anchor: 'middle',
    },
    'phone-gateway': {
      path: 'M182 458 H318',
      texts: [
        [250, 445],
        [250, 479],
        [250, 496],
      ],
      anchor: 'middle',
    },
    'gateway-intranet': {
      path: 'M452 458 H643',
      texts: [
        [547, 445],
        [547, 479],
        [547, 496],
      ],
      anchor: 'middle',
    },
    'gateway-kdc': {
      path: 'M385 425 V396 Q385 388 393 388 H992 Q1000 388 1000 380 V52',
      texts: [
        [988, 363],
        [988, 380],
      ],
      anchor: 'end',
    },
    'browser-kdc': {
      path: 'M115 143 V52',
      texts: [
        [125, 92],
        [125, 109],
      ],
      anchor: 'start',
    },
    'web-kdc': {
      path: 'M385 143 V52',
      texts: [
        [395, 92],
        [395, 109],
      ],
      anchor: 'start',
    },
    'api-kdc': {
      path: 'M655 143 V52',
      texts: [
        [665, 92],
        [665, 109],
      ],
      anchor: 'start',
    },
  },
}

export const tall = {
  name: 'tall',
  box: [343, 954],
  kdc: { x: 301, y: 10, width: 36, height: 672, upright: true },
  size: TALL_NODE,
  nodes: {
    browser: [102, 40],
    web: [102, 172],
    api: [102, 304],
    data: [102, 436],
    phone: [102, 512],
    gateway: [102, 644],
    intranet: [102, 760],
    archive: [102, 838],
    vault: [102, 914],
  },
  edges: {
    'browser-web': {
      path: 'M102 68 V144',
      texts: [
        [113, 91],
        [113, 108],
        [113, 125],
      ],
      anchor: 'start',
    },
    'web-api': {
      path: 'M102 200 V276',
      texts: [
        [113, 223],
        [113, 240],
        [113, 257],
      ],
      anchor: 'start',
    },
    'api-data': {
      path: 'M102 332 V408',
      texts: [
        [113, 355],
        [113, 372],
        [113, 389],
      ],
      anchor: 'start',
    },
    'web-archive': {
      path: 'M26 178 H24 Q16 178 16 186 V830 Q16 838 24 838 H26',
      texts: [
        [187, 826],
        [187, 843],
        [187, 860],
      ],
      anchor: 'start',
    },
    'web-vault': {
      path: 'M26 166 H14 Q6 166 6 174 V906 Q6 914 14 914 H26',
      texts: [
        [187, 910],
        [187, 927],
        [187, 944],
      ],
      anchor: 'start',
    },
    'phone-gateway': {
      path: 'M102 540 V616',
      texts: [
        [113, 563],
        [113, 580],
        [113, 597],
      ],
      anchor: 'start',
    },
    'gateway-intranet': {
      path: 'M102 672 V732',
      texts: [
        [113, 689],
        [113, 706],
        [113, 723],
      ],
      anchor: 'start',
    },
    'gateway-kdc': {
      path: 'M178 644 H301',
      room: 112,
      texts: [
        [239, 636],
        [239, 660],
      ],
      anchor: 'middle',
    },
    'browser-kdc': {
      path: 'M178 40 H301',
      room: 112,
      texts: [
        [239, 32],
        [239, 56],
      ],
      anchor: 'middle',
    },
    'web-kdc': {
      path: 'M178 172 H301',
      room: 112,
      texts: [
        [239, 164],
        [239, 188],
      ],
      anchor: 'middle',
    },
    'api-kdc': {
      path: 'M178 304 H301',
      room: 112,
      texts: [
        [239, 296],
        [239, 320],
      ],
      anchor: 'middle',
    },
  },
}
