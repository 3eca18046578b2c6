/** How every chart looks: colours that stay apart for colour-blind eyes (after Okabe & Ito 2008), each with a dark twin. */

export const lightColours = `--ink:#1b1f24;--muted:#59626c;--rule:#dfe2e6;--paper:#fff;--a:#0067a5;--b:#007357;--c:#8a3a78;--accent:#b64400`;
export const darkColours = `--ink:#e8eaed;--muted:#a3acb6;--rule:#363c44;--paper:#14171b;--a:#6fb8f5;--b:#4cc9a0;--c:#dd9bd0;--accent:#ff9d5c`;

/** Rules of the charts alone; the colours come from the page, or from `standaloneStyle`. Text has a rim of paper, to be read over lines. */
export const chartStyle = `
.nt{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
.nt .grid{stroke:var(--rule);stroke-width:1;fill:none}
.nt .base{stroke:var(--muted);stroke-width:1;fill:none}
.nt .line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.nt .a{stroke:var(--a)}.nt .b{stroke:var(--b)}.nt .c{stroke:var(--c)}.nt .answer{stroke:var(--accent)}
.nt text{fill:var(--ink)}.nt text.quiet{fill:var(--muted)}
.nt text.a{fill:var(--a)}.nt text.b{fill:var(--b)}.nt text.c{fill:var(--c)}.nt text.answer{fill:var(--accent);font-weight:700}
.nt text.a,.nt text.b,.nt text.c{font-weight:600}
.nt text,.nt text.a,.nt text.b,.nt text.c,.nt text.answer{stroke:var(--paper);stroke-width:3;stroke-linejoin:round;paint-order:stroke}
.nt .dash{stroke-dasharray:7 4}.nt .dot{stroke-dasharray:1.5 4.5}
.nt .point{fill:var(--a);stroke:none}
.nt .pole{stroke:var(--muted);stroke-width:1;fill:none}
.nt .pole.answer{stroke:var(--accent);stroke-width:2}
.nt .pole.dot{stroke-dasharray:1.5 3.5}
.nt .band{fill:var(--a);fill-opacity:.16;stroke:none}
.nt .span{fill:var(--accent);fill-opacity:.09;stroke:none}
.nt .taken{fill:var(--muted);stroke:none}
.nt .spot{fill:var(--paper);stroke-width:2}
`.trim();

export const standaloneStyle = `.nt{${lightColours}}@media (prefers-color-scheme:dark){.nt{${darkColours}}}${chartStyle}`;
