/** Facts, scopes, the device code and the lists of the account page. */
export const parts = `
.facts { display: grid; border-block: 1px solid var(--line); }
.facts > div, .facts > li { padding-block: 0.75rem; }
.facts > li + li { padding-block-start: 0; margin-block-start: -0.5rem; color: var(--quiet); }
.facts > div + div { border-block-start: 1px solid var(--line); }
.facts dt { color: var(--quiet); font-size: 0.875rem; }
.facts dd { font-weight: 600; }
.facts dd a, .facts dd small { font-weight: 400; font-size: 0.9375rem; }
.points { display: grid; gap: 0.5rem; padding-inline-start: 1.25rem; list-style: disc; }
.scopes { display: grid; gap: 0.5rem; margin-block-start: 0.5rem; }
.scopes li { display: grid; grid-template-columns: 1.25rem minmax(0, 1fr); gap: 0.5rem; }
.scopes li::before { content: "\\2713" / ""; color: var(--accent-text); font-weight: 700; }
.user-code { font-size: 1.5rem; letter-spacing: 0.12em; }

.top { display: flex; flex-wrap: wrap; gap: 0.75rem 1rem; align-items: center; justify-content: space-between; }
.tabs { border-block-end: 1px solid var(--line); }
.tabs ul { display: flex; flex-wrap: wrap; gap: 0 0.875rem; font-size: 0.9375rem; }
@media (min-width: 30rem) { .tabs ul { column-gap: 1.25rem; } }
.tabs a { display: block; padding-block: 0.625rem; text-decoration: none; color: var(--quiet); border-block-end: 3px solid transparent; margin-block-end: -1px; }
.tabs a:hover { text-decoration: underline; }
.tabs a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent-edge); }
.tabs + section { border-block-start: 0; padding-block-start: 0; }
.narrow { display: grid; gap: 0.75rem; max-inline-size: 24rem; }
.narrow button { justify-self: start; }
section { display: grid; gap: 0.75rem; grid-template-columns: minmax(0, 1fr); padding-block-start: 1.5rem; border-block-start: 1px solid var(--line); }
.items > li { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; justify-content: space-between; padding-block: 0.75rem; }
.items > li + li { border-block-start: 1px solid var(--line); }
.items .about { flex: 1 1 10rem; min-inline-size: 0; }
.items .about p { color: var(--quiet); font-size: 0.9375rem; }
.items h3 { display: flex; flex-wrap: wrap; gap: 0.125rem 0.5rem; align-items: center; }
.badge { padding: 0 0.5rem; border-radius: 1rem; font-size: 0.8125rem; font-weight: 600; color: var(--good); background: var(--good-box); }
.make { padding: 1.125rem; border: 1px solid var(--line); border-radius: var(--radius); }
.make button { justify-self: start; }
.reference { font-size: 0.875rem; color: var(--quiet); }
`
