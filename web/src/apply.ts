// What it takes to apply a fix: the settings that a report names, put into the gateway and into causeway.yaml.
import { Problem, get, request, withTag, type Gateway, type Setting, type Settings, type Status } from "./api";

/** Step is one value that a change sets, as it was and as it will be; undefined: it was not set. */
export type Step = { setting: Setting; was: unknown };

/** Plan is a change that is ready to be made, of what was in force when it was planned. */
export type Plan = { gateway: Gateway; tag: string; steps: Step[] };

type Tree = Record<string, unknown>;

const isTree = (v: unknown): v is Tree => typeof v === "object" && v !== null && !Array.isArray(v);

/** found is where a path leads in a document: what holds its last part. Undefined: it names something that does not exist. */
function found(root: Tree, path: string): { holder: Tree; last: string } | undefined {
  const parts = path.split("/");
  const last = parts.pop() ?? "";
  let at: unknown = root;
  for (const part of parts) {
    if (Array.isArray(at)) {
      at = at.find((x: Tree) => x["name"] === part)?.["properties"];
    } else if (isTree(at)) {
      at[part] ??= {};
      at = at[part];
    }
    if (at === undefined) {
      return undefined;
    }
  }
  return isTree(at) ? { holder: at, last } : undefined;
}

/** planned looks up what a change would replace. It fails if the gateway no longer has what the change names. */
export async function planned(gateway: Gateway, set: Setting[]): Promise<Plan> {
  const [now, settings] = await Promise.all([get<Gateway>(gateway.id), withTag<{ settings: Settings }>("GET", settingsOf(gateway))]);
  const root = structuredClone(now.properties) as Tree;
  const steps = set.map((setting) => {
    const at = found(setting.file === "document" ? root : structuredClone(settings.value.settings), setting.path);
    if (!at) {
      throw new Problem(409, "Gone", `The gateway no longer has ${setting.path}. Diagnose again; the fix may be another one now.`);
    }
    return { setting, was: at.holder[at.last] };
  });
  return { gateway: now, tag: settings.tag, steps };
}

/** reversed is the change that takes a plan back. */
export const reversed = (plan: Plan): Setting[] => plan.steps.map(({ setting, was }) => ({ ...setting, value: was ?? null }));

/** made makes the change of a plan, and returns since when it is in force. What somebody has changed meanwhile is not overwritten. */
export async function made(plan: Plan): Promise<string> {
  const document = plan.steps.filter((s) => s.setting.file === "document");
  const local = plan.steps.filter((s) => s.setting.file !== "document");
  if (document.length > 0) {
    await inForce(withSettings(plan.gateway, document.map((s) => s.setting)));
  }
  if (local.length > 0) {
    const settings: Tree = {};
    for (const { setting } of local) {
      const at = found(settings, setting.path);
      if (at) {
        at.holder[at.last] = setting.value;
      }
    }
    await request("PATCH", settingsOf(plan.gateway), { settings }, { "If-Match": plan.tag });
  }
  return (await get<Status>(`${plan.gateway.id}/providers/Causeway/status`)).applied; // by the gateway's clock
}

/** withSettings is a gateway with other values. */
function withSettings(gateway: Gateway, set: Setting[]): Gateway {
  const changed = structuredClone(gateway);
  for (const { path, value } of set) {
    const at = found(changed.properties as Tree, path);
    if (at && value === null) {
      delete at.holder[at.last];
    } else if (at) {
      at.holder[at.last] = value;
    }
  }
  return changed;
}

/** inForce puts a gateway, and waits until it is in force, for a slow change goes on after its answer. */
export async function inForce(gateway: Gateway): Promise<void> {
  await request<Gateway>("PUT", gateway.id, gateway, { "If-Match": gateway.etag });
  await settled(gateway);
}

/** settled waits until a change is in force. */
export async function settled(gateway: Gateway): Promise<void> {
  for (let i = 0; i < 120; i++) {
    const now = await get<Gateway>(gateway.id);
    if (now.properties.provisioningState === "Failed") {
      throw new Problem(409, "Failed", "The gateway could not serve this change; the configuration before it stays in force. The activity log says why.");
    }
    if (now.properties.provisioningState !== "Updating") {
      return;
    }
    await new Promise((done) => setTimeout(done, 1_000));
  }
  throw new Problem(504, "Slow", "The change is still under way after two minutes. The activity log says when it is in force.");
}

const settingsOf = (gateway: Gateway) => `${gateway.id}/providers/Causeway/settings`;
