/** Colors, type and the frame of a page. The accent's variables come from style.css.ts. */
export const base = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --ink: #1a1e27; --quiet: #545c6b; --line: #dde1e8; --edge: #767f8f;
  --danger: #a8201a; --danger-box: #fdf0ee; --warn: #5f4300; --warn-box: #fff5dc; --warn-edge: #d9a521;
  --good: #12582f; --good-box: #eaf6ee; --good-edge: #3c9a62;
  --radius: 0.5rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151a; --card: #1b1f27; --ink: #e8ebf0; --quiet: #a9b1bf; --line: #323946; --edge: #808a9b;
    --danger: #ffa29a; --danger-box: #33201f; --warn: #f4d486; --warn-box: #2e2713; --warn-edge: #a8842c;
    --good: #a5e0bb; --good-box: #182b20; --good-edge: #3c8a5b;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, dl, dd, fieldset, legend { margin: 0; padding: 0; }
ul { list-style: none; }
fieldset { border: 0; min-inline-size: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; font-weight: 650; text-wrap: balance; }
h1 .whole { white-space: nowrap; }
h2 { font-size: 1.0625rem; line-height: 1.35; font-weight: 650; }
h3 { font-size: 1rem; font-weight: 600; }
a { color: var(--accent-text); text-underline-offset: 0.15em; }
a:hover { text-decoration-thickness: 0.125em; }
code, .code, .secret { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.9375em; }
:focus-visible { outline: 3px solid var(--accent-text); outline-offset: 2px; border-radius: 0.25rem; }

.page { min-block-size: 100vh; min-block-size: 100svh; display: flex; flex-direction: column; align-items: center; background: var(--card); }
.brand { inline-size: 100%; max-inline-size: 26rem; padding: 1.5rem 1.25rem 0; display: flex; align-items: center; gap: 0.625rem; font-weight: 600; }
.brand img { block-size: 2rem; inline-size: auto; max-inline-size: 10rem; }
main { inline-size: 100%; max-inline-size: 26rem; padding: 1.5rem 1.25rem 2.5rem; display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
.wide .brand, .wide main { max-inline-size: 44rem; }
@media (min-width: 30rem) {
  .page { background: var(--page); padding-block: clamp(1rem, 9vh, 6rem) 2rem; }
  .page.wide { padding-block-start: 2rem; }
  .brand { padding: 0 0.25rem 1rem; }
  main { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; padding: 2rem; }
}
.lead { color: var(--quiet); margin-block-start: 0.375rem; }
.quiet { color: var(--quiet); font-size: 0.9375rem; }
.links { display: grid; gap: 0.25rem; font-size: 0.9375rem; }
.links a, .facts a { display: inline-block; padding-block: 0.25rem; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`
