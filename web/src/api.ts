// The management API, as a browser that is signed in asks it: the cookie says who asks, and the header that the portal does.

import { idle } from "./attention";

/** Problem is an answer that is an error: its code and message are those of the API. Status 0: there was no answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: { code: string; message: string; target?: string }[] = [],
  ) {
    super(message);
  }
}

const version = "api-version=2025-05-01";

export const keyPlace = "causeway.key";

/** key is that of the session: other tabs of this origin have it, and nobody else. */
export const key = {
  get: () => localStorage.getItem(keyPlace) ?? "none",
  set: (value: string) => localStorage.setItem(keyPlace, value),
};

/** request asks the API; path begins with a slash. A body that is a File goes as it is, any other as JSON. Every failure is a Problem. */
export async function request<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
  const answer = await answered(method, path, body, headers, signal);
  return parsed(await answer.text()) as T;
}

/** withTag is an answer with its ETag. */
export async function withTag<T>(method: string, path: string): Promise<{ value: T; tag: string }> {
  const answer = await answered(method, path);
  return { value: parsed(await answer.text()) as T, tag: answer.headers.get("ETag") ?? "" };
}

/** download asks for a file, and lets the browser keep it under a name. */
export async function download(path: string, name: string, signal?: AbortSignal): Promise<void> {
  const answer = await answered("GET", path, undefined, {}, signal);
  save(await answer.blob(), name);
}

/** save lets the browser keep what is here as a file. */
export function save(content: Blob, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function answered(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  const url = path.startsWith("/portal/") ? path : path + (path.includes("?") ? "&" : "?") + version;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: { "X-Causeway-Portal": key.get(), "Content-Type": "application/json", ...(idle() && { "X-Causeway-Idle": "1" }), ...headers },
      credentials: "same-origin",
      cache: "no-store",
      ...(signal && { signal }),
      ...(body === undefined ? {} : { body: body instanceof File ? body : JSON.stringify(body) }),
    });
  } catch {
    throw new Problem(0, "Unreachable", "The gateway does not answer. It may be restarting, or this browser may be offline; the page asks again.");
  }
  if (!answer.ok) {
    const value = parsed(await answer.text());
    const error = (value as { error?: { code: string; message: string; details?: [] } } | undefined)?.error;
    throw new Problem(answer.status, error?.code ?? "Unknown", error?.message ?? `The gateway answered ${answer.status}.`, error?.details ?? []);
  }
  return answer;
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const get = <T>(path: string, signal?: AbortSignal) => request<T>("GET", path, undefined, {}, signal);
export const post = <T>(path: string, body?: unknown) => request<T>("POST", path, body);

/** Ref is how a resource names another. */
export type Ref = { id: string };

/** nameOf is the last part of an id. */
export const nameOf = (ref?: Ref) => ref?.id.split("/").at(-1) ?? "";

/** Gateway is the resource Microsoft.Network/applicationGateways, as far as pages name parts of it. */
export type Gateway = {
  id: string;
  name: string;
  location: string;
  etag: string;
  tags?: Record<string, string>;
  properties: {
    operationalState: string;
    provisioningState: string;
    sku: { name: string; tier: string; capacity?: number };
    autoscaleConfiguration?: { minCapacity: number; maxCapacity?: number };
    enableHttp2?: boolean;
  } & Record<string, unknown>;
};

/** Server is a member of a pool in the backend health. */
export type Server = {
  address: string;
  health: string;
  healthProbeLog?: string;
  causeway?: Judgement & { instances?: ({ instance: string; health: string; healthProbeLog?: string } & Judgement)[] };
};

/** Judgement is what Causeway knows about a member's health beside Azure's words. */
export type Judgement = {
  reason?: string;
  dial?: string;
  since?: string;
  lastProbe?: string;
  unjudged?: string;
  failures?: number;
  received?: number;
  heldUntil?: string;
  ejections?: number;
  transitions?: string[];
};

export type Health = {
  backendAddressPools: {
    backendAddressPool: Ref;
    backendHttpSettingsCollection: { backendHttpSettings: Ref; servers: Server[] }[];
  }[];
  causewayMissingNodes?: string[];
};

export type Instance = {
  id: string;
  pid: number;
  build: string;
  started: string;
  revision: number;
  connections: number;
  restarts: number;
  sizeName: string;
  size: { cpu: number; memory: number };
  cpuUsed: number;
  throttled: number;
  memoryUsed: number;
  problem?: string;
};

/** Away is a node of the cluster that does not run; without since it was away before this one started. */
export type Away = { node: string; since?: string };

/** ClusterNode is a node of the cluster that runs. */
export type ClusterNode = { name: string; started: string; version?: string; address?: string; api?: string; revision: number; instances: number; faults?: string[] };

export type Status = {
  ready: boolean;
  name: string;
  revision: number;
  applied: string;
  started: string;
  version: string;
  stopped?: boolean;
  lagging?: string[];
  node?: string;
  want: number;
  instances: Instance[];
  unheld?: string;
  nodes?: ClusterNode[];
  away?: Away[];
};

export type Expected = { side: string; removes: [number, number]; basis: string; note: string };

/** Setting is a value of the gateway's configuration: in its document below properties, or in causeway.yaml. null removes it. */
export type Setting = { file: string; path: string; value: unknown };

/** Settings are those of causeway.yaml. */
export type Settings = Record<string, unknown>;

/** Fix is one thing to do. With set, it can be done from here. */
export type Fix = { side: string; change: string; commands: Record<string, string>; expected: Expected; set?: Setting[] };

