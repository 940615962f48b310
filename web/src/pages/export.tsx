import { Button, Card, Spinner, Text, Title3 } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { download, get, post, save, type Gateway } from "../api";
import { Failure, Page } from "../parts";
import { Range, useRange } from "../range";

const json = (value: unknown) => new Blob([JSON.stringify(value, null, 2) + "\n"], { type: "application/json" });

/** Export gives what others need of the gateway: its document, a template that makes it again, and its evidence. */
export function Export({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const group = gateway.id.split("/").slice(0, 5).join("/");
  return (
    <Page title="Export" beside={<Range />}>
      <One
        title="Document"
        button="Download the document"
        make={async () => save(json(await get<Gateway>(gateway.id)), `${gateway.name}.json`)}
      >
        The gateway as the API returns it: defaults filled in, secrets left out. causeway config apply takes it, and keeps the secrets that are in force.
      </One>
      <One
        title="Template"
        button="Download the template"
        make={async () => {
          const made = await post<{ template: unknown }>(`${group}/exportTemplate`, { resources: [gateway.id], options: "SkipAllParameterization" });
          save(json(made.template), `${gateway.name}-template.json`);
        }}
      >
        An ARM template of the gateway, for az deployment group create, on Azure or here.
      </One>
      <One
        title="Support bundle"
        button="Download the bundle"
        make={() => download(`${gateway.id}/providers/Causeway/bundle?since=${range}`, `${gateway.name}-redacted.tar.gz`)}
      >
        The evidence of the chosen time: document, logs, health, events. Addresses, hosts, paths and ids are pseudonyms, the same for the same thing, so that it
        gives the same diagnosis elsewhere. Names of pools, rules and settings stay: look before you share it.
      </One>
    </Page>
  );
}

function One({ title, button, make, children }: { title: string; button: string; make: () => Promise<void>; children: ReactNode }) {
  const made = useMutation({ mutationFn: make });
  return (
    <Card>
      <Title3 as="h2">{title}</Title3>
      <Text>{children}</Text>
      <div>
        <Button disabled={made.isPending} onClick={() => made.mutate()}>
          {button}
        </Button>
      </div>
      {made.isPending && <Spinner size="tiny" label="It is being made" />}
      {made.error && <Failure error={made.error} />}
    </Card>
  );
}
