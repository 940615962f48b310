import { Button, Card, MessageBar, MessageBarBody, Text, Title3 } from "@fluentui/react-components";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { get, type Gateway, type Guide } from "./api";
import { What } from "./fix";
import { sourceOf, windowOf } from "./gateway";
import { Answered, State } from "./parts";

const prefix = "answer.";

/** Guided goes through the search for the cause, one question at a time. The evidence answers what it can, and whoever searches the rest; the
 * answers are in the URL. */
export function Guided({ gateway, since, until, evidence }: { gateway: Gateway; since: string; until: string; evidence: string }) {
  const [search, setSearch] = useSearchParams();
  const answers = [...search].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]);
  const query = new URLSearchParams([...(evidence ? [] : windowOf(since, until)), ...answers]);
  const guide = useQuery({
    queryKey: [gateway.id, "guide", evidence, query.toString()],
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: ({ signal }) => get<Guide>(`${sourceOf(gateway, evidence)}/troubleshooting?${query}`, signal),
  });
  const answer = (id: string, value: string) =>
    setSearch(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) {
          next.set(prefix + id, value);
        } else {
          next.delete(prefix + id);
        }
        return next;
      },
      { replace: true },
    );
  return (
    <Card>
      <Title3 as="h2">Step by step</Title3>
      <Answered query={guide}>
        {(g) => (
          <>
            <ol>
              {g.steps.map((s) => (
                <li key={s.id}>
                  <Question step={s} gateway={gateway} answer={(value) => answer(s.id, value)} />
                </li>
              ))}
            </ol>
            <MessageBar intent={g.outcome.startsWith("the first no") ? "warning" : "info"} layout="multiline">
              <MessageBarBody>{g.outcome.charAt(0).toUpperCase() + g.outcome.slice(1)}.</MessageBarBody>
            </MessageBar>
          </>
        )}
      </Answered>
    </Card>
  );
}

const states = { yes: "pass", no: "fail", unknown: "unknown" };

function Question({ step: s, gateway, answer }: { step: Guide["steps"][number]; gateway: Gateway; answer: (value: string) => void }) {
  const mine = s.source === "you";
  return (
    <section style={{ marginBottom: 12 }}>
      <Text weight="semibold">{s.question}</Text> <State of={states[s.answer]} text={s.answer} />
      <Text block size={200}>
        {s.why}
      </Text>
      {s.source === "evidence" && <Text block>From the evidence: {s.detail}</Text>}
      {s.source !== "evidence" && (
        <>
          <Text block>To find out: {s.ask}</Text>
          <div style={{ display: "flex", gap: 8, marginTop: 4 }}>
            <Button size="small" appearance={mine && s.answer === "yes" ? "primary" : "secondary"} onClick={() => answer("yes")}>
              Yes
            </Button>
            <Button size="small" appearance={mine && s.answer === "no" ? "primary" : "secondary"} onClick={() => answer("no")}>
              No
            </Button>
            {mine && (
              <Button size="small" appearance="transparent" onClick={() => answer("")}>
                I do not know
              </Button>
            )}
          </div>
        </>
      )}
      {s.answer === "no" && (
        <>
          <ul>
            {s.then.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
          {s.actions.map((fix) => (
            <What key={fix.side + fix.change} fix={fix} gateway={gateway} />
          ))}
        </>
      )}
    </section>
  );
}
