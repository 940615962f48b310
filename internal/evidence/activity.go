package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/activity"
)

// Activity is one event of the activity log: a user or the platform changed a resource.
type Activity struct {
	At        time.Time
	Operation string // Microsoft.Network/applicationGateways/write
	Status    string // Started, Accepted, Succeeded, Failed; empty: unknown
	Resource  string // resource id
	Caller    string
	ID        string // correlation id: events of one operation share it

	Own *activity.Event // what Causeway's own log says beside it; nil: it is not of Causeway's
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

// ownProperties are those of an event of Causeway's management API. Properties of Azure's may be anything.
type ownProperties struct {
	Causeway string // the object `causeway` as text: a property of an event is a string
}

func (p *ownProperties) UnmarshalJSON(b []byte) error {
	var o struct{ Causeway string }
	if json.Unmarshal(b, &o) == nil {
		p.Causeway = o.Causeway
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
		Properties     ownProperties
	}
	if err := json.Unmarshal(data, &events); err != nil {
		b.skip(name, 0, "its activity log cannot be read: "+reasonOf(err))
		return
	}
	for _, e := range events {
		if at, ok := accesslog.ParseTime([]byte(e.EventTimestamp)); ok {
			a := Activity{
				At: at, Operation: string(e.OperationName), Status: string(e.Status), Resource: e.ResourceID, Caller: e.Caller,
				ID: e.CorrelationID,
			}
			a.decodeOwn([]byte(e.Properties.Causeway))
			b.addActivity(a)
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
	a := Activity{
		At: at, Operation: operation, Status: string(row.Text(accesslog.Result)), Resource: string(row.Text(accesslog.ResourceID)),
		Caller: string(row.Text(accesslog.Caller)), ID: string(row.Text(accesslog.Correlation)),
	}
	a.decodeOwn(row.Own())
	return a, true
}

// decodeOwn reads what Causeway's own log says beside the event.
func (a *Activity) decodeOwn(object []byte) {
	e, ok := activity.Decode(object)
	if !ok {
		return
	}
	e.At, e.Resource, e.Caller, e.Correlation, e.Failed = a.At, a.Resource, a.Caller, a.ID, strings.EqualFold(a.Status, "Failed")
	if e.Kind == activity.Beside {
		e.Action = a.Operation
	}
	a.Own = &e
}

func (b *Bundle) addActivity(a Activity) {
	if len(b.Activity) < maxActivity {
		b.Activity = append(b.Activity, a)
	}
}

func (b *Bundle) sortActivity() {
	slices.SortStableFunc(b.Activity, func(x, y Activity) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Operation, y.Operation), cmp.Compare(x.Status, y.Status),
			cmp.Compare(x.instance(), y.instance()))
	})
	b.Activity = slices.CompactFunc(b.Activity, oneEvent)
}

func (a *Activity) instance() string {
	if a.Own == nil {
		return ""
	}
	return a.Own.Instance
}

// oneEvent reports whether two events are one that stands in two places.
func oneEvent(a, b Activity) bool {
	if (a.Own == nil) != (b.Own == nil) || a.Own != nil && *a.Own != *b.Own {
		return false
	}
	a.Own, b.Own = nil, nil
	return a == b
}
