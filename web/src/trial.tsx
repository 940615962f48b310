import { Button, Card, MessageBar, MessageBarBody, Text, Title3 } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request, type Followup, type Gateway, type Report, type Setting } from "./api";
import { Apply } from "./fix";
import { Answered, State, Table, clock, count } from "./parts";

/** Trial is a fix that was applied, with what its diagnosis expected of it. */
export type Trial = { at: string; change: string; undo: Setting[]; before: Earlier };

/** Earlier is of a report what a comparison needs. */
type Earlier = Pick<Report, "window" | "requests" | "failures"> & { schema: string; findings: object[]; undetermined: { failures: number } };

/** trialOf is the trial of a change that is in force since a time. */
export function trialOf(report: Report, change: string, at: string, undo: Setting[]): Trial {
  const findings = report.findings.map(({ cause, title, scope, failures, recovered, fixes }) => ({ cause, title, scope, failures, recovered, fixes }));
  const { window, requests, failures, undetermined } = report;
  return {
    at,
    change,
    undo,
    before: { schema: report.schema, window, requests, failures, findings, undetermined: { failures: undetermined.failures } },
  };
}

const place = (g: Gateway) => `causeway.trial.${g.id.toLowerCase()}`;

/** useTrial is the trial that this browser watches. It outlives the page. */
export function useTrial(gateway: Gateway): [Trial | undefined, (t: Trial | undefined) => void] {
  const [trial, setTrial] = useState(() => kept(gateway));
  return [
    trial,
    (t) => {
      if (t) {
        localStorage.setItem(place(gateway), JSON.stringify(t));
      } else {
        localStorage.removeItem(place(gateway));
      }
      setTrial(t);
    },
  ];
}

function kept(gateway: Gateway): Trial | undefined {
  try {
    const t = JSON.parse(localStorage.getItem(place(gateway)) ?? "null") as Trial | null;
    return t?.before ? t : undefined;
  } catch {
    return undefined;
  }
}

const words: Record<Followup["result"], [string, string]> = {
  worked: ["pass", "worked"],
  partly: ["medium", "worked in part"],
  not: ["fail", "has not worked"],
  "too-early": ["unknown", "too early to tell"],
  overlapping: ["unknown", "cannot tell"],
};

/** Watch holds what happens since a fix was applied against what was expected of it. */
export function Watch({ gateway, trial, end }: { gateway: Gateway; trial: Trial; end: () => void }) {
  const since = useQuery({
    queryKey: [gateway.id, "trial", trial.at],
    refetchInterval: 10_000,
    retry: false,
    queryFn: ({ signal }) =>
      request<Report>("POST", `${gateway.id}/providers/Causeway/diagnosis?${new URLSearchParams({ since: trial.at })}`, trial.before, {}, signal),
  });
  const none = (since.error as { code?: string } | null)?.code === "NoReport"; // nothing has been recorded since
  return (
    <Card role="group" aria-label="Has it worked?">
      <Title3 as="h2">Has it worked?</Title3>
      <Text>
        Since {clock(trial.at)}: {trial.change}
      </Text>
      {none ? (
        <Text>No request has been recorded since. This page asks again every ten seconds.</Text>
      ) : (
        <Answered query={since}>
          {(r) => (
            <>
              <Text>
                {count(r.requests)} requests since, {count(r.failures)} failed.
              </Text>
              <Table
                name="What became of the causes"
                columns={["Cause", "Before", "Since", "Expected", "Result", "Why"]}
                none="The diagnosis before had no cause to compare with."
                rows={(r.before ?? []).map((f, i) => ({
                  key: f.cause + i,
                  cells: [
                    f.title,
                    `${count(f.before.failures)} of ${count(f.before.requests)}`,
                    `${count(f.now.failures)} of ${count(f.now.requests)}`,
                    f.expected[0] === f.expected[1] ? count(f.expected[0]) : `${count(f.expected[0])} to ${count(f.expected[1])}`,
                    <State of={words[f.result][0]} text={words[f.result][1]} />,
                    f.why,
                  ],
                }))}
              />
            </>
          )}
        </Answered>
      )}
      <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
        <Apply gateway={gateway} set={trial.undo} why={`Take back: ${trial.change}`} label="Take it back" applied={end} />
        <Button size="small" onClick={end}>
          Stop watching
        </Button>
      </div>
      <MessageBar intent="info" layout="multiline">
        <MessageBarBody>This browser remembers the trial. Elsewhere, causeway diagnose --before compares with a report that was kept.</MessageBarBody>
      </MessageBar>
    </Card>
  );
}
