import { useId } from "react";
import type { Drawing, Matrix } from "./api";
import { Table } from "./parts";

// The pictures of a report. Everything in them was placed by whoever made the report: here they are only written down, so that they show the
// same as the report that is one page.

/** Picture is one of them, with its legend, and with the same as a table. */
export function Picture({ of: d }: { of: Drawing }) {
  const id = useId();
  return (
    <figure className="picture">
      <figcaption>{d.title}</figcaption>
      <div className="plot">
        <svg viewBox={`0 0 ${d.width} ${d.height}`} role="img" aria-labelledby={`${id}t ${id}d`}>
          <title id={`${id}t`}>{d.title}</title>
          <desc id={`${id}d`}>{d.note}</desc>
          <defs>
            <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="5" height="5" className="rule" />
              <rect width="2.5" height="5" className="open" />
            </pattern>
          </defs>
          {d.panels.map((p) => (
            <g key={p.label}>
              <text className="name" x={d.left} y={p.top} dy="-7">
                {p.label}
              </text>
              {(p.grid ?? []).map((g, i) => (
                <g key={g.label}>
                  <line className={i > 0 ? "gridline" : "base"} x1={d.left} x2={d.right} y1={g.y} y2={g.y} />
                  <text x={d.left} y={g.y} dx="-5" dy="3" textAnchor="end">
                    {g.label}
                  </text>
                </g>
              ))}
              {(p.bars ?? []).map((b, i) => (
                <rect key={i} className={b.class} x={b.x} y={b.y} width={b.w} height={b.h}>
                  <title>{b.title}</title>
                </rect>
              ))}
            </g>
          ))}
          {(d.ticks ?? []).map((t, i) => (
            <g key={i}>
              <line className="base" x1={t.x} x2={t.x} y1={d.axisY} y2={d.tickY} />
              <text className={t.spare ? "spare" : undefined} x={t.x} y={d.tickY} dy="10" textAnchor={t.anchor}>
                {t.label}
              </text>
            </g>
          ))}
          <text x={d.right} y={d.height} dy="-2" textAnchor="end">
            {d.axis}
          </text>
          {d.mark && (
            <g>
              <line className="markline" x1={d.mark.x} x2={d.mark.x} y1="16" y2={d.axisY} />
              <text className="marktext" x={d.mark.textX} y="11" textAnchor={d.mark.anchor}>
                {d.mark.label}
              </text>
            </g>
          )}
        </svg>
      </div>
      {d.legend && (
        <ul className="legend">
          {d.legend.map((l) => (
            <li key={l.label}>
              <svg viewBox="0 0 13 13" aria-hidden="true">
                <rect className={l.class} width="13" height="13" rx="2" />
              </svg>
              <span>{l.label}</span>
              <span className="n">{l.note}</span>
            </li>
          ))}
        </ul>
      )}
      {d.rows && (
        <details>
          <summary>{d.summary}</summary>
          <Table name={d.title} columns={d.head ?? []} none="" rows={d.rows.map((cells, i) => ({ key: String(i), cells }))} />
        </details>
      )}
    </figure>
  );
}

/** Failures is where requests failed: a row for each member, a column for each instance. */
export function Failures({ of: m }: { of: Matrix }) {
  return (
    <figure className="picture">
      <figcaption>Failures by member and instance</figcaption>
      <div className="scroll" tabIndex={0} role="region" aria-label="Failures by member and instance">
        <table className="matrix">
          <thead>
            <tr>
              <th scope="col">Member</th>
              {m.instances.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {m.rows.map((row) => (
              <tr key={row.member}>
                <th scope="row">{row.member}</th>
                {row.cells.map((c, i) =>
                  c.requests > 0 ? (
                    <td key={i} className={`h${c.heat}`}>
                      {c.rate}
                      <small>
                        {c.failures} of {c.requests}
                      </small>
                    </td>
                  ) : (
                    <td key={i} className="none">
                      –
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
