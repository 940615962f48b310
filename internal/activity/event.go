// Package activity is the activity log of a gateway of Causeway's: what the supervisor did and what happened to its instances, one JSON
// object a line. A line has the fields of Azure's activity log as it is exported to storage, with an object `causeway` beside them.
package activity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Kind is what happened.
type Kind string

// The kinds of events.
const (
	Start     Kind = "start"     // the gateway began to serve: the supervisor started, or operationalState went to Running
	Stop      Kind = "stop"      // it stops: a signal to the supervisor, or operationalState
	Delete    Kind = "delete"    // the gateway was deleted
	Configure Kind = "configure" // a configuration was applied
	Scale     Kind = "scale"     // the number of instances changed, or whether it is full: From, To, Full, Need, Why
	Death     Kind = "death"     // an instance ended before it had drained: all fields from ExitCode to Found
	Ready     Kind = "ready"     // an instance serves, a new one or one that replaces another: Restarts, Startup
	CrashLoop Kind = "crashLoop" // an instance died again and again, and the next start waits: Restarts, Backoff
	Orphaned  Kind = "orphaned"  // a supervisor found that the one before it had died: Seen, Found
	Adopt     Kind = "adopt"     // a supervisor took over an instance that it has not started
	Upgrade   Kind = "upgrade"   // a new program or another gateway took over, or went back: Why
	Unheld    Kind = "unheld"    // the budget of an instance is not held: Why
	Beside    Kind = "beside"    // a request to the management API that changes nothing of the gateway: Resource, Action
)

// Event is one of them. Fields that do not belong to its kind are zero.
type Event struct {
	At          time.Time // UTC
	Kind        Kind
	Failed      bool   // what was tried did not succeed
	Resource    string // resource id: of the gateway, unless Kind is Beside
	Action      string // with Beside: operation of Azure's, Microsoft.Network/virtualNetworks/write
	Caller      string // who asked: a user of the system, "autoscaler", "supervisor"; empty: unknown
	Correlation string // events of one operation share it

	Instance    string        // instanceId, as the access log writes it
	Node        string        // of the cluster; else the host name of the machine
	PID         int           // of the instance's process
	ExitCode    int           // of the process that ended; -1: a signal ended it
	Signal      string        // name of that signal: SIGKILL
	OOM         bool          // the kernel ended it, because the memory of its budget or of the machine was used up
	Connections int           // client connections that were open on the instance at its last sign of life; -1: unknown
	Seen        time.Duration // from the last sign of life of the instance, or of the supervisor that died, to At; 0: unknown
	Uptime      time.Duration // of the process that ended, until At
	Draining    bool          // the instance drained when it died: no other takes its place
	Found       bool          // it died while no supervisor ran: At is when one found it
	Startup     time.Duration // from the start of the process to serving
	Restarts    int           // of this instance number so far
	Backoff     time.Duration // until the next start
	From, To    int           // instances before and after
	Full        bool          // more instances are needed than there may be, from now to the next event of this kind
	Need        int           // with Full: instances that the load needs, as far as it shows
	Revision    int64         // of the configuration
	Why         string        // the reason in a sentence
}

// operations are the names by which events go in Azure's field operationName. Only what changes the gateway ends like an operation of
// Azure's: readers take /write, /delete and /action for changes.
var operations = map[Kind]string{
	Start:     "start/action",
	Stop:      "stop/action",
	Configure: "write",
	Delete:    "delete",
	Scale:     "instances/scale/event",
	Death:     "instances/death/event",
	Ready:     "instances/ready/event",
	CrashLoop: "instances/crashLoop/event",
	Orphaned:  "supervisor/death/event",
	Adopt:     "instances/adopt/event",
	Upgrade:   "instances/upgrade/event",
	Unheld:    "instances/unheld/event",
}

const resourceType = "Microsoft.Network/applicationGateways/"

// Operation is the name of the event as an operation of Azure's.
func (e *Event) Operation() string {
	if e.Kind == Beside {
		return e.Action
	}
	return resourceType + operations[e.Kind]
}

// line is an event as it is written.
type line struct {
	Time        string `json:"time"`
	Resource    string `json:"resourceId"`
	Operation   string `json:"operationName"`
	Category    string `json:"category"` // Administrative, Autoscale, ResourceHealth
	Result      string `json:"resultType"`
	Level       string `json:"level"`
	Caller      string `json:"caller,omitempty"`
	Correlation string `json:"correlationId,omitempty"`
	Own         *own   `json:"causeway"`
}

// own is what Azure's fields have no place for. Times are in seconds.
type own struct {
	V           int     `json:"v"`
	Event       Kind    `json:"event"`
	Instance    string  `json:"instance,omitempty"`
	Node        string  `json:"node,omitempty"`
	PID         int     `json:"pid,omitempty"`
	ExitCode    *int    `json:"exitCode,omitempty"`
	Signal      string  `json:"signal,omitempty"`
	OOM         bool    `json:"oom,omitempty"`
	Connections *int    `json:"connections,omitempty"`
	Seen        float64 `json:"seen,omitempty"`
	Uptime      float64 `json:"uptime,omitempty"`
	Draining    bool    `json:"draining,omitempty"`
	Found       bool    `json:"found,omitempty"`
	Startup     float64 `json:"startup,omitempty"`
	Restarts    int     `json:"restarts,omitempty"`
	Backoff     float64 `json:"backoff,omitempty"`
	From        int     `json:"from,omitempty"`
	To          int     `json:"to,omitempty"`
	Full        bool    `json:"full,omitempty"`
	Need        int     `json:"need,omitempty"`
	Revision    int64   `json:"revision,omitempty"`
	Why         string  `json:"why,omitempty"`
}

