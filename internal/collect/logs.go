package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

// logPart adds the rows between two times, in halves where one answer does not hold all or takes the API too long. The error is
// one that the rest of the log would meet, too.
func (c *client) logPart(ctx context.Context, b *bundle, id string, from, to time.Time) error {
	text, rows, whole, err := c.queryLogAgain(ctx, id, from, to)
	name := fmt.Sprintf("logs/%s-%d.json", logTable, from.Unix())
	half := to.Sub(from) / 2
	switch half = half.Truncate(time.Second); {
	case isBusy(err) && half < shortest/2:
		b.missing = append(b.missing, fmt.Sprintf("access log from %s to %s: %v", stamp(from), stamp(to), err))
		return nil
	case isBusy(err): // in halves
	case err != nil || rows == 0:
		return err
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

// shortest is the time for which a part of the log is given up where the API is too busy for it.
const shortest = 2 * time.Minute

// isBusy reports whether an API had too much to do for an answer.
func isBusy(err error) bool {
	var refused *answerError
	return errors.As(err, &refused) && slices.Contains([]int{
		http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, refused.status)
}

// tries is how often a busy API is asked for the same part.
const tries = 3

// queryLogAgain is queryLog, again after a pause where the API is busy: it goes on where it stopped.
func (c *client) queryLogAgain(ctx context.Context, id string, from, to time.Time) (text []byte, rows int, whole bool, err error) {
	for try := range tries {
		select {
		case <-ctx.Done():
			return nil, 0, false, ctx.Err()
		case <-time.After(time.Duration(try) * c.pause):
		}
		if text, rows, whole, err = c.queryLog(ctx, id, from, to); !isBusy(err) {
			break
		}
	}
	return text, rows, whole, err
}

// queryLog asks for the rows between two times. whole is false where there are more rows than the answer has.
func (c *client) queryLog(ctx context.Context, id string, from, to time.Time) (text []byte, rows int, whole bool, err error) {
	if err := c.stayIn(ctx); err != nil {
		return nil, 0, false, err
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
	text, unasked, err := c.do(r)
	if err != nil {
		return nil, 0, false, err
	}
	c.unasked = join(c.unasked, unasked)
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
