import { Card } from "@fluentui/react-components";
import type { Gateway } from "../api";
import { useActivity } from "../gateway";
import { Answered, Page, State, Table, clock } from "../parts";
import { Range, useRange } from "../range";

export function Activity({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const activity = useActivity(gateway, range);
  return (
    <Page title="Activity log" beside={<Range />}>
      <Card>
        <Answered query={activity}>
          {(events) => (
            <Table
              name="Activity log"
              columns={["Time", "Operation", "Status", "By", "What"]}
              none="Nothing happened in this time."
              rows={events.map((e, i) => ({
                key: e.eventTimestamp + i,
                cells: [
                  clock(e.eventTimestamp), e.operationName.localizedValue ?? e.operationName.value, <State of={e.status.value} />, e.caller,
                  e.description ?? e.properties?.statusMessage ?? "",
                ],
              }))}
            />
          )}
        </Answered>
      </Card>
    </Page>
  );
}
