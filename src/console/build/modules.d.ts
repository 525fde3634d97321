/** Made while the console is built, see draw-land.ts. */
declare module 'virtual:land' {
  /** Outline of all land, as the `d` of an SVG path in the coordinates of the map. */
  export const land: string;
}