// version is that of the object `causeway` in the activity log.
const version = 1

// Append writes an event as one line.
func (e *Event) Append(b []byte) []byte {
	v := line{
		Time:        e.At.UTC().Format("2006-01-02T15:04:05.000000Z"),
		Resource:    e.Resource,
		Operation:   e.Operation(),
		Category:    e.Category(),
		Result:      "Succeeded",
		Level:       e.Level(),
		Caller:      e.Caller,
		Correlation: e.Correlation,
		Own:         e.own(),
	}
	if e.Failed {
		v.Result = "Failed"
	}
	return append(append(b, encoded(v)...), '\n')
}

// encoded is JSON in which <, > and & stand as they are: escaped, each takes six bytes.
func encoded(v any) []byte {
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	if to.Encode(v) != nil { // of strings and numbers: there is no error
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Object is the object `causeway` of the event: what Azure's fields have no place for.
func (e *Event) Object() []byte {
	return encoded(e.own())
}

func (e *Event) own() *own {
	o := &own{
		V: version, Event: e.Kind, Instance: e.Instance, Node: e.Node, PID: e.PID, Signal: e.Signal, OOM: e.OOM,
		Seen: seconds(e.Seen), Draining: e.Draining, Found: e.Found,
		Uptime: seconds(e.Uptime), Startup: seconds(e.Startup), Backoff: seconds(e.Backoff),
		Restarts: e.Restarts, From: e.From, To: e.To, Full: e.Full, Need: e.Need, Revision: e.Revision, Why: e.Why,
	}
	if e.Kind == Death {
		if e.Signal == "" {
			o.ExitCode = &e.ExitCode
		}
		if e.Connections >= 0 {
			o.Connections = &e.Connections
		}
	}
	return o
}

// Category is that of the event on Azure.
func (e *Event) Category() string {
	switch e.Kind {
	case Scale:
		return "Autoscale"
	case Death, Ready, CrashLoop, Orphaned, Adopt, Unheld:
		return "ResourceHealth"
	}
	return "Administrative"
}

// Level is how bad the event is: Information, Warning or Error.
func (e *Event) Level() string {
	switch {
	case e.Kind == Death, e.Kind == CrashLoop, e.Kind == Orphaned, e.Failed:
		return "Error"
	case e.Full, e.Kind == Unheld:
		return "Warning"
	}
	return "Information"
}

// Decode reads the object `causeway` of a line of the activity log. The other fields of the event, which are Azure's, are the caller's
// to fill: At, Failed, Resource, Action, Caller, Correlation. ok is false where the object is of something else.
func Decode(object []byte) (e Event, ok bool) {
	var o own
	if json.Unmarshal(object, &o) != nil || operations[o.Event] == "" && o.Event != Beside {
		return e, false
	}
	e = Event{
		Kind: o.Event, Instance: o.Instance, Node: o.Node, PID: o.PID, Signal: o.Signal, OOM: o.OOM,
		Seen: duration(o.Seen), Draining: o.Draining, Found: o.Found,
		Uptime: duration(o.Uptime), Startup: duration(o.Startup), Backoff: duration(o.Backoff),
		Restarts: o.Restarts, From: o.From, To: o.To, Full: o.Full, Need: o.Need, Revision: o.Revision, Why: o.Why,
	}
	switch {
	case o.ExitCode != nil:
		e.ExitCode = *o.ExitCode
	case e.Kind == Death:
		e.ExitCode = -1
	}
	switch {
	case o.Connections != nil:
		e.Connections = *o.Connections
	case e.Kind == Death:
		e.Connections = -1
	}
	return e, true
}

// Text says in a sentence how an instance ended: killed by SIGKILL after 3h0m0s, while it drained.
func (e *Event) Text() string {
	var b strings.Builder
	switch {
	case e.OOM:
		b.WriteString("the kernel killed it because its memory was used up")
	case e.Signal != "":
		b.WriteString("killed by " + e.Signal)
	case e.ExitCode < 0:
		b.WriteString("it ended, and the system does not say how")
	default:
		fmt.Fprintf(&b, "it exited with code %d", e.ExitCode)
	}
	if e.Uptime > 0 && !e.Found {
		fmt.Fprintf(&b, " after %s", e.Uptime.Round(time.Second))
	}
	if e.Why != "" {
		b.WriteString(" because " + e.Why)
	}
	if e.Draining {
		b.WriteString(", while it drained")
	}
	if e.Found {
		b.WriteString(", and a supervisor that started found it dead")
	}
	return b.String()
}

func seconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e6 }

func duration(s float64) time.Duration {
	return time.Duration(s * 1e6 * float64(time.Microsecond)).Round(time.Microsecond)
}
