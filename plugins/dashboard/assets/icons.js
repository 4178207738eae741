// Line icons on a 20 × 20 grid, drawn for this dashboard.
import { svg } from "./dom.js";

const paths = {
  key: "M12.5 7.5h.01M7.2 11.3a4.6 4.6 0 1 1 1.5 1.5L7 14.5H5.5V16H4v1.5H2.5v-2.3z",
  chart: "M3 3v14h14M7 13v-3M11 13V6M15 13V9",
  calendar: "M3.5 5.5h13v11h-13zM3.5 9h13M7 3v4M13 3v4",
  building: "M4 17V4h8v13M12 8h4v9M2.5 17h15M7 7.5h2M7 10.5h2M7 13.5h2",
  people: "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.5c.4-3 2.6-4.5 5.5-4.5s5.1 1.5 5.5 4.5M13 3.8a3 3 0 0 1 0 5.4M15 12.5c1.7.6 2.7 2 3 4",
  scroll: "M5 3h10v14H5zM7.5 7h5M7.5 10h5M7.5 13h3",
  clock: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 5.5V10l3 2",
  tag: "M3 3h6.5l7.5 7.5-6.5 6.5L3 9.5zM6.5 6.5h.01",
  shield: "M10 2.5l6 2v5c0 4-2.5 6.5-6 8-3.5-1.5-6-4-6-8v-5zM7.5 10l2 2 3.5-4",
  copy: "M7 7h9.5v9.5H7zM4.5 13h-1V3.5H13v1",
  check: "M4 10.5l4 4 8-9",
  alert: "M10 3l7.5 13.5h-15zM10 8.5v3.5M10 14.3v.1",
  info: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 9v5M10 6.3v.1",
  dots: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4",
  plus: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5L5 15",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  left: "M12.5 4.5L7 10l5.5 5.5",
  right: "M7.5 4.5L13 10l-5.5 5.5",
  up: "M4.5 12.5L10 7l5.5 5.5",
  down: "M4.5 7.5L10 13l5.5-5.5",
  rotate: "M16 10a6 6 0 1 1-1.8-4.3L16 7.5M16 3.5v4h-4",
  ban: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM4.7 4.7l10.6 10.6",
  edit: "M3.5 16.5l.8-3.6L13 4.2l2.8 2.8-8.7 8.7zM11.5 5.7l2.8 2.8",
  download: "M10 3v9.5M5.5 8.5L10 13l4.5-4.5M3.5 16.5h13",
  pause: "M7 4.5v11M13 4.5v11",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 1.8v1.7M10 16.5v1.7M1.8 10h1.7M16.5 10h1.7M4.2 4.2l1.2 1.2M14.6 14.6l1.2 1.2M15.8 4.2l-1.2 1.2M5.4 14.6l-1.2 1.2",
  leave: "M12 4.5V3H3.5v14H12v-1.5M8 10h9.5M14.5 7l3 3-3 3",
  link: "M8.5 11.5a3.2 3.2 0 0 0 4.6 0l2.9-2.9a3.2 3.2 0 0 0-4.6-4.6l-1 1M11.5 8.5a3.2 3.2 0 0 0-4.6 0L4 11.4A3.2 3.2 0 0 0 8.6 16l1-1",
  trash: "M3.5 5.5h13M8 5.5V3.5h4v2M5 5.5l.8 11h8.4l.8-11M8.5 8.5v5M11.5 8.5v5",
};

export function icon(name, size = 18) {
  return svg("svg", { viewBox: "0 0 20 20", width: size, height: size, fill: "none",
    stroke: "currentColor", "stroke-width": name === "dots" ? 2.4 : 1.5,
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
    focusable: "false" }, svg("path", { d: paths[name] ?? paths.info }));
}

export function logo(size = 28) {
  return svg("svg", { viewBox: "0 0 32 32", width: size, height: size, "aria-hidden": "true",
    focusable: "false" },
  svg("rect", { width: 32, height: 32, rx: 8, class: "logo-back" }),
  svg("path", { d: "M11 8v16M21.5 8 11.5 16.5 22 24", fill: "none", stroke: "#fff",
    "stroke-width": 3.2, "stroke-linecap": "round", "stroke-linejoin": "round" }));
}
