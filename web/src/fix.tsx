import { Text } from "@fluentui/react-components";
import type { Fix } from "./api";
import { count } from "./parts";

/** What is one thing to do, with what it would save. */
export function What({ fix }: { fix: Fix }) {
  const [low, high] = fix.expected.removes;
  return (
    <section>
      <Text>
        On the {fix.side}: {fix.change}
      </Text>
      {Object.entries(fix.commands).map(([tool, command]) => (
        <pre key={tool}>
          {tool}: {command}
        </pre>
      ))}
      <Text size={200}>
        Saves {low === high ? count(low) : `${count(low)} to ${count(high)}`} of these ({fix.expected.basis}); {fix.expected.note}
      </Text>
    </section>
  );
}
