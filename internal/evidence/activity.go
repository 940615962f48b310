package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
)

// Activity is one event of the activity log: a user or the platform changed a resource.
type Activity struct {
	At        time.Time
	Operation string // Microsoft.Network/applicationGateways/write
	Status    string // Started, Accepted, Succeeded, Failed; empty: unknown
	Resource  string // resource id
	Caller    string
	ID        string // correlation id: events of one operation share it
}

// maxActivity bounds what is kept: the log holds ninety days, and busy resources have hundreds of events a day.
const maxActivity = 100_000

// isActivity reports whether an array is of the activity log.
func isActivity(data []byte) bool {
	head := data[:min(len(data), 64<<10)]
	return bytes.Contains(head, []byte(`"eventTimestamp"`)) && bytes.Contains(head, []byte(`"operationName"`))
}

// named is a value that az prints as {"value","localizedValue"} and others as plain text.
type named string

func (n *named) UnmarshalJSON(b []byte) error {
	var o struct{ Value string }
	if len(b) > 0 && b[0] == '{' {
		if err := json.Unmarshal(b, &o); err != nil {
			return err
		}
		*n = named(o.Value)
		return nil
	}
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s != nil {
		*n = named(*s)
	}
	return nil
}

// activities reads what az monitor activity-log list and the REST API return.
func (b *Bundle) activities(name string, data []byte) {
	var events []struct {
		EventTimestamp string
		OperationName  named
		Status         named
		ResourceID     string
		Caller         string
		CorrelationID  string
	}
	if err := json.Unmarshal(data, &events); err != nil {
		b.skip(name, 0, "its activity log cannot be read: "+reasonOf(err))
		return
	}
	for _, e := range events {
		if at, ok := accesslog.ParseTime([]byte(e.EventTimestamp)); ok {
			b.addActivity(Activity{at, string(e.OperationName), string(e.Status), e.ResourceID, e.Caller, e.CorrelationID})
		}
	}
	b.sortActivity()
}

// activityOfRow reads a row of the activity log that was exported to storage.
func activityOfRow(row *accesslog.Row) (Activity, bool) {
	at, ok := row.When()
	operation := string(row.Text(accesslog.OperationName))
	if !ok || !strings.Contains(operation, "/") {
		return Activity{}, false
	}
	return Activity{
		At: at, Operation: operation, Status: string(row.Text(accesslog.Result)), Resource: string(row.Text(accesslog.ResourceID)),
		Caller: string(row.Text(accesslog.Caller)), ID: string(row.Text(accesslog.Correlation)),
	}, true
}

func (b *Bundle) addActivity(a Activity) {
	if len(b.Activity) < maxActivity {
		b.Activity = append(b.Activity, a)
	}
}

func (b *Bundle) sortActivity() {
	slices.SortStableFunc(b.Activity, func(x, y Activity) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Operation, y.Operation), cmp.Compare(x.Status, y.Status))
	})
	b.Activity = slices.Compact(b.Activity)
}
