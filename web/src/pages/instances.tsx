import { Card, MessageBar, MessageBarBody } from "@fluentui/react-components";
import type { Gateway } from "../api";
import { useStatus } from "../gateway";
import { Answered, Page, Table, clock, count, mebibytes, percent } from "../parts";
import { AwayNodes } from "../nodes";

export function Instances({ gateway }: { gateway: Gateway }) {
  const status = useStatus(gateway);
  return (
    <Page title="Instances">
      <Answered query={status}>
        {(s) => (
          <>
            {[...(s.lagging ?? []), ...(s.unheld ? [s.unheld] : [])].map((text) => (
              <MessageBar key={text} intent="warning" layout="multiline">
                <MessageBarBody>{text}</MessageBarBody>
              </MessageBar>
            ))}
            <AwayNodes of={s.away} />
            <Card>
              <Table
                name="Instances"
                columns={["Instance", "Size", "CPU", "Throttled", "Memory", "Connections", "Revision", "Since", "Restarts", "State"]}
                none={s.stopped ? "The gateway is stopped." : "No instance runs here."}
                rows={s.instances.map((i) => ({
                  key: i.id,
                  cells: [
                    i.id, i.sizeName, `${percent(i.cpuUsed)} of ${i.size.cpu}`, percent(i.throttled),
                    `${mebibytes(i.memoryUsed)} of ${mebibytes(i.size.memory)}`, count(i.connections), i.revision, clock(i.started), i.restarts,
                    i.problem ?? "answers",
                  ],
                }))}
              />
            </Card>
            {(s.nodes?.length ?? 0) > 0 && (
              <Card>
                <Table
                  name="Nodes"
                  columns={["Node", "Address", "Instances", "Revision", "Version", "Since", "Faults"]}
                  none=""
                  rows={(s.nodes ?? []).map((n) => ({
                    key: n.name,
                    cells: [n.name + (n.name === s.node ? " (this one)" : ""), n.address ?? "", n.instances, n.revision, n.version ?? "", clock(n.started), (n.faults ?? []).join("; ")],
                  }))}
                />
              </Card>
            )}
          </>
        )}
      </Answered>
    </Page>
  );
}
