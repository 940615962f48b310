import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { tokens } from "@fluentui/react-components";
import { useDark } from "./theme";

const inks = {
  light: ["#0f6cbd", "#c50f1f", "#0e700e", "#8764b8", "#bc4b09", "#038387", "#c30052", "#566a70"],
  dark: ["#5aa9e0", "#f1707b", "#5ec75a", "#b4a0e0", "#f0884a", "#3fc6c9", "#f26bb5", "#a3b1bd"],
};

/** written is a value with its unit; unit is Azure Monitor's word for it, or another that follows the number. */
function written(v: number | null | undefined, unit: string): string {
  if (v === null || v === undefined) {
    return "none";
  }
  const short = (n: number) => n.toLocaleString("en", { maximumFractionDigits: Math.abs(n) < 10 ? 2 : 1 });
  switch (unit) {
    case "MilliSeconds":
      return v >= 10_000 ? `${short(v / 1000)} s` : `${short(v)} ms`;
    case "Bytes":
    case "BytesPerSecond": {
      const step = Math.min(4, v >= 1024 ? Math.floor(Math.log2(v) / 10) : 0);
      return `${short(v / 1024 ** step)} ${["B", "KiB", "MiB", "GiB", "TiB"][step]}${unit === "Bytes" ? "" : "/s"}`;
    }
    case "CountPerSecond":
      return `${short(v)}/s`;
    case "Count":
      return short(v);
  }
  return `${short(v)} ${unit}`;
}

/** Series is a line of a chart: values beside the chart's times, null where there is none. */
export type Series = { name: string; values: (number | null)[] };

/** Chart draws lines over time; times are seconds since 1970. brushed hears the range that was dragged over. */
export function Chart({ name, unit, times, series, brushed }: {
  name: string;
  unit: string;
  times: number[];
  series: Series[];
  brushed?: (from: number, to: number) => void;
}) {
  const at = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = series.map((s) => s.name).join("\n") + unit;
  const dark = useDark();
  const hears = useRef(brushed);
  hears.current = brushed;
  useEffect(() => {
    const box = at.current;
    if (!box) {
      return;
    }
    const ink = getComputedStyle(box).color;
    const grid = { stroke: "rgba(128, 128, 128, 0.25)", width: 1 };
    const made = new uPlot(
      {
        width: box.clientWidth,
        height: 220,
        cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "charts" } },
        series: [{}, ...series.map((s, i) => ({ label: s.name, stroke: inks[dark ? "dark" : "light"][i % 8] ?? ink, width: 2, spanGaps: false, value: (_: uPlot, v: number | null) => written(v, unit) }))],
        axes: [
          { stroke: ink, grid, space: 70, values: (_, all, __, ___, step) => all.map((t) => moment(t, step)) },
          { stroke: ink, grid, size: 76, values: (_, all) => all.map((v) => written(v, unit)) },
        ],
        scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
        hooks: {
          setSelect: [
            (u) => {
              if (u.select.width > 4) {
                hears.current?.(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
              }
            },
          ],
        },
      },
      [times, ...series.map((s) => s.values)],
      box,
    );
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: 220 }));
    sized.observe(box);
    return () => {
      sized.disconnect();
      made.destroy();
      plot.current = null;
    };
    // a chart of other lines is another chart; new values of the same go into it below
    // eslint-disable-next-line
  }, [shape, dark]);
  useEffect(() => plot.current?.setData([times, ...series.map((s) => s.values)]), [times, series]);
  const last = series.map((s) => `${s.name} ${written(s.values.findLast((v) => v !== null), unit)}`).join(", ");
  return <div ref={at} role="img" aria-label={`${name}: last values ${last}`} style={{ color: tokens.colorNeutralForeground1, minWidth: 0 }} />;
}

/** moment is a time on the axis, in this browser's zone: of points that are a day or more apart, the day. */
function moment(seconds: number, step: number): string {
  const t = new Date(seconds * 1000);
  if (step >= 86_400) {
    return t.toLocaleDateString("en-CA").slice(5);
  }
  const clock = t.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(step < 60 && { second: "2-digit" }) });
  return clock === "00:00" ? t.toLocaleDateString("en-CA").slice(5) : clock;
}
