// What a cluster lacks: nodes that do not answer, and nodes that do not run.
import { MessageBar, MessageBarBody } from "@fluentui/react-components";
import type { Away } from "./api";
import { clock } from "./parts";

/** Missing says which nodes an answer lacks. */
export function Missing({ nodes, what }: { nodes: string[] | undefined; what: string }) {
  return nodes?.length ? (
    <MessageBar intent="warning" layout="multiline">
      <MessageBarBody>
        Without {nodes.join(", ")}: these nodes did not answer, and {what} is not included.
      </MessageBarBody>
    </MessageBar>
  ) : null;
}

/** AwayNodes says which nodes of the cluster do not run. */
export function AwayNodes({ of }: { of: Away[] | undefined }) {
  return of?.length ? (
    <MessageBar intent="warning" layout="multiline">
      <MessageBarBody>
        {of.map((a) => `Node ${a.node} does not run${a.since ? `, since about ${clock(a.since)}` : ""}.`).join(" ")} Start Causeway there, or, if it has gone for
        good: <code>causeway cluster remove</code>.
      </MessageBarBody>
    </MessageBar>
  ) : null;
}
