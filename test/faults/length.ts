/** `npm run faults` runs at full length what `npm test` samples. */
export const isFullLength = process.env['FAULTS'] === 'full';