export type Rival = { cause: string; test?: string; because?: string; against?: string };

export type Finding = {
  cause: string;
  title: string;
  scope: { pool?: string; settings?: string; member?: string; path?: string; instance?: string };
  failures: number;
  recovered: number;
  confidence: string;
  when?: string;
  mechanism: string;
  evidence: { source: string; fact: string; rows?: string[] }[];
  ruledOut: Rival[];
  rivals: (Rival | string)[];
  fixes: Fix[];
  disprovedBy: string;
};

export type Report = {
  schema: string;
  headline: string;
  window: { from: string; to: string };
  requests: number;
  failures: number;
  recovered: number;
  findings: Finding[];
  steps: { step: string; result: string; detail: string }[];
  undetermined: { failures: number; next?: string; groups?: { failures: number; when?: string; separate?: string; next?: string; rivals?: Rival[] }[] };
  pictures?: { timeline?: { from: string; step: number; requests: number[]; causes: { cause: string; failures: number[] }[] } };
  drawings: Drawings;
  notRead?: string[];
  before?: Followup[];
  notices: { cause: string; fact: string; do: string }[] | null;
  missing: { what: string; why: string; how: string }[] | null;
};

/** Drawings are the pictures of a report, with everything in its place. */
export type Drawings = { timeline: Drawing | null; findings: (Drawing[] | null)[] | null; other: Drawing[] | null; matrix: Matrix | null };

export type Drawing = {
  id: string;
  title: string;
  note: string;
  width: number;
  height: number;
  left: number;
  right: number;
  axisY: number;
  tickY: number;
  panels: { label: string; top: number; grid: { y: number; label: string }[] | null; bars: { x: number; y: number; w: number; h: number; class: string; title: string }[] | null }[];
  ticks: { x: number; label: string; anchor: Anchor; spare: boolean }[] | null;
  axis: string;
  mark: { x: number; label: string; anchor: Anchor; textX: number } | null;
  legend: { class: string; label: string; note: string }[] | null;
  head: string[] | null;
  rows: string[][] | null;
  summary: string;
};

type Anchor = "start" | "middle" | "end";

export type Matrix = { instances: string[]; rows: { member: string; cells: { requests: number; failures: number; rate: string; heat: number }[] }[] };

/** Followup is what a finding of an earlier report has become; expected are failures in this window if the fix works. */
export type Followup = {
  cause: string;
  title: string;
  before: { failures: number; requests: number };
  now: { failures: number; requests: number };
  expected: [number, number];
  result: "worked" | "partly" | "not" | "too-early" | "overlapping";
  why: string;
};

/** Guide is a search for the cause, one question at a time; yes is always the harmless answer. */
export type Guide = {
  steps: { id: string; question: string; why: string; answer: "yes" | "no" | "unknown"; source: string; detail: string; ask: string; then: string[]; actions: Fix[]; causes: string[] }[];
  outcome: string;
  headline?: string;
};

/** Delta is one property that changes; of a list, the children are its elements by index, and of an element its properties. */
export type Delta = { path: string; propertyChangeType: string; before: unknown; after: unknown; children?: Delta[] };

/** Found is something that is wrong with a document, or worth knowing; path is that of the property. */
export type Found = { path: string; code: string; message: string; hint?: string; severity: "error" | "warning" };

/** Validation is what a PUT would find and change. */
export type Validation = { problems: Found[]; changes: Delta[] };

/** Revision is a configuration that was in force; keys are the parts that it changed. */
export type Revision = { revision: number; who?: string; when: string; note?: string; keys?: string[] };

/** Evidence is what was given to be diagnosed; it is deleted when it expires. */
export type Evidence = { id: string; expires: string; files: { name: string; size: number }[] };

/** Explanation is what causeway explain says of one request; took is in seconds. */
export type Explanation = {
  id: string;
  at: string;
  request: string;
  client: string;
  instance?: string;
  listener?: string;
  rule?: string;
  pool?: string;
  settings?: string;
  status: number;
  took: number;
  errorInfo?: string;
  fault?: string;
  attempts: { member: string; server: string; connection: string; phases: { name: string; from: number; took: number }[] | null; status: number; outcome: string }[] | null;
  noted: string[] | null;
  cause?: string;
  title?: string;
  confidence?: string;
  why: string[] | null;
  rivals: Rival[] | null;
  separate?: string;
  next?: string;
  fixes: Fix[] | null;
  missing: string[] | null;
};

/** Several are the failed requests that began at the time that was asked for, in place of an Explanation. */
export type Several = { requests: { pick: string; client: string; request: string; status: number; member?: string }[]; more?: number };

/** Sizing is what causeway capacity computes; a limit of 0 is none. */
export type Sizing = {
  judgement: string;
  advice: { change: string; because: string; commands: Record<string, string>; set?: Setting[] }[] | null;
  loads: { measure: string; source: string; peak: number; high: number; limit: number; unit: string }[];
  assumed: string[] | null;
};

export type Metric = {
  name: { value: string };
  unit: string;
  timeseries: { metadatavalues?: { name: { value: string }; value: string }[]; data: ({ timeStamp: string } & Record<string, number | string>)[] }[];
};

export type ActivityEvent = {
  eventDataId: string;
  level?: string;
  correlationId?: string;
  eventTimestamp: string;
  operationName: { value: string; localizedValue?: string };
  status: { value: string };
  caller?: string;
  resourceId: string;
  description?: string;
  properties?: Record<string, string>;
};
