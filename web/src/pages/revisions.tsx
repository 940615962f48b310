import { Button, Card, MessageBar, MessageBarBody, Spinner, Text, Title3 } from "@fluentui/react-components";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, request, save, type Delta, type Gateway, type Revision } from "../api";
import { settled } from "../apply";
import { Changes } from "../changes";
import { Answered, Failure, Page, Table, clock, useParameter } from "../parts";
import { useMayChange } from "../session";

const all = (g: Gateway) => `${g.id}/providers/Causeway/revisions`;

/** Revisions are the configurations that were in force, each with the way back to it. */
export function Revisions({ gateway }: { gateway: Gateway }) {
  const [shown, setShown] = useParameter("revision", "");
  const list = useInfiniteQuery({
    queryKey: [gateway.id, "revisions", gateway.etag],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => get<{ value: Revision[]; nextLink?: string }>(all(gateway) + (pageParam && `?before=${pageParam}`), signal),
    getNextPageParam: (last) => (last.nextLink ? String(last.value.at(-1)?.revision ?? "") : undefined),
  });
  const revisions = list.data?.pages.flatMap((p) => p.value);
  return (
    <Page title="Revisions">
      {list.error && <Failure error={list.error} />}
      {shown && <One key={shown + gateway.etag} gateway={gateway} revision={shown} close={() => setShown("")} />}
      <Card>
        {list.isPending && !list.error && <Spinner label="Reading the revisions" />}
        {revisions && (
          <Table
            name="Revisions"
            columns={["Revision", "When", "Who", "What", "Why", "Look"]}
            none="No revision is kept."
            rows={revisions.map((r, i) => ({
              key: String(r.revision),
              cells: [
                i === 0 ? `${r.revision}, in force` : r.revision,
                clock(r.when),
                r.who ?? "",
                (r.keys ?? []).slice(0, 3).map((k) => k.replace(/^child\//, "")).join(", ") + ((r.keys ?? []).length > 3 ? ` and ${(r.keys ?? []).length - 3} more` : ""),
                r.note ?? "",
                <Button size="small" onClick={() => setShown(String(r.revision))}>
                  Look
                </Button>,
              ],
            }))}
          />
        )}
        {list.hasNextPage && (
          <div>
            <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              Earlier revisions
            </Button>
          </div>
        )}
      </Card>
    </Page>
  );
}

function One({ gateway, revision, close }: { gateway: Gateway; revision: string; close: () => void }) {
  const mayChange = useMayChange();
  const cache = useQueryClient();
  const one = useQuery({
    queryKey: [gateway.id, "revision", revision, gateway.etag],
    retry: false,
    queryFn: ({ signal }) => get<{ document: unknown; changes: Delta[] }>(`${all(gateway)}/${revision}`, signal),
  });
  const back = useMutation({
    mutationFn: async () => {
      await request("POST", `${all(gateway)}/${revision}/rollback`, undefined, { "If-Match": gateway.etag });
      await settled(gateway);
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["gateway"] });
      close();
    },
  });
  return (
    <Card>
      <Title3 as="h2">Back to revision {revision}</Title3>
      <Answered query={one}>
        {(r) => (
          <>
            <Text>A return would change what is in force now as follows.</Text>
            <Changes of={r.changes} />
            <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
              <Button appearance="primary" disabled={!mayChange || r.changes.length === 0 || back.isPending} onClick={() => back.mutate()}>
                Return to it
              </Button>
              <Button onClick={() => save(new Blob([JSON.stringify(r.document, null, 2)], { type: "application/json" }), `${gateway.name}-${revision}.json`)}>Keep its document</Button>
              <Button onClick={close}>Close</Button>
            </div>
          </>
        )}
      </Answered>
      {back.isPending && <Spinner size="tiny" label="The gateway is taking the change into force" />}
      {back.error && <Failure error={back.error} />}
      {!mayChange && (
        <MessageBar intent="info">
          <MessageBarBody>Your role, reader, may look and change nothing.</MessageBarBody>
        </MessageBar>
      )}
    </Card>
  );
}
