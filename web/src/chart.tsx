import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { tokens } from "@fluentui/react-components";

const inks = ["#0f6cbd", "#c50f1f", "#0e700e", "#8764b8", "#bc4b09", "#038387", "#e3008c", "#69797e"];

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
        cursor: { drag: { x: true, y: false, setScale: false } },
        series: [{}, ...series.map((s, i) => ({ label: s.name, stroke: inks[i % inks.length] ?? ink, width: 2, spanGaps: false }))],
        axes: [
          { stroke: ink, grid },
          { stroke: ink, grid, size: 64, label: unit, labelSize: 20 },
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
  }, [shape]);
  useEffect(() => plot.current?.setData([times, ...series.map((s) => s.values)]), [times, series]);
  const last = series.map((s) => `${s.name} ${s.values.findLast((v) => v !== null)?.toLocaleString("en") ?? "none"}`).join(", ");
  return <div ref={at} role="img" aria-label={`${name}: last values ${last}`} style={{ color: tokens.colorNeutralForeground1, minWidth: 0 }} />;
}
