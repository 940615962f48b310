import {
  Badge,
  Card,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Skeleton,
  SkeletonItem,
  Text,
  makeStyles,
  tokens,
  typographyStyles,
} from "@fluentui/react-components";
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { useLocation, useSearchParams } from "react-router";
import { Problem } from "./api";

const useStyles = makeStyles({
  page: { display: "grid", rowGap: tokens.spacingVerticalL, gridTemplateColumns: "minmax(0, 1fr)" },
  heading: { ...typographyStyles.title3, ":focus": { outlineStyle: "none" } },
  head: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM, alignItems: "center", justifyContent: "space-between" },
  tiles: { display: "grid", gap: tokens.spacingHorizontalM, gridTemplateColumns: "repeat(auto-fill, minmax(min(11rem, 100%), 1fr))" },
  scroll: { overflowX: "auto" },
  table: {
    width: "100%",
    borderCollapse: "collapse",
    fontVariantNumeric: "tabular-nums",
    "& th": { textAlign: "start", fontWeight: tokens.fontWeightSemibold, whiteSpace: "nowrap" },
    "& th, & td": {
      padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM} ${tokens.spacingVerticalXS} 0`,
      borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
      verticalAlign: "top",
    },
  },
  facts: { display: "grid", gridTemplateColumns: "max-content minmax(0, 1fr)", columnGap: tokens.spacingHorizontalL, rowGap: "4px", margin: 0, "& dd": { margin: 0 } },
});

/** Page is a page with its name, and with what stands beside it. */
export function Page({ title, beside, children }: { title: string; beside?: ReactNode; children: ReactNode }) {
  const styles = useStyles();
  const heading = useRef<HTMLHeadingElement>(null);
  const arrived = useLocation().key !== "default"; // over a link of the portal, and not with the first load
  useEffect(() => void (document.title = `${title} – Causeway`), [title]);
  useEffect(() => {
    if (arrived) {
      heading.current?.focus({ preventScroll: true });
    }
    // once for each page: other values in the address are not another page
  }, []);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1 ref={heading} tabIndex={-1} className={styles.heading}>
          {title}
        </h1>
        {beside}
      </div>
      {children}
    </div>
  );
}

/** Tile is one number, with its name and a word on it. */
export function Tile({ name, value, note }: { name: string; value: ReactNode; note?: ReactNode }) {
  return (
    <Card size="small">
      <Text size={200}>{name}</Text>
      <Text size={600} weight="semibold" style={{ fontVariantNumeric: "tabular-nums" }}>
        {value}
      </Text>
      <Text size={200}>{note ?? "\u00a0"}</Text>
    </Card>
  );
}

export function Tiles({ children }: { children: ReactNode }) {
  return <div className={useStyles().tiles}>{children}</div>;
}

/** Table has named columns; its rows are cells in their order. */
export function Table({ name, columns, rows, none }: { name: string; columns: string[]; rows: { key: string; cells: ReactNode[] }[]; none: string }) {
  const styles = useStyles();
  if (rows.length === 0) {
    return <Text>{none}</Text>;
  }
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={name}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c} scope="col">
                {c}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.key}>
              {r.cells.map((cell, i) => (
                <td key={columns[i]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Facts are names with what they stand for. */
export function Facts({ of }: { of: [string, ReactNode][] }) {
  return (
    <dl className={useStyles().facts}>
      {of.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={name + "="}>{value}</dd>])}
    </dl>
  );
}

/** Failure says what went wrong, and what the page does about it. */
export function Failure({ error }: { error: Error }) {
  const p = error instanceof Problem ? error : undefined;
  const title = p?.status === 403 ? "Your role may not see this" : p?.status === 0 ? "No answer" : "This did not work";
  return (
    <MessageBar intent={p?.status === 403 ? "warning" : "error"} layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>{title}</MessageBarTitle>
        {error.message}
        {p && p.details.length > 1 && (
          <ul>
            {p.details.map((d) => (
              <li key={d.message}>
                {d.message} {d.target && <code>{d.target}</code>}
              </li>
            ))}
          </ul>
        )}
      </MessageBarBody>
    </MessageBar>
  );
}

/** Answered shows what was answered last, with what is wrong since; before the first answer, that it waits. */
export function Answered<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  return (
    <>
      {query.error && <Failure error={query.error} />}
      {query.data !== undefined
        ? children(query.data)
        : !query.error && (
            <Waiting />
          )}
    </>
  );
}

/** Waiting stands where something will be. */
export function Waiting() {
  return (
    <Skeleton aria-label="Loading" style={{ display: "grid", rowGap: 8 }}>
      <SkeletonItem size={32} />
      <SkeletonItem size={72} />
    </Skeleton>
  );
}

const colors: Record<string, "success" | "danger" | "warning" | "informative" | "subtle"> = {
  Up: "success", Healthy: "success", pass: "success", Running: "success", Succeeded: "success",
  Down: "danger", Unhealthy: "danger", fail: "danger", Stopped: "danger", Failed: "danger",
  Partial: "warning", Draining: "warning", high: "danger", medium: "warning", low: "informative",
};

/** State is a word that stands for how something is; text is another word for it. */
export function State({ of, text = of }: { of: string; text?: string }) {
  return (
    <Badge appearance="tint" color={colors[of] ?? "subtle"}>
      {text}
    </Badge>
  );
}

/** useParameter is a value that lives in the URL, so that a link shows the same page. Another value ends those that depend on it. */
export function useParameter(name: string, otherwise: string, dependent: string[] = []): [string, (v: string) => void] {
  const [search, setSearch] = useSearchParams();
  const set = (v: string) =>
    setSearch(
      (old) => {
        const next = new URLSearchParams(old);
        dependent.forEach((d) => next.delete(d));
        if (v === otherwise || v === "") {
          next.delete(name);
        } else {
          next.set(name, v);
        }
        return next;
      },
      { replace: true },
    );
  return [search.get(name) ?? otherwise, set];
}

export const count = (n: number) => n.toLocaleString("en");
export const percent = (share: number) => `${(100 * share).toLocaleString("en", { maximumFractionDigits: share < 0.1 ? 1 : 0 })} %`;
export const mebibytes = (bytes: number) => `${Math.round(bytes / (1 << 20)).toLocaleString("en")} MiB`;

/** clock is a time of day, with the day if it is another than today, in this browser's zone. */
export function clock(at: string): string {
  const t = new Date(at);
  const today = new Date().toDateString() === t.toDateString();
  return (today ? "" : t.toLocaleDateString("en-CA") + " ") + t.toLocaleTimeString("en-GB");
}
