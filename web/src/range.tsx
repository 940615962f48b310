import { Select } from "@fluentui/react-components";
import { useParameter } from "./parts";

const ranges: [string, string][] = [
  ["30m", "Last 30 minutes"],
  ["1h", "Last hour"],
  ["6h", "Last 6 hours"],
  ["1d", "Last day"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
];

/** useRange is the range of time that the URL names: 30m, 6h, 7d, or the time at which it begins. */
export const useRange = () => useParameter("range", "1h", ["until"]);

/** Range lets a range be chosen. */
export function Range() {
  const [range, setRange] = useRange();
  return (
    <Select aria-label="Time range" value={range} onChange={(_, d) => setRange(d.value)}>
      {!ranges.some(([r]) => r === range) && <option value={range}>since {range}</option>}
      {ranges.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </Select>
  );
}
