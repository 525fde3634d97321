/** Icons as lines on a grid of 20; decoration, so that nothing is read aloud. */

const PATHS = {
  sites:
    'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15ZM2.5 10h15' +
    'M10 2.5c4.2 4.4 4.2 10.6 0 15M10 2.5c-4.2 4.4-4.2 10.6 0 15',
  replication: 'M4 8V6.5h11M12.5 4 15 6.5 12.5 9M16 12v1.5H5M7.5 11 5 13.5 7.5 16',
  images: 'M10 2.5 17 6l-7 3.5L3 6ZM3 10l7 3.5 7-3.5M3 14l7 3.5 7-3.5',
  virtual: 'M4 4h5v5H4ZM11 11h5v5h-5ZM13.5 4v4M11.5 6h4M6.5 11v5M4 13.5h5',
  activity: 'M2.5 10.5h3.5l2-6 4 11 2-5h3.5',
  accounts:
    'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 16.5c0-3 2-5 5-5s5 2 5 5' +
    'M13 4a3 3 0 0 1 0 5.5M14.5 11.9c1.9.7 3 2.3 3 4.6',
  audit: 'M5 3.5h10v13H5ZM7.5 7h5M7.5 10h5M7.5 13h3',
  webhooks: 'M5 14V9a5 5 0 0 1 10 0v5M3.5 14h13M8.5 17h3',
  policies: 'M10 2.5 16 5v4.5c0 4-2.5 6.5-6 8-3.5-1.5-6-4-6-8V5ZM7.3 10l2 2 3.4-4',
  settings: 'M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4',
  menu: 'M3 5.5h14M3 10h14M3 14.5h14',
  close: 'm5 5 10 10M15 5 5 15',
  copy: 'M7 7h9v9H7ZM4 13V4h9',
  done: 'm4 10.5 4 4 8-9',
  warning: 'M10 3 2.5 16.5h15ZM10 8.5v3.5M10 14.3v.2',
  down: 'm5 7.5 5 5 5-5',
  right: 'm7.5 5 5 5-5 5',
  up: 'm5 12.5 5-5 5 5',
  pause: 'M7 4.5v11M13 4.5v11',
  play: 'M6 4.5v11l9-5.5Z',
  refresh: 'M16 8A6.3 6.3 0 0 0 4.5 7M4 3.5V7h3.5M4 12a6.3 6.3 0 0 0 11.5 1M16 16.5V13h-3.5',
  delete: 'M3.5 5.5h13M8 5.5V3.5h4v2M5.5 5.5l.8 11h7.4l.8-11M8.5 8.5v5M11.5 8.5v5',
  leave: 'M8 4H4v12h4M12 6.5 15.5 10 12 13.5M15 10H8',
  add: 'M10 4v12M4 10h12',
  grip: 'M7.5 5v.1M12.5 5v.1M7.5 10v.1M12.5 10v.1M7.5 15v.1M12.5 15v.1',
  search: 'M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13 13l4 4',
  key: 'M6.5 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM9.5 10h8v3M14 10v2.5',
  light:
    'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM10 2v1.5M10 16.5V18' +
    'M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1' +
    'M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1',
  dark: 'M16.5 11.7A7 7 0 0 1 8.3 3.5a7 7 0 1 0 8.2 8.2Z',
  system: 'M3 4.5h14v9H3ZM7.5 16.5h5M10 13.5v3',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of Meridian: the globe with its lines. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="16" r="12.5" />
      <ellipse cx="16" cy="16" rx="5.2" ry="12.5" />
      <path d="M3.5 16h25" />
    </svg>
  );
}
