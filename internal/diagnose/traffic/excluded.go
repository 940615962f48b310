package traffic

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/units"
)

// Excluded are records that a diagnosis does not count, and says so: those outside the requested time, and those of
// other gateways than the one under diagnosis. A document is true of its own gateway only.
type Excluded struct {
	Gateway  string         // whose records count; empty: all
	Others   map[string]int // records of other gateways, by name
	Outside  int            // the requested time
	From, To time.Time      // of the records outside
	lastID   string
	lastName string
	Document *gateway.Config // that is used; nil: there is none of the gateway of the records
	Health   *gateway.Health // that is used, likewise
	Notes    []string
}

// takes reports whether a record is counted.
func (l *Excluded) takes(r *accesslog.Record, o Options) bool {
	if r.ResourceID != l.lastID {
		l.lastID, l.lastName = r.ResourceID, GatewayIn(r.ResourceID)
	}
	if l.Gateway != "" && l.lastName != "" && !strings.EqualFold(l.lastName, l.Gateway) {
		if l.Others[l.lastName] > 0 || len(l.Others) < maxGateways {
			l.Others[l.lastName]++
		}
		return false
	}
	if o.holds(r.Start) {
		return true
	}
	if l.Outside++; l.Outside == 1 || r.Start.Before(l.From) {
		l.From = r.Start
	}
	l.To = units.Later(l.To, r.Start)
	return false
}

// GatewayIn is the name of the gateway in a resource id; empty where there is none.
func GatewayIn(id string) string { return partAfter(id, "applicationGateways") }

// Summarise reads the records of the requested gateway, or else of the document's; of all, where there is neither. A
// document and a report of health of another gateway than the records are not used.
func Summarise(b *evidence.Bundle, o Options) (*Summary, error) {
	whose := o.Gateway
	if whose == "" && b.Config != nil {
		whose = b.Config.Name
	}
	use := Excluded{Gateway: whose, Document: b.Config, Health: b.Health}
	if b.Config != nil && b.Config.Name != "" && !strings.EqualFold(b.Config.Name, whose) {
		use.setAside(whose)
	}
	t, err := summariseWith(b, o, use)
	if err == nil && o.Gateway == "" && t.Requests+t.Excluded.Outside == 0 && len(t.Excluded.Others) > 0 {
		use.Gateway = ""
		use.setAside(strings.Join(units.SortedKeys(t.Excluded.Others), ", "))
		t, err = summariseWith(b, o, use)
	}
	return t, err
}

func summariseWith(b *evidence.Bundle, o Options, use Excluded) (*Summary, error) {
	t := NewSummary(use)
	return t, t.Read(b, o)
}

// setAside drops a document, and health of the same gateway, and notes that.
func (l *Excluded) setAside(whose string) {
	name := l.Document.Name
	l.Document = nil
	text := fmt.Sprintf("the gateway document is of %s and the records are of %s: it is not used", name, whose)
	if l.Health != nil && len(l.Health.Pools) > 0 && strings.EqualFold(GatewayIn(l.Health.Pools[0].Pool.ID), name) {
		l.Health = nil
		text += ", nor is its report of health"
	}
	l.Notes = append(l.Notes, text)
}
