/**
 * The console of a site: built into files by Vite, served at `/console`, and nothing but a client
 * of the management API.
 *
 * How a page is built. A page is a component in `pages/`, alone in its file or with its parts in
 * a folder, and has one row in `pages/pages.ts`: its path, its name, its icon, who may see it,
 * and how it is loaded, which is when it is opened. What it shows comes by `useLive(path,
 * everyMs)`, which asks again by itself, or once by `useAnswer`; what it changes goes through
 * `send`. `<Await>` stands in while nothing came, and says what to do where nothing comes. What
 * pages have in common is in `parts/`; sizes and colours are custom properties in
 * `style/tokens.css`, and no page has others. A page is done when it is right in light and dark,
 * at 360 and 1600 pixels, by keyboard, and with nothing in it; `test/console` walks through
 * each.
 */
import { render } from 'preact';
import { App } from './app.tsx';
import './style/tokens.css';
import './style/base.css';
import './style/parts.css';
import './style/notices.css';
import './style/forms.css';
import './style/lists.css';
import './style/frame.css';
import { applyTheme } from './theme.ts';

applyTheme();
render(<App />, document.getElementById('console')!);
