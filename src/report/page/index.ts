/** A record as one HTML file: opens from anywhere, runs no script, asks the network for nothing, even under its own strict policy. */
import type { StudyRecord } from "../../study/record.ts";
import { jsonBlock, Markup, markup } from "../markup.ts";
import { answerSentence, subject } from "../words.ts";
import { facts, reproduce } from "./facts.ts";
import { figures } from "./figures.ts";
import { guide } from "./guide.ts";
import { happened } from "./happened.ts";
import { opening } from "./opening.ts";
import { pageStyle } from "./style.ts";
import { assumptionsTable, curvesTable, rulesTable } from "./tables.ts";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export function page(record: StudyRecord): Markup {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${answerSentence(record.prediction)}">
<meta name="generator" content="ntkit ${record.environment.ntkit}">
<link rel="icon" href="data:,">
<title>When to stop: ${subject(record)} · ntkit</title>
<style>${new Markup(pageStyle)}</style>
</head>
<body>
<main>
${opening(record)}
${happened(record)}
${figures(record)}
${curvesTable(record)}
${rulesTable(record)}
${assumptionsTable(record)}
${facts(record)}
${guide()}
${reproduce(record)}
</main>
<script type="application/json" id="record">${jsonBlock(record)}</script>
</body>
</html>
`;
}
