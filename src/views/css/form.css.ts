/** Fields, buttons and error messages. */
export const form = `
form { display: grid; gap: 1.125rem; grid-template-columns: minmax(0, 1fr); }
.field { display: grid; gap: 0.3125rem; }
.group { display: grid; gap: 0.875rem; }
.group > legend { padding-block-end: 0.625rem; font-weight: 400; color: var(--quiet); }
.field label, legend { font-weight: 600; }
.terms label { font-weight: 400; }
.field .hint, .field .optional { color: var(--quiet); font-size: 0.9375rem; font-weight: 400; }
.field .wrong { color: var(--danger); font-size: 0.9375rem; font-weight: 600; }
input:not([type="checkbox"]), select, textarea {
  inline-size: 100%; min-block-size: 2.875rem; padding: 0.5rem 0.75rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--edge); border-radius: var(--radius);
}
input[readonly] { color: var(--quiet); background: var(--page); border-color: var(--line); }
input[aria-invalid="true"], select[aria-invalid="true"] { border-color: var(--danger); box-shadow: inset 0 0 0 1px var(--danger); }
input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: 1px; border-radius: var(--radius); }
.secret { resize: none; field-sizing: content; margin-block-start: 0.5rem; user-select: all; }
.code-input { font-size: 1.375rem; letter-spacing: 0.15em; text-transform: uppercase; }
.check { display: flex; gap: 0.625rem; align-items: flex-start; padding-block: 0.375rem; cursor: pointer; }
.check input { flex: none; inline-size: 1.25rem; block-size: 1.25rem; margin: 0.125rem 0 0; accent-color: var(--accent-edge); }
.checks { display: grid; gap: 0.125rem; margin-block-start: 0.25rem; }

button, .button {
  min-block-size: 2.875rem; padding: 0.5rem 1.125rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--ink); background: transparent; border: 1px solid var(--edge); border-radius: var(--radius);
}
.button { display: inline-flex; align-items: center; justify-content: center; text-align: center; text-decoration: none; }
button:hover, .button:hover { box-shadow: inset 0 0 0 1px var(--edge); }
button:focus-visible, .button:focus-visible { border-radius: var(--radius); }
button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent-edge); }
button.main:hover { box-shadow: 0 0 0 2px var(--card), 0 0 0 4px var(--accent-edge); }
button.small, .button.small { min-block-size: 2.75rem; padding-inline: 0.875rem; font-size: 0.9375rem; }
button.danger, .button.danger { color: var(--danger); }
button.main.danger { color: var(--card); background: var(--danger); border-color: var(--danger); }
.buttons { display: grid; gap: 0.625rem; }
.buttons.row { display: flex; flex-wrap: wrap; }
.providers { border: 0; padding-block-start: 0; gap: 0.75rem; }
.providers .button { inline-size: 100%; }
.or { display: flex; align-items: center; gap: 0.75rem; color: var(--quiet); }
.or::before, .or::after { content: ""; flex: 1; border-block-start: 1px solid var(--line); }
@media (min-width: 24rem) { .buttons.pair { grid-template-columns: 1fr 1fr; } }
@media (prefers-reduced-motion: no-preference) { button { transition: box-shadow 0.12s; } }
@media (forced-colors: active) { button.main { border-width: 2px; } }

.box { border-inline-start: 4px solid; border-radius: 0.25rem; padding: 0.75rem 0.875rem; font-size: 0.9375rem; }
.box ul { display: grid; gap: 0.125rem; margin-block-start: 0.25rem; }
.box.bad { color: var(--danger); background: var(--danger-box); border-color: var(--danger); }
.box.bad h2 { font-size: inherit; }
.box.bad a { color: inherit; }
.box.warn { color: var(--warn); background: var(--warn-box); border-color: var(--warn-edge); }
.box.good { color: var(--good); background: var(--good-box); border-color: var(--good-edge); }
`
