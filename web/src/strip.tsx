import { tokens } from "@fluentui/react-components";
import { clock } from "./parts";

/** Change is when a member's health became another. */
export type Change = { at: number; health: string; why: string };

/** changesOf reads transitions, such as "2026-12-01T09:00:00Z Down tcp_connect ECONNREFUSED". */
export const changesOf = (transitions: string[]): Change[] =>
  transitions.flatMap((line) => {
    const [at = "", health = "", ...why] = line.split(" ");
    const time = Date.parse(at);
    return Number.isNaN(time) ? [] : [{ at: time, health, why: why.join(" ") }];
  });

const hour = 3_600_000;

/** flaps counts how often a member went from one health to another within the last hour; its first judgement is none. */
export const flaps = (transitions: string[]) => changesOf(transitions).filter((c, i) => i > 0 && c.at > Date.now() - hour).length;

const colors: Record<string, string> = { Up: tokens.colorPaletteGreenBackground3, Down: tokens.colorPaletteRedBackground3, Draining: tokens.colorPaletteYellowBackground3 };

/** Strip draws a member's health over the last hour; grey: it was not known yet. */
export function Strip({ of, name }: { of: string[]; name: string }) {
  const now = Date.now();
  const from = now - hour;
  const changes = changesOf(of);
  const before = changes.findLast((c) => c.at <= from);
  const parts = [{ at: from, health: before?.health ?? "unknown" }, ...changes.filter((c) => c.at > from)];
  const said = parts.map((p) => `${p.health} from ${clock(new Date(p.at).toISOString())}`).join(", ");
  return (
    <svg role="img" aria-label={`${name}: ${said}`} width="120" height="14" viewBox="0 0 120 14" preserveAspectRatio="none">
      {parts.map((p, i) => {
        const x = (120 * (p.at - from)) / hour;
        const end = (120 * ((parts[i + 1]?.at ?? now) - from)) / hour;
        return (
          <rect key={p.at} x={x} y={p.health === "Down" ? 0 : 4} width={Math.max(1, end - x)} height={p.health === "Down" ? 14 : 10} style={{ fill: colors[p.health] ?? tokens.colorNeutralBackground6 }}>
            <title>{`${p.health} from ${clock(new Date(p.at).toISOString())}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
