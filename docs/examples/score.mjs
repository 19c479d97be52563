// Score rows with an artifact: the whole of docs/artifact.md in plain JavaScript (Node 18 or newer).
//
//     node score.mjs ARTIFACT_FOLDER ROWS.json
//
// ROWS.json: {"column": [one value a row, ...], ...}. Prints margin, probability, points, grade and
// reasons of every row as JSON.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const UNIT = 2 ** -20;
const MODEL_FILES = { scorecard: "scorecard.json", boosted: "forest.json", blended: "blended.json" };

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

export function load(folder) {
  const content = readFileSync(join(folder, "manifest.json"));
  const seal = readFileSync(join(folder, "manifest.sha256"), "utf8");
  if (seal !== `${sha256(content)}  manifest.json\n`) throw new Error("manifest.json was changed");
  const manifest = JSON.parse(content);
  if (manifest.format !== 1) throw new Error(`unknown format ${manifest.format}`);
  const open = (name) => {
    const bytes = readFileSync(join(folder, name));
    const stated = manifest.files[name];
    if (bytes.length !== stated.bytes || sha256(bytes) !== stated.sha256) {
      throw new Error(`${name} was changed`);
    }
    return JSON.parse(bytes);
  };
  return { manifest, model: open(MODEL_FILES[manifest.kind]), reasons: open("reasons.json") };
}

// A row's values by name: numbers, texts, null where missing.
function read(features, row) {
  const values = {};
  for (const feature of features) {
    const { name, special_codes: codes } = feature;
    if (!(name in row)) throw new Error(`column ${name} is missing`);
    let value = row[name];
    if (value === null || Number.isNaN(value)) {
      value = null;
    } else if (feature.type === "number") {
      if (typeof value !== "number" || !Number.isFinite(value)) {
        throw new Error(`column ${name}: ${value} is no finite number`);
      }
      const [low, high] = feature.hard_range ?? [null, null];
      const outside = (low !== null && value < low) || (high !== null && value > high);
      if (outside && !codes.includes(value)) throw new Error(`column ${name}: ${value} is out of range`);
    } else {
      value = String(value);
      const known = feature.categories.includes(value) || codes.includes(value);
      if (!known && feature.unknown_category === "refuse") {
        throw new Error(`column ${name}: ${value} was never seen`);
      }
    }
    values[name] = value;
  }
  return values;
}

function bin(term, value) {
  if (value === null) return term.missing;
  const special = term.special.find((item) => item.code === value);
  if (special) return special.bin;
  if (term.edges) return term.edges.filter((edge) => edge <= value).length;
  return Object.hasOwn(term.categories, value) ? term.categories[value] : term.unknown;
}

function scoreCard(card, values) {
  let margin = card.intercept;
  let points = card.base_points;
  const parts = {};
  for (const term of card.terms) {
    const at = bin(term, values[term.feature]);
    margin += term.margin[at];
    points += term.points[at];
    parts[term.feature] = term.margin[at];
  }
  return { margin, points, parts };
}

// One column of the matrix, as float32; null where missing.
function column(input, value) {
  if ("equals" in input) return value === input.equals ? 1 : 0;
  if (value === null) return null;
  if (input.codes) {
    return Object.hasOwn(input.codes, value) ? input.codes[value] : (input.unknown ?? null);
  }
  if (input.missing_codes.includes(value)) return null;
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new Error(`${input.feature}: ${value} is beyond float32`);
  return rounded;
}

function scoreForest({ inputs, trees }, values) {
  const row = inputs.map((input) => column(input, values[input.feature]));
  const goesLeft = (node) => {
    const value = row[trees.feature[node]];
    return value === null ? trees.default_left[node] === 1 : value < trees.threshold[node];
  };
  let units = trees.base;
  const parts = {};
  for (const input of inputs) parts[input.feature] = 0;
  for (const root of trees.start.slice(0, -1)) {
    let node = root;
    while (trees.left[node] >= 0) node = goesLeft(node) ? trees.left[node] : trees.right[node];
    units += trees.value[node];
    explain(trees, root, goesLeft, [], (at, part) => {
      parts[inputs[at].feature] += part;
    });
  }
  return { margin: units * UNIT, parts };
}

// Walk to every leaf; `path` has, for each column on the way, o (satisfied) and z (share of cover).
function explain(trees, node, goesLeft, path, add) {
  const [left, right] = [trees.left[node], trees.right[node]];
  if (left < 0) {
    const value = trees.value[node] * UNIT;
    path.forEach(({ at, o, z }, i) => add(at, value * (o - z) * integral(path, i)));
    return;
  }
  const share = trees.cover[left] / (trees.cover[left] + trees.cover[right]);
  const taken = goesLeft(node);
  for (const [child, follows, part] of [[left, taken, share], [right, !taken, 1 - share]]) {
    const at = trees.feature[node];
    const before = path.find((one) => one.at === at) ?? { o: 1, z: 1 };
    const here = { at, o: follows ? before.o : 0, z: before.z * part };
    explain(trees, child, goesLeft, [...path.filter((one) => one.at !== at), here], add);
  }
}

// The integral over t in [0, 1] of the product over j != i of (t * o_j + (1 - t) * z_j).
function integral(path, i) {
  let polynomial = [1];
  path.forEach(({ o, z }, j) => {
    if (j === i) return;
    const next = new Array(polynomial.length + 1).fill(0);
    polynomial.forEach((coefficient, power) => {
      next[power] += coefficient * z;
      next[power + 1] += coefficient * (o - z);
    });
    polynomial = next;
  });
  return polynomial.reduce((sum, coefficient, power) => sum + coefficient / (power + 1), 0);
}

function evaluate(manifest, model, values) {
  if (manifest.kind === "scorecard") return scoreCard(model, values);
  if (manifest.kind === "boosted") return scoreForest(model, values);
  const card = scoreCard(model.card, values);
  const forest = scoreForest(model.forest, values);
  const weigh = (a, b) => model.card_weight * a + model.forest_weight * b;
  const parts = {};
  for (const { name } of manifest.features) {
    parts[name] = weigh(card.parts[name] ?? 0, forest.parts[name] ?? 0);
  }
  return { margin: weigh(card.margin, forest.margin), parts };
}

export function score({ manifest, model, reasons }, row, most = 4) {
  const found = evaluate(manifest, model, read(manifest.features, row));
  const logOdds = manifest.calibration.slope * found.margin + manifest.calibration.intercept;
  const probability = 1 / (1 + Math.exp(-logOdds));
  const factor = manifest.score.points_to_double / Math.LN2;
  const offset = manifest.score.base_points - factor * Math.log(manifest.score.base_odds);
  const scaled = Math.floor(offset - factor * logOdds + 0.5);
  const excess = manifest.features.map(({ name }) => ({
    feature: name,
    excess: found.parts[name] - reasons.reference_contributions[name],
  }));
  return {
    margin: found.margin,
    probability,
    points: manifest.score.points === "table" ? found.points : scaled,
    grade: manifest.grades.names[manifest.grades.bounds.filter((b) => b <= probability).length],
    reasons: excess
      .filter((one) => one.excess > 0)
      .sort((a, b) => b.excess - a.excess)
      .slice(0, most),
  };
}

if (process.argv[1]?.endsWith("score.mjs")) {
  const [folder, file] = process.argv.slice(2);
  const artifact = load(folder);
  const columns = JSON.parse(readFileSync(file, "utf8"));
  const rows = Object.values(columns)[0].map((_, i) =>
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[i]])),
  );
  console.log(JSON.stringify(rows.map((row) => score(artifact, row))));
}
