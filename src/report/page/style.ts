/** The look of the page: one column, system type, light and dark, phone and print. */
import { chartStyle, darkColours, lightColours } from "../svg/style.ts";

export const pageStyle = `
:root{color-scheme:light dark;${lightColours};--warn:#fff4e5;--warn-edge:#b64400;--soft:#f5f6f8;--good:#00694f;--bad:#a8201a;--doubt:#8a5a00}
@media (prefers-color-scheme:dark){:root{${darkColours};--warn:#2c2115;--warn-edge:#ff9d5c;--soft:#1c2026;--good:#4cc9a0;--bad:#ff8f87;--doubt:#e7b95a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:54rem;margin:0 auto;padding:2.5rem 1rem 4rem;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.2;text-wrap:balance}
h1{font-size:clamp(1.5rem,1.2rem + 1.5vw,2.1rem);font-weight:700;letter-spacing:-.02em;margin:.35rem 0 1.1rem}
h2{font-size:1.4rem;letter-spacing:-.01em;margin:2.75rem 0 .5rem;padding-top:1rem;border-top:2px solid var(--ink)}
h3{font-size:1.05rem;margin:0 0 .2rem}
.scroll+h3{margin-top:1.8rem}
p{margin:.5rem 0;max-width:44rem}
.over{color:var(--muted);margin:0}
.verdict{font-size:1.1rem;border-left:4px solid var(--accent);padding:.15rem 0 .15rem .9rem}
.verdict strong{color:var(--accent)}
.key{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem 1.5rem;margin:1.75rem 0}
.key dt{color:var(--muted);font-size:.875rem}
.key dd{margin:0}
.key b{display:block;font-size:1.5rem;line-height:1.3;font-variant-numeric:tabular-nums}
.key span,.card span,.inline span{color:var(--muted);font-size:.875rem}
.warn{background:var(--warn);border:1px solid var(--warn-edge);border-radius:6px;padding:.8rem 1.1rem}
.warn h2{font-size:1.05rem;margin:0;padding:0;border:0;color:var(--warn-edge)}
.warn ul{margin:.3rem 0 0;padding-left:1.2rem}
figure{margin:2.2rem 0;min-width:0}
figcaption{color:var(--muted);font-size:.94rem;max-width:44rem;margin-bottom:.8rem}
figcaption b{color:var(--ink)}
figure svg{display:block;width:100%;height:auto}
.phone{display:none}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:0 2rem}
.pair figure{display:grid;grid-template-rows:subgrid;grid-row:span 3;margin-bottom:0}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.94rem;overflow-wrap:normal}
th,td{text-align:left;vertical-align:top;padding:.5rem .9rem .5rem 0;border-bottom:1px solid var(--rule)}
thead th{color:var(--muted);font-weight:500;font-size:.875rem;border-bottom-color:var(--muted);white-space:nowrap}
tbody th{font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tr.answer th,tr.answer td{background:var(--soft)}
tr.answer th:first-child{box-shadow:inset 4px 0 var(--accent);padding-left:.9rem}
tr.none>*{color:var(--muted)}
th em{display:block;font-style:normal;font-weight:500;font-size:.875rem;color:var(--accent)}
.flag{white-space:nowrap;font-weight:600}
.reliable,.holds{color:var(--good)}.conservative,.doubtful{color:var(--doubt)}.unreliable.flag,.fails{color:var(--bad)}.not-checked{color:var(--muted)}
.cards{columns:22rem 2;column-gap:2.5rem;margin-top:1.2rem}
.card{break-inside:avoid;padding-bottom:1.6rem}
.card h3{border-bottom:1px solid var(--muted);padding-bottom:.3rem}
dl{margin:0}
sup{line-height:0;font-size:.75em}
.card dl>div,.glossary>div{display:grid;grid-template-columns:9rem 1fr;gap:.8rem;padding:.35rem 0;border-bottom:1px solid var(--rule);font-size:.94rem}
.card dt,.glossary dt{color:var(--muted)}
.glossary>div{grid-template-columns:4rem 1fr}
.glossary dt{color:var(--ink);font-weight:600}
.card dd,.glossary dd{margin:0}
.card span{display:block;overflow-wrap:anywhere}
.inline{list-style:none;margin:0;padding:0}
.inline span{display:inline}
code,pre{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.command{background:var(--soft);border-radius:6px;padding:.9rem 1.1rem;white-space:pre-wrap;overflow-wrap:anywhere;margin:.8rem 0}
details{margin:.8rem 0;max-width:54rem}
summary{cursor:pointer;font-weight:600}
details li{margin:.4rem 0;max-width:42rem}
:focus-visible{outline:3px solid var(--a);outline-offset:2px}
@media (max-width:40rem){main{padding-top:1.5rem}.wide{display:none}.phone{display:block}.pair{display:block}.pair figure{display:block;margin-bottom:2.2rem}.key{grid-template-columns:1fr 1fr}.card dl>div{grid-template-columns:7.5rem 1fr}}
@media screen and (max-width:40rem){.notes,.notes tbody{display:block}.notes thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}.notes tr{display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding:.6rem 0;border-bottom:1px solid var(--rule)}.notes tr.answer{background:var(--soft);box-shadow:inset 4px 0 var(--accent);padding-left:.9rem}.notes tr th:first-child,.notes tr td{padding:0;border:0;box-shadow:none;background:none}.notes th,.notes td:last-child{flex-basis:100%}.notes td:last-child{color:var(--muted)}.notes td[data-name]::before{content:attr(data-name) " ";color:var(--muted)}.notes .none td.n{display:none}}
@media print{:root{color-scheme:light;${lightColours};--soft:#f5f6f8;--warn:#fff;--good:#00694f;--bad:#a8201a;--doubt:#8a5a00;--warn-edge:#b64400}main{max-width:none;padding:0}body{font-size:10.5pt}.wide{display:block}.phone{display:none}figure,tr,.card,.warn{break-inside:avoid}h2,h3{break-after:avoid}details::details-content{content-visibility:visible;block-size:auto}.scroll{overflow:visible}}
${chartStyle}
`.trim();
