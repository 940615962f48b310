package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// logTable is the table with the access log.
const logTable = "AGWAccessLogs"

// accessLog adds the access log to a bundle, a file for each part of the window: an hour, or less where an answer does not hold an
// hour.
func (c *client) accessLog(ctx context.Context, b *bundle, id string, from, to time.Time) {
	for from.Before(to) {
		next := from.Truncate(time.Hour).Add(time.Hour)
		if next.After(to) {
			next = to
		}
		if err := c.logPart(ctx, b, id, from, next); err != nil {
			b.missing = append(b.missing, fmt.Sprintf("access log from %s on: %v", stamp(from), err))
			return
		}
		from = next
	}
}

// logPart adds the rows between two times, in halves where one answer does not hold all.
func (c *client) logPart(ctx context.Context, b *bundle, id string, from, to time.Time) error {
	text, rows, whole, err := c.queryLog(ctx, id, from, to)
	if err != nil || rows == 0 {
		return err
	}
	name := fmt.Sprintf("logs/%s-%d.json", logTable, from.Unix())
	half := to.Sub(from) / 2
	switch half = half.Truncate(time.Second); {
	case whole:
		b.add(name, text)
		return nil
	case half < time.Second: // time stamps have whole seconds
		b.add(name, text)
		b.missing = append(b.missing, fmt.Sprintf("%s: truncated: %d rows of that second came, and there are more", name, rows))
		return nil
	}
	if err := c.logPart(ctx, b, id, from, from.Add(half)); err != nil {
		return err
	}
	return c.logPart(ctx, b, id, from.Add(half), to)
}

// queryLog asks for the rows between two times. whole is false where there are more rows than the answer has.
func (c *client) queryLog(ctx context.Context, id string, from, to time.Time) (text []byte, rows int, whole bool, err error) {
	if c.token != "" && time.Now().After(c.until) {
		if err := c.renew(ctx); err != nil {
			return nil, 0, false, fmt.Errorf("sign in: %w", err)
		}
	}
	query := fmt.Sprintf("%s | where _ResourceId =~ '%s' and TimeGenerated >= datetime(%s) and TimeGenerated < datetime(%s)",
		logTable, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(id), stamp(from), stamp(to))
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return nil, 0, false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/workspaces/causeway/query", bytes.NewReader(body))
	if err != nil {
		return nil, 0, false, err
	}
	r.Header.Set("Content-Type", "application/json")
	if text, err = c.do(r); err != nil {
		return nil, 0, false, err
	}
	var answer struct {
		Tables []struct{ Rows []json.RawMessage }
		Error  json.RawMessage
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, 0, false, fmt.Errorf("read the answer: %w", err)
	}
	if len(answer.Tables) != 1 {
		return nil, 0, false, fmt.Errorf("the answer has %d tables, not one", len(answer.Tables))
	}
	return text, len(answer.Tables[0].Rows), answer.Error == nil, nil
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
