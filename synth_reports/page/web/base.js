// What all parts of the page use: the data, elements, numbers as text.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const MEASURES = DATA.measures.filter((measure) => measure.name in DATA.columns);
const MEASURE = Object.fromEntries(DATA.measures.map((measure) => [measure.name, measure]));
const COUNT = DATA.columns.unit.length;
const ROWS = Array.from({ length: COUNT }, (_, index) => {
  const row = { index };
  for (const [name, values] of Object.entries(DATA.columns)) row[name] = values[index];
  return row;
});

function byId(id) {
  return document.getElementById(id);
}

// An element with attributes and children; text is text, never markup.
function make(name, attributes = {}, ...children) {
  return dress(document.createElement(name), attributes, children);
}

function draw(name, attributes = {}, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function dress(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") {
      for (const [event, action] of Object.entries(value)) element.addEventListener(event, action);
    } else {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// One for each number of digits: making them takes longer than using them.
const FORMATS = new Map();

function number(value, digits = 0) {
  if (value === null || value === undefined) return "";
  if (!FORMATS.has(digits)) FORMATS.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return FORMATS.get(digits).format(value);
}

function shown(row, name) {
  const value = row[name];
  if (name === "proved") return value === true ? "proved" : value === false ? "no proof recorded" : "";
  if (name === "source") return row.row ? `${value}, row ${row.row}` : String(value);
  if (value === null || value === undefined) return "";
  if (!(name in MEASURE)) return String(value);
  const text = number(value, MEASURE[name].digits);
  if (name !== "loss" || !has(row, "loss_low")) return text;
  return `${text} [${number(row.loss_low, 1)}, ${number(row.loss_high, 1)}]`;
}

function has(row, name) {
  return row[name] !== null && row[name] !== undefined && row[name] !== "";
}

// What a point counts as: a loss that is not told apart from none is none.
function counted(row, name) {
  if (!has(row, name)) return null;
  if (name === "loss" && has(row, "loss_low") && row.loss_low <= 0) return 0;
  return row[name];
}

function titleOf(row) {
  return row.design && row.design !== "fp8mac" ? `${row.unit} by ${row.design}` : row.unit;
}

// What tells a row from the others that are shown with it.
function nameIn(rows) {
  const varying = ["unit", "goal", "library", "network"].filter((name) => rows.some((row) => row[name] !== rows[0][name]));
  return (row) => {
    const words = varying.filter((name) => has(row, name)).map((name) => row[name]);
    if (row.design && row.design !== "fp8mac") return [row.design.replace(/, \w+$/, ""), ...words.slice(varying[0] === "unit" ? 1 : 0)].join(", ");
    return words.length ? words.join(", ") : row.unit;
  };
}

function unique(values) {
  return [...new Set(values)];
}

// Names with numbers in them in the order in which one counts.
function sorted(values) {
  return [...values].sort((one, other) => String(one).localeCompare(String(other), "en", { numeric: true }));
}
