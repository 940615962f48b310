import { Button, Card, MessageBar, MessageBarActions, MessageBarBody, ProgressBar, Text, Title3 } from "@fluentui/react-components";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState, type DragEvent } from "react";
import { get, post, request, type Evidence, type Gateway } from "./api";
import { sourceOf } from "./gateway";
import { Failure, clock, count } from "./parts";

const all = (gateway: Gateway) => sourceOf(gateway, "") + "/evidence";

/** given uploads files, and returns under which id they are. What was begun is deleted if a file does not arrive. */
async function given(gateway: Gateway, files: File[], report: (done: number) => void): Promise<string> {
  const { id } = await post<Evidence>(all(gateway));
  try {
    for (const [i, file] of files.entries()) {
      report(i);
      await request("PUT", `${all(gateway)}/${id}/files/${encodeURIComponent(file.name)}`, file);
    }
  } catch (e) {
    await request("DELETE", `${all(gateway)}/${id}`).catch(() => undefined);
    throw e;
  }
  return id;
}

/** Give takes evidence of another gateway, dropped or chosen. */
export function Give({ gateway, done }: { gateway: Gateway; done: (id: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState<[number, number]>([0, 0]);
  const give = useMutation({
    mutationFn: (files: File[]) => given(gateway, files, (i) => setSent([i, files.length])),
    onSuccess: done,
  });
  const take = (files: FileList | null) => {
    if (files && files.length > 0) {
      give.mutate([...files]);
    }
  };
  const drop = (e: DragEvent) => {
    e.preventDefault();
    setOver(false);
    take(e.dataTransfer.files);
  };
  return (
    <Card
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      style={over ? { outline: "2px dashed currentColor" } : undefined}
    >
      <Title3 as="h2">Evidence of a gateway in Azure</Title3>
      <Text>
        Drop files here: the bundle of <code>causeway collect</code>, or anything that Azure exports — logs, metrics, backend health, the activity log, the
        document. They go to this Causeway alone, are diagnosed in a process with limits, and are deleted with their report after 30 minutes.
      </Text>
      <input ref={input} type="file" multiple hidden aria-label="Files of evidence" onChange={(e) => take(e.target.files)} />
      <div>
        <Button disabled={give.isPending} onClick={() => input.current?.click()}>
          Choose files
        </Button>
      </div>
      {give.isPending && <ProgressBar aria-label={`File ${sent[0] + 1} of ${sent[1]}`} {...(sent[1] > 1 && { value: sent[0], max: sent[1] })} />}
      {give.error && <Failure error={give.error} />}
    </Card>
  );
}

/** Given says which evidence the page shows, and until when. */
export function Given({ gateway, id, leave }: { gateway: Gateway; id: string; leave: () => void }) {
  const evidence = useQuery({
    queryKey: [gateway.id, "evidence", id],
    refetchInterval: 60_000,
    retry: false,
    queryFn: ({ signal }) => get<Evidence>(`${all(gateway)}/${id}`, signal),
  });
  const remove = useMutation({ mutationFn: () => request("DELETE", `${all(gateway)}/${id}`), onSettled: leave });
  if (evidence.error) {
    return (
      <>
        <Failure error={evidence.error} />
        <div>
          <Button onClick={leave}>Back to this gateway</Button>
        </div>
      </>
    );
  }
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody>
        {evidence.data
          ? `This is the diagnosis of evidence that was given: ${evidence.data.files.map((f) => `${f.name} (${count(Math.ceil(f.size / 1024))} KiB)`).join(", ")}. It is deleted at ${clock(evidence.data.expires)}.`
          : "This is the diagnosis of evidence that was given."}
      </MessageBarBody>
      <MessageBarActions>
        <Button size="small" onClick={leave}>
          Back to this gateway
        </Button>
        <Button size="small" disabled={remove.isPending} onClick={() => remove.mutate()}>
          Delete it now
        </Button>
      </MessageBarActions>
    </MessageBar>
  );
}
